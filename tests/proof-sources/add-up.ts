import type { Placeholder } from '../../src/reservation/auth-rule.ts';
import { canonical } from '../../src/reservation/canonical.ts';
import { decide } from '../../src/reservation/decide.ts';
import type { Event } from '../../src/reservation/event.ts';
import { emptyReservation, fold } from '../../src/reservation/fold.ts';
import type { Reservation } from '../../src/reservation/reservation.ts';
import type { MappedItem, MappingContext, Source } from '../../src/reservation/source.ts';
import { plan, scopes } from '../fixtures/plan.ts';
import { readBody } from '../../src/sources/body/read.ts';
import { written, type Sent } from './script.ts';

/** A message as it arrived, authentic and parsed. */
export interface Arrival extends MappingContext {
  readonly document: unknown;
}

/** A message that is sent again has the id that it had. */
export function arrivalOf({ auth, mapping, body: rule }: Source, sent: Sent, now: Date): Arrival {
  const { body, headers = {}, path = '' } = written(sent);
  const read = readBody({ rawHeaders: Object.entries(headers).flat(), body }, rule);
  if (!read.ok) throw new Error(read.problem);
  const known = Object.entries(headers).filter(([name]) => mapping.headers.includes(name.toLowerCase()));
  const signs = (what: Placeholder) =>
    auth.kind === 'standard-webhooks' ||
    (auth.kind === 'hmac' && auth.signed.parts.some((part) => 'placeholder' in part && part.placeholder === what));
  const signedId = signs('id') ? `msg_${sent.name}_${sent.at.getTime()}` : undefined;
  return {
    document: read.document,
    now,
    path,
    headers: Object.fromEntries(known),
    signedId,
    sentAt: signs('timestamp') ? sent.at : undefined,
  };
}

/** Maps and folds in the order of arrival; each item once, as the books do it. */
export function addUp(
  { mapping }: Source,
  arrivals: readonly Arrival[],
): { bookings: Map<string, Reservation>; kept: MappedItem[] } {
  const seen = new Set<string>();
  const bookings = new Map<string, Reservation>();
  const kept: MappedItem[] = [];
  for (const { document, ...context } of arrivals) {
    for (const item of mapping.map(document, context)) {
      if (item.outcome === 'quarantined') kept.push(item);
      if (item.outcome !== 'accepted' || seen.has(item.dedupe)) continue;
      seen.add(item.dedupe);
      bookings.set(item.event.reservationId, fold(bookings.get(item.event.reservationId) ?? booking(item.event), item.event));
    }
  }
  return { bookings, kept };
}

function booking({ reservationId }: Event): Reservation {
  return emptyReservation('source', reservationId);
}

/** Who should have a key at that moment, as `holder@resource`. */
export function grantedAt(bookings: ReadonlyMap<string, Reservation>, at: Date): string[] {
  const granted = [...bookings.values()].flatMap((reservation) =>
    (reservation.holders?.value ?? [])
      .filter((holderId) => wants(reservation, holderId, at))
      .map((holderId) => `${holderId}@${reservation.resource?.value.id}`),
  );
  return granted.sort();
}

function wants(reservation: Reservation, holderId: string, at: Date): boolean {
  const resourceId = reservation.resource?.value.id;
  if (resourceId === undefined) return false;
  const lease = {
    holderId,
    resourceId,
    generation: 1,
    overlapUntil: null,
    suspended: false,
    revokedBy: null,
    granted: null,
    former: false,
  };
  const short = { ...plan, window: { ...plan.window, issueBeforeMs: 0 } };
  const powers = { suspend: true, notBefore: true, retime: 'move' } as const;
  return decide({ reservation, lease, keys: [], plan: short, scopes, powers }, at).steps.some(({ do: step }) => step === 'issue');
}

/** All that there is to say about the bookings, as text that can be compared. */
export function allOf(bookings: ReadonlyMap<string, Reservation>): string {
  return canonical([...bookings].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same without what a later copy of an old message rightly changes: which was sent last, and when. */
export function valuesOf(bookings: ReadonlyMap<string, Reservation>): string {
  const lasting = [...bookings].map(([id, { lastType: _last, reply: _reply, ...one }]) => [id, one] as const);
  return allOf(new Map(lasting as [string, Reservation][])).replaceAll(/,?"(version|restated)":\w+/g, '');
}
