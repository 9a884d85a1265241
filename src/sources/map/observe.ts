import type { z } from 'zod';
import type { Event, EventType, Holder, Parameters } from '../../reservation/event.ts';
import type { MappingContext } from '../../reservation/source.ts';
import type { Field } from './compile.ts';
import { Email, Id, Label, OptionalId, OptionalInstant, StrictEmail, StrictLabel, Truth, Version } from './fields.ts';
import { Holders, StrictHolders } from './holders.ts';
import { readParameters, readStatedParameters, StrictParameters } from './parameters.ts';
import type { FieldName } from './schema.ts';
import { evaluateField, shown, Unfit, type Evaluation } from './values.ts';

/** One observation of a booking, read from the fields of a rule. */
export interface Observation {
  readonly event: Event;
  /** The source's own last change, if it named one: part of what the event says. */
  readonly stated: number | undefined;
  readonly dedupe?: string;
  readonly supersedes: readonly string[];
}

export interface Observing extends Evaluation {
  readonly type: EventType;
  readonly context: MappingContext;
  /** When it was sent, as far as is known. */
  readonly sentAt: Date | undefined;
  /** Nothing is dropped that cannot be read. */
  readonly strict: boolean;
}

/** Throws `Unfit` for a field that must be read and cannot. Of an end or a cancellation that is only its booking. */
export function observe(fields: readonly Field[], observing: Observing): Observation {
  const { type, context, sentAt, strict } = observing;
  const label = strict ? StrictLabel : Label;
  const read = createReader(fields, observing);
  const reservationId = read.needed('reservationId');
  const resourceId = read.sparing('resource', OptionalId);
  const version = read.sparing('version', Version);
  const restates = read.sparing('restates', Truth);
  return {
    event: {
      type,
      reservationId,
      version: version ?? (sentAt ?? context.now).getTime(),
      restates: (restates && version === undefined) || undefined,
      title: read.sparing('title', label),
      resource:
        resourceId === undefined
          ? undefined
          : {
              id: resourceId,
              name: read.sparing('resourceName', label) ?? resourceId,
              type: read.sparing('resourceType', label) ?? '',
            },
      holders: holdersOf(read, observing),
      startsAt: read.sparing('startsAt', OptionalInstant),
      endsAt: read.sparing('endsAt', OptionalInstant),
      parameters: parametersOf(read, observing),
      reply: replyOf(read.raw('reply'), context.signedWith),
    },
    stated: version,
    dedupe: dedupeOf(read.raw('dedupe')),
    supersedes: supersededOf(read).filter((id) => id !== reservationId),
  };
}

/** An end or a cancellation counts as soon as it is known which booking it is about. */
export function closes(type: EventType): boolean {
  return type === 'ended' || type === 'cancelled';
}

/** The id of the booking, for a document of which the rest cannot be read. */
export function bookingOf(fields: readonly Field[], evaluation: Evaluation): string | undefined {
  const field = fields.find(({ name }) => name === 'reservationId');
  try {
    return field && Id.safeParse(evaluateField(field, evaluation)).data;
  } catch {
    // Then that is what cannot be read.
    return undefined;
  }
}

interface Reader {
  has(name: FieldName): boolean;
  /** As expressed; null where the rule says nothing or the document has nothing. */
  raw(name: FieldName): unknown;
  needed(name: FieldName): string;
  /** Of an event that closes, what cannot be read is left out. */
  sparing<T extends z.ZodType>(name: FieldName, schema: T): z.output<T> | undefined;
  /** What is not as the rule needs it. */
  unfit(name: FieldName, value: unknown, reason: string): Unfit;
}

function createReader(fields: readonly Field[], { type, ...evaluation }: Observing): Reader {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const spare = closes(type);
  function raw(name: FieldName): unknown {
    const field = byName.get(name);
    if (!field) return null;
    try {
      return evaluateField(field, evaluation);
    } catch (error) {
      if (spare && name !== 'reservationId') return null;
      throw error;
    }
  }
  function unfit(name: FieldName, value: unknown, reason: string): Unfit {
    const field = byName.get(name);
    const expression = field && 'expression' in field.value ? field.value.expression.text : undefined;
    return new Unfit({ at: field?.at ?? name, expression, value: value === null ? undefined : shown(value), reason });
  }
  return {
    has: (name) => byName.has(name),
    raw,
    unfit,
    needed(name) {
      const value = raw(name);
      if (value === null) throw unfit(name, value, 'is not there');
      const read = Id.safeParse(value);
      if (!read.success) throw unfit(name, value, firstOf(read.error));
      return read.data;
    },
    sparing(name, schema) {
      const value = raw(name);
      if (value === null) return undefined;
      const read = schema.safeParse(value);
      if (read.success) return read.data;
      if (spare) return undefined;
      throw unfit(name, value, firstOf(read.error));
    },
  };
}

function firstOf({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'cannot be read';
  return issue.path.length === 0 ? issue.message : `at ${issue.path.join('.').slice(0, 100)}: ${issue.message}`;
}

function holdersOf(read: Reader, { strict }: Observing): readonly Holder[] | undefined {
  if (read.has('holders')) return read.sparing('holders', strict ? StrictHolders : Holders);
  const id = read.sparing('holderId', OptionalId);
  const email = read.sparing('holderEmail', strict ? StrictEmail : Email);
  const name = read.sparing('holderName', strict ? StrictLabel : Label);
  // A system that knows people by their address only.
  const known = id ?? (read.has('holderId') ? undefined : email);
  return known === undefined ? undefined : [{ id: known, name, email }];
}

const PARAMETERS = ['scopes', 'quota', 'rateLimit', 'expirationHours', 'endpoints'] as const;

function parametersOf(read: Reader, { type, strict }: Observing): Parameters | undefined {
  const asked = strict ? read.sparing('parameters', StrictParameters) : askedOf(read);
  // Nothing is asked for in the end, so that an end without parameters says nothing of them.
  return closes(type) && asked && Object.keys(asked).length === 0 ? undefined : asked;
}

function askedOf(read: Reader): Parameters | undefined {
  const single = PARAMETERS.filter((name) => read.has(name));
  if (single.length === 0) return readParameters(read.raw('parameters'));
  return readStatedParameters(Object.fromEntries(single.map((name) => [name, read.raw(name)])));
}

function replyOf(value: unknown, signedWith: string | undefined): Event['reply'] {
  const known = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const named = known.flatMap(([name, one]): [string, string][] =>
    typeof one === 'string' || typeof one === 'number' ? [[name, String(one)]] : [],
  );
  if (named.length === 0) return undefined;
  return Object.fromEntries(signedWith === undefined ? named : [...named, ['signedWith', signedWith]]);
}

function dedupeOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 500) : undefined;
}

function supersededOf(read: Reader): readonly string[] {
  const value = read.raw('supersedes');
  const several = Array.isArray(value) ? value : [value];
  return several.flatMap((one) => {
    const id = one === null ? undefined : Id.safeParse(one).data;
    if (one !== null && id === undefined) throw read.unfit('supersedes', one, 'must be the id of a booking, or a list of them');
    return id === undefined ? [] : [id];
  });
}
