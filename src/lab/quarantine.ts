import { openKept } from '../intake/kept.ts';
import { mapKept } from '../intake/replay.ts';
import type { EventRow } from '../ledger/schema.ts';
import type { MappedItem, Source } from '../reservation/source.ts';
import type { Secret } from '../secret/secret.ts';
import type { Sealer } from '../secret/seal.ts';
import { byBooking, findBooking, type BookingFinding, type BookingLens } from './bookings.ts';
import type { Memory } from './lab.ts';
import { redactDocument } from './redact.ts';

/** What was kept of a quarantined event, without secrets, and what the configuration of now makes of it. */
export interface QuarantineFinding {
  /** Null where nothing is kept any more. */
  readonly document: unknown;
  /** Those that its mapping read. */
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly items: readonly MappedItem[];
  readonly bookings: readonly BookingFinding[];
  /** A replay would be understood. */
  readonly maps: boolean;
}

/** Changes nothing. Of a source that is not configured any more nothing is made. */
export async function lookIntoQuarantine(
  row: EventRow,
  source: Source | undefined,
  { lens, memory, sealer }: { readonly lens: BookingLens; readonly memory: Memory; readonly sealer: Sealer },
): Promise<QuarantineFinding> {
  const kept = row.sealedBody === null ? undefined : openKept(sealer, row.id, row.sealedBody);
  if (!kept) return { document: null, headers: {}, path: '', items: [], bookings: [], maps: false };
  const items = source ? mapKept(row, kept, source.mapping) : [];
  const events = byBooking(items.flatMap((item) => (item.outcome === 'accepted' ? [item.event] : [])));
  const known = await memory.bookings(row.source, [...events.keys()]);
  return {
    ...withoutSecrets(kept, source?.secrets.map(({ secret }) => secret) ?? []),
    path: kept.path,
    items,
    bookings: [...events].map(([id, own]) => findBooking({ source: row.source, events: own, known: known.get(id) }, lens)),
    maps: items.length > 0 && items.every(({ outcome }) => outcome !== 'quarantined'),
  };
}

function withoutSecrets(
  { document, headers }: { readonly document: unknown; readonly headers: Readonly<Record<string, string>> },
  known: readonly Secret[],
): Pick<QuarantineFinding, 'document' | 'headers'> {
  return {
    document: redactDocument(document, known),
    headers: redactDocument(headers, known) as Record<string, string>,
  };
}
