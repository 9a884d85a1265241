import { createHash } from 'node:crypto';
import { canonical } from '../../reservation/canonical.ts';
import type { Event } from '../../reservation/event.ts';

/** Names content, whatever the order of its members. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(canonical(content)).digest('hex');
}

/**
 * Names what an event says. What changes from one sending to the next is not part of it: `version` (unless it is the source's
 * own `updatedAt`), and `reply`. So a re-stamped copy is the same event, and a real change is another.
 */
export function meaningOf(event: Event, updatedAt: Date | undefined): string {
  const { version: _version, reply: _reply, ...content } = event;
  return `${event.type}:${event.reservationId}:${contentHash({ ...content, updatedAt })}`;
}
