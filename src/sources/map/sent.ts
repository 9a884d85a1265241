import type { EventType } from '../../reservation/event.ts';
import type { MappedItem } from '../../reservation/source.ts';
import type { About } from './about.ts';
import type { Rule } from './compile.ts';
import { Instant, OptionalInstant } from './fields.ts';
import { closes, firstOf, inZone } from './reader.ts';
import { lookUp, Unfit } from './values.ts';

/** When it was sent, as the document says it. Throws `Unfit`, but not for an end, which then counts as of its arrival. */
export function sentAtOf({ compiled: { sentAt, zone }, ...about }: About, { strict }: Rule, type: EventType): Date | undefined {
  if (!sentAt) return undefined;
  const value = lookUp({ expression: sentAt }, 'sent.at', about);
  const read = (strict ? Instant : OptionalInstant).safeParse(inZone(value, zone));
  if (read.success) return read.data;
  if (closes(type)) return undefined;
  throw new Unfit({ at: 'sent.at', expression: sentAt.text }, firstOf(read.error), value);
}

export function isStale(sentAt: Date | undefined, { context, compiled: { replayWithinMs } }: About): boolean {
  if (!sentAt || replayWithinMs === undefined) return false;
  return Math.abs(context.now.getTime() - sentAt.getTime()) > replayWithinMs;
}

/** A captured request that comes again much later. It is told from a late delivery by nothing, so neither has effect. */
export function stale(item: MappedItem): MappedItem {
  if (item.outcome !== 'accepted') return item;
  return {
    outcome: 'ignored',
    dedupe: `stale:${item.dedupe}`,
    reason: 'sent too long before or after it arrived: a replay has no effect',
    type: item.event.type,
    externalId: item.event.reservationId,
  };
}
