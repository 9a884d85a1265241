import type { Tx } from '../ledger/database.ts';
import { insertEvents, type Recorded } from '../ledger/events.ts';
import { newId } from '../ledger/ids.ts';
import type { NewEvent } from '../ledger/schema.ts';
import type { Sealer } from '../secret/seal.ts';
import type { MappedItem } from '../reservation/source.ts';
import { sealKept } from './kept.ts';
import { moveReservations, type Mover, type News } from './move.ts';

/** What one authentic request brought. */
export interface Arrival {
  readonly source: string;
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly brought: Brought;
  readonly items: readonly MappedItem[];
}

/** What beside the document it was mapped with, and will be again. */
export interface Brought {
  readonly signedId?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
}

export const STATUSES = ['accepted', 'quarantined', 'duplicate', 'ignored'] as const;
export type Status = (typeof STATUSES)[number];

/** What the sender is told. */
export interface Outcome {
  /** Of several items, the first of STATUSES that one of them has. */
  readonly status: Status;
  readonly eventId: string;
  /** The sender's ids of the bookings it is about. */
  readonly reservations: readonly string[];
}

/** Records requests in this transaction: their events, the reservations they move, and the work that follows. One outcome for each. */
export async function record(
  tx: Tx,
  arrivals: readonly Arrival[],
  { sealer, ...mover }: Mover & { readonly sealer: Sealer },
): Promise<readonly Outcome[]> {
  const drafts = arrivals.map((arrival) => arrival.items.map((item) => ({ item, row: eventRow(arrival, item, sealer) })));
  const all = drafts.flat();
  const recorded = await insertEvents(
    tx.db,
    all.map(({ row }) => row),
  );
  const news = all.flatMap(({ item, row }, index): News[] =>
    item.outcome === 'accepted' && recorded[index]!.fresh ? [{ eventId: row.id, source: row.source, event: item.event }] : [],
  );
  await moveReservations(tx, news, mover);

  let next = 0;
  return drafts.map((own) => {
    const rows = recorded.slice(next, (next += own.length));
    return outcomeOf(
      own.map(({ item }) => item),
      rows,
    );
  });
}

/** The row of an item as it would be if it is new. */
export function eventRow(arrival: Omit<Arrival, 'items'>, item: MappedItem, sealer: Sealer): NewEvent {
  const id = newId('evt');
  const common = {
    id,
    source: arrival.source,
    dedupe: item.dedupe,
    outcome: item.outcome,
    requestId: arrival.requestId,
    receivedAt: arrival.receivedAt,
    lastSeenAt: arrival.receivedAt,
    seen: 1,
    reason: null,
    event: null,
    sealedBody: null,
  };
  if (item.outcome === 'accepted')
    return { ...common, type: item.event.type, externalId: item.event.reservationId, event: item.event };
  const rest = { ...common, reason: item.reason, type: item.type ?? null, externalId: item.externalId ?? null };
  return item.outcome === 'ignored'
    ? rest
    : { ...rest, sealedBody: sealKept(sealer, id, { ...arrival.brought, document: item.document }) };
}

function outcomeOf(items: readonly MappedItem[], recorded: readonly Recorded[]): Outcome {
  const statuses = recorded.map(({ outcome, fresh }): Status => (fresh ? outcome : 'duplicate'));
  const status = STATUSES.find((candidate) => statuses.includes(candidate))!;
  const bookings = items.flatMap((item) => (item.outcome === 'accepted' ? [item.event.reservationId] : (item.externalId ?? [])));
  return { status, eventId: recorded[statuses.indexOf(status)]!.id, reservations: [...new Set(bookings)] };
}
