import type { Tx } from '../ledger/database.ts';
import { changeEvent, insertEvents, lockEvent } from '../ledger/events.ts';
import type { EventRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Sealer } from '../secret/seal.ts';
import type { MappedItem, Mapping } from '../reservation/source.ts';
import { openKept, type Kept } from './kept.ts';
import { moveReservations, type Mover, type News } from './move.ts';
import { eventRow, type Brought, type Outcome } from './record.ts';
import { UNITS_OF_A_DOCUMENT } from '../sources/map/budget.ts';

export interface Replayer extends Mover {
  readonly sealer: Sealer;
  readonly mappingOf: (source: string) => Mapping;
}

/**
 * Maps a quarantined event again. It was authentic when it came, and is mapped as of then, so neither signature nor age is
 * asked again. The first observation in it takes over its row; should it have become several, the others get rows of their own.
 */
export async function replayEvent(
  tx: Tx,
  { eventId, actor }: { eventId: string; actor: string },
  replayer: Replayer,
): Promise<Outcome> {
  const row = await lockEvent(tx.db, eventId);
  if (!row) throw new Fault('not_found', `there is no event "${eventId.slice(0, 100)}"`);
  if (row.outcome !== 'quarantined')
    throw new Fault('conflict', `only a quarantined event can be replayed; this one is ${row.outcome}`);
  if (row.sealedBody === null) throw new Fault('conflict', 'what was kept of it has had its time; it must be sent again');
  const { items, brought } = mapAgain(row, replayer);
  const own = items.find((item) => item.outcome === 'accepted') ?? items.find((item) => item.outcome === 'ignored') ?? items[0]!;
  await takeOver(tx, row, own);
  const rest = items
    .filter((item) => item !== own)
    .map((item) => ({ item, row: eventRow({ ...row, brought }, item, replayer.sealer) }));
  const recorded = await insertEvents(
    tx.db,
    rest.map((one) => one.row),
  );
  const fresh = rest.filter((_, index) => recorded[index]!.fresh).map((one) => ({ item: one.item, eventId: one.row.id }));
  const news = [{ item: own, eventId: row.id }, ...fresh].flatMap(({ item, eventId }): News[] =>
    item.outcome === 'accepted' ? [{ eventId, source: row.source, event: item.event }] : [],
  );
  await moveReservations(tx, news, replayer);
  tx.audit({ actor, action: 'event.replayed', subject: row.id, detail: { outcome: own.outcome } });
  return { status: own.outcome, eventId: row.id, reservations: [...new Set(news.map(({ event }) => event.reservationId))] };
}

function mapAgain(row: EventRow, { sealer, mappingOf }: Replayer): { items: readonly MappedItem[]; brought: Brought } {
  const kept = openKept(sealer, row.id, row.sealedBody!);
  if (!kept) throw new Fault('conflict', 'what was kept cannot be read');
  const { document: _, signedId = namedIn(row), ...brought } = kept;
  return { items: mapKept(row, kept, mappingOf(row.source)), brought: { signedId, ...brought } };
}

/** Somebody asked for it and waits: a message that was too much while others waited may take ten times as long. */
const UNITS = 10 * UNITS_OF_A_DOCUMENT;

/** What a mapping makes of a quarantined event, as of when it came. */
export function mapKept(row: Pick<EventRow, 'dedupe' | 'receivedAt'>, kept: Kept, mapping: Mapping): readonly MappedItem[] {
  const { document, signedId = namedIn(row), ...brought } = kept;
  return mapping.map(document, { now: row.receivedAt, signedId, units: UNITS, ...brought });
}

/** Events of version 0.1 have their signed id in their name only. */
function namedIn({ dedupe }: Pick<EventRow, 'dedupe'>): string | undefined {
  return dedupe.startsWith('id:') ? dedupe.slice('id:'.length) : undefined;
}

async function takeOver(tx: Tx, row: EventRow, item: MappedItem): Promise<void> {
  if (item.outcome === 'quarantined') return await changeEvent(tx.db, row.id, { reason: item.reason });
  const about =
    item.outcome === 'accepted'
      ? { type: item.event.type, externalId: item.event.reservationId, event: JSON.stringify(item.event), reason: null }
      : { reason: item.reason };
  await changeEvent(tx.db, row.id, { ...about, outcome: item.outcome, sealedBody: null });
}
