import type { LeaseStory } from '../ledger/leases.ts';
import type { LeaseState } from '../reservation/lease.ts';
import { REJECTED } from './issue.ts';

/** What became of a rotation: the new key works, it never will, or it is still to come. */
export type Rotated =
  | { readonly state: 'done'; readonly error: null }
  | { readonly state: 'failed'; readonly error: string }
  | { readonly state: 'waiting'; readonly error: string | null };

const OVER: ReadonlySet<LeaseState> = new Set(['revoked', 'refused', 'suspended']);

/** Judges by the ledger, so that it can be asked at any time after the rotation was recorded. Without a generation: the newest. */
export function rotatedTo({ lease, keys }: LeaseStory, generation = newestOf({ lease, keys })): Rotated {
  const made = keys.filter((key) => key.generation >= generation);
  if (made.some((key) => key.activeAt !== null)) return { state: 'done', error: null };
  const refused = made.find((key) => key.revokeReason === REJECTED);
  if (refused) return { state: 'failed', error: refused.lastError ?? REJECTED };
  if (OVER.has(lease.state) || lease.revokedBy)
    return { state: 'failed', error: `the lease is ${lease.state}${lease.reason ? `: ${lease.reason}` : ''}` };
  return { state: 'waiting', error: made.at(-1)?.lastError ?? lease.lastError };
}

function newestOf({ lease, keys }: Pick<LeaseStory, 'lease' | 'keys'>): number {
  return Math.max(lease.generation, ...keys.map((key) => key.generation));
}
