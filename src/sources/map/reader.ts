import type { z } from 'zod';
import type { EventType } from '../../reservation/event.ts';
import { Exhausted, spend } from './budget.ts';
import type { Field } from './compile.ts';
import { Id } from './fields.ts';
import type { FieldName } from './schema.ts';
import { isWallTime, withZone } from './time.ts';
import { evaluateField, Unfit, type Evaluation } from './values.ts';

/** Reads the fields of one observation, each by the shape that it must have. */
export interface Reader {
  has(name: FieldName): boolean;
  /** As expressed; null where the rule says nothing or the document has nothing. */
  raw(name: FieldName): unknown;
  needed(name: FieldName): string;
  /** Of an event that closes, what cannot be read is left out. */
  sparing<T extends z.ZodType>(name: FieldName, schema: T): z.output<T> | undefined;
  /** Likewise, of what was read otherwise. */
  checked<T extends z.ZodType>(name: FieldName, value: unknown, schema: T): z.output<T> | undefined;
  /** Likewise; a time that names no zone is in that of the source. */
  instant<T extends z.ZodType>(name: FieldName, schema: T): z.output<T> | undefined;
  /** What is not as the rule needs it. */
  unfit(name: FieldName, value: unknown, reason: string): Unfit;
}

export interface Reading extends Evaluation {
  readonly type: EventType;
  readonly zone: string | undefined;
}

/** An end or a cancellation counts as soon as it is known which booking it is about. */
export function closes(type: EventType): boolean {
  return type === 'ended' || type === 'cancelled';
}

/** What each method cannot read it throws as `Unfit`. */
export function createReader(fields: ReadonlyMap<FieldName, Field>, { type, zone, ...evaluation }: Reading): Reader {
  const spare = closes(type);
  function raw(name: FieldName): unknown {
    const field = fields.get(name);
    if (!field) return null;
    try {
      return evaluateField(field, evaluation);
    } catch (error) {
      if (spare && name !== 'reservationId' && !(error instanceof Exhausted)) return null;
      throw error;
    }
  }
  function unfit(name: FieldName, value: unknown, reason: string): Unfit {
    const { at = name, value: written } = fields.get(name) ?? {};
    return new Unfit({ at, expression: written && 'expression' in written ? written.expression.text : undefined }, reason, value);
  }
  function checked<T extends z.ZodType>(name: FieldName, value: unknown, schema: T): z.output<T> | undefined {
    if (value === null) return undefined;
    // Of a list each element is looked at: people, scopes.
    spend(evaluation.budget, Array.isArray(value) ? SHAPE * (1 + 2 * value.length) : SHAPE);
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    if (spare) return undefined;
    throw unfit(name, value, firstOf(result.error));
  }
  return {
    has: (name) => fields.has(name),
    raw,
    checked,
    unfit,
    needed(name) {
      const value = raw(name);
      if (value === null) throw unfit(name, value, 'is not there');
      const result = Id.safeParse(value);
      if (!result.success) throw unfit(name, value, firstOf(result.error));
      return result.data;
    },
    sparing: (name, schema) => checked(name, raw(name), schema),
    instant: (name, schema) => checked(name, inZone(raw(name), zone), schema),
  };
}

/** To compare a value with a shape takes as long as so many steps. */
const SHAPE = 20;

/** A wall time as an instant, where the source has a zone; anything else as it is. */
export function inZone(value: unknown, zone: string | undefined): unknown {
  if (zone === undefined || typeof value !== 'string' || !isWallTime(value)) return value;
  try {
    return withZone(value, zone);
  } catch {
    // 30 February: refused where it is read.
    return value;
  }
}

export function firstOf({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'cannot be read';
  return issue.path.length === 0 ? issue.message : `at ${issue.path.join('.').slice(0, 100)}: ${issue.message}`;
}
