import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { KeyRow } from './schema.ts';

/*
 * A debt is a key that should be dead and is not known to be (law 5): its revocation failed, or is not done a few seconds after it was
 * due, for whatever reason. One that waits for its second look is none: the first look found no key, and what was lost may still arrive.
 */

export type Owed = Pick<KeyRow, 'state' | 'attempts' | 'revokingAt' | 'proof'>;

const GRACE_MS = 5000;
/** From then on an operator should know of it. */
const OVERDUE_ATTEMPTS = 5;
const OVERDUE_MS = 5 * 60_000;

export function isDebt(key: Owed, now: Date): boolean {
  const since = dueSince(key);
  if (since === undefined || since > now) return false;
  return key.attempts > 0 || now.getTime() - since.getTime() >= GRACE_MS;
}

/** The same as `isDebt`, as a condition on rows of `key`. */
export function debtsAt(now: Date): RawBuilder<SqlBool> {
  const due = sql<Date>`greatest(key.revoking_at, (key.proof->>'secondLookAt')::timestamptz)`;
  const grace = new Date(now.getTime() - GRACE_MS);
  return sql<SqlBool>`(key.state = 'revoking' and ${due} <= ${now} and (key.attempts > 0 or ${due} <= ${grace}))`;
}

export function isOverdue(key: Owed, now: Date): boolean {
  const at = overdueAt(key);
  return at !== undefined && isDebt(key, now) && (key.attempts >= OVERDUE_ATTEMPTS || at <= now);
}

/** When it is overdue whatever happens, except that it is revoked. */
export function overdueAt(key: Owed): Date | undefined {
  const since = dueSince(key);
  return since && new Date(since.getTime() + OVERDUE_MS);
}

function dueSince({ state, revokingAt, proof }: Owed): Date | undefined {
  if (state !== 'revoking' || !revokingAt) return undefined;
  const second = (proof as { secondLookAt?: string } | null)?.secondLookAt;
  return second === undefined ? revokingAt : new Date(Math.max(revokingAt.getTime(), Date.parse(second)));
}
