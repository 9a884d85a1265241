import type { Event, Holder, Parameters } from '../../reservation/event.ts';
import type { MappingContext } from '../../reservation/source.ts';
import type { Rule } from './compile.ts';
import { Email, Id, Label, OptionalId, OptionalInstant, StrictEmail, StrictLabel, Truth, Version } from './fields.ts';
import { Holders, StrictHolders } from './holders.ts';
import { contentHash } from './meaning.ts';
import { readParameters, readStatedParameters, StrictParameters } from './parameters.ts';
import { closes, createReader, type Reader, type Reading } from './reader.ts';
import { evaluateField, type Evaluation } from './values.ts';

/** One observation of a booking, read from the fields of a rule. */
export interface Observation {
  readonly event: Event;
  /** The source's own last change, if it named one: part of what the event says. */
  readonly stated: number | undefined;
  readonly dedupe?: string;
  readonly supersedes: readonly string[];
}

export interface Observing extends Reading {
  readonly context: MappingContext;
  /** When it was sent, as far as is known. */
  readonly sentAt: Date | undefined;
}

/** Throws `Unfit` for a field that must be read and cannot. Of an end or a cancellation that is only its booking. */
export function observe(rule: Rule, observing: Observing): Observation {
  const { type, context, sentAt } = observing;
  const read = createReader(rule.fields, observing);
  const reservationId = read.needed('reservationId');
  const version = read.instant('version', Version);
  const restates = read.sparing('restates', Truth);
  return {
    event: {
      type,
      reservationId,
      version: version ?? (sentAt ?? context.now).getTime(),
      restates: (restates && version === undefined) || undefined,
      title: read.sparing('title', rule.strict ? StrictLabel : Label),
      resource: resourceOf(read, rule),
      holders: holdersOf(read, rule),
      startsAt: read.instant('startsAt', OptionalInstant),
      endsAt: read.instant('endsAt', OptionalInstant),
      parameters: parametersOf(read, rule, observing),
      reply: replyOf(read.raw('reply'), context.signedWith),
    },
    stated: version,
    dedupe: dedupeOf(read.raw('dedupe')),
    supersedes: supersededOf(read).filter((id) => id !== reservationId),
  };
}

/** The id of the booking, for a document of which the rest cannot be read. */
export function bookingOf({ fields }: Rule, evaluation: Evaluation): string | undefined {
  const field = fields.get('reservationId');
  try {
    return field && Id.safeParse(evaluateField(field, evaluation)).data;
  } catch {
    // Then that is what cannot be read.
    return undefined;
  }
}

function resourceOf(read: Reader, { strict }: Rule): Event['resource'] {
  const id = read.sparing('resource', OptionalId);
  const label = strict ? StrictLabel : Label;
  const [name, type] = [read.sparing('resourceName', label), read.sparing('resourceType', label)];
  return id === undefined ? undefined : { id, name: name ?? id, type: type ?? '' };
}

function holdersOf(read: Reader, { strict }: Rule): readonly Holder[] | undefined {
  if (read.has('holders')) return read.sparing('holders', strict ? StrictHolders : Holders);
  const id = read.sparing('holderId', OptionalId);
  const email = read.sparing('holderEmail', strict ? StrictEmail : Email);
  const name = read.sparing('holderName', strict ? StrictLabel : Label);
  // A system that knows people by their address only.
  const known = id ?? (read.has('holderId') ? undefined : email);
  return known === undefined ? undefined : [{ id: known, name, email }];
}

function parametersOf(read: Reader, { strict }: Rule, { type, budget }: Observing): Parameters | undefined {
  const single = statedOf(read);
  if (strict) return single ? read.checked('scopes', single, StrictParameters) : read.sparing('parameters', StrictParameters);
  const asked = single ? readStatedParameters(single) : readParameters(read.raw('parameters'), budget);
  // Nothing is asked for in the end, so that an end without parameters says nothing of them.
  return closes(type) && asked && Object.keys(asked).length === 0 ? undefined : asked;
}

const PARAMETERS = ['scopes', 'quota', 'rateLimit', 'expirationHours', 'endpoints'] as const;

/** Those that are fields by themselves, as far as they are stated. */
function statedOf(read: Reader): Record<string, unknown> | undefined {
  const stated = PARAMETERS.flatMap((name) => {
    const value = read.raw(name);
    return value === null ? [] : [[name, value] as const];
  });
  return stated.length === 0 ? undefined : Object.fromEntries(stated);
}

function replyOf(value: unknown, signedWith: string | undefined): Event['reply'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const named: Record<string, string> = {};
  for (const [name, one] of Object.entries(value))
    if (name !== '__proto__' && (typeof one === 'string' || typeof one === 'number')) named[name] = String(one).slice(0, LONGEST);
  if (Object.keys(named).length === 0) return undefined;
  if (signedWith !== undefined) named.signedWith = signedWith;
  return named;
}

const LONGEST = 500;

export function dedupeOf(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return String(value).length <= LONGEST ? String(value) : contentHash(value);
}

/** What cannot be read of it is not left out either: a booking would stay that was replaced. */
function supersededOf(read: Reader): readonly string[] {
  const value = read.raw('supersedes');
  const several = Array.isArray(value) ? value : [value];
  if (several.length > MOST_SUPERSEDED) throw read.unfit('supersedes', value, `must be at most ${MOST_SUPERSEDED}`);
  return several.flatMap((one) => {
    if (one === null || one === '') return [];
    const id = Id.safeParse(one).data;
    if (id === undefined) throw read.unfit('supersedes', one, 'must be the id of a booking, or a list of them');
    return [id];
  });
}

const MOST_SUPERSEDED = 100;
