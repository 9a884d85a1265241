import type { Clock } from './clock.ts';
import { VerifyUnavailable } from './unavailable.ts';
import type { RefusalCode } from './verdict.ts';

/** What the list of Latchkey says of tokens that are good by their own word, by their `jti`. Instants are seconds since 1970. */
export interface RevokedList {
  readonly iat: number;
  /** Nobody may go by it any longer. */
  readonly exp: number;
  readonly revoked: ReadonlySet<string>;
  readonly until: ReadonlyMap<string, number>;
  readonly from: ReadonlyMap<string, number>;
}

export interface RevocationsOptions {
  /** Asks for the list and checks who signed it. */
  readonly fetchList: () => Promise<RevokedList>;
  readonly refreshMs: number;
  readonly clock: Clock;
}

export interface Revocations {
  /** Why that token opens nothing now; undefined when the list has nothing against it. Throws `VerifyUnavailable` without a list to go by. */
  refusal(jti: string): Promise<RefusalCode | undefined>;
}

/** So long nobody asks again after a failure. */
const PAUSE_MS = 1000;

interface Held {
  readonly list: RevokedList;
  readonly askedAt: number;
}

/** The list, asked for again when it was `refreshMs` ago. One that cannot be had again is gone by up to the age that it states, never longer. */
export function createRevocations({ fetchList, refreshMs, clock }: RevocationsOptions): Revocations {
  let held: Held | undefined;
  let failure: { at: number; cause: unknown } | undefined;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const askedAt = clock.elapsed();
    try {
      const list = await fetchList();
      // A copy on the way may be older than what we have.
      if (!held || list.iat >= held.list.iat) held = { list, askedAt };
      failure = undefined;
    } catch (cause) {
      failure = { at: askedAt, cause };
    }
  }

  function isDue(): boolean {
    const now = clock.elapsed();
    if (failure && now - failure.at < PAUSE_MS) return false;
    return !held || now - held.askedAt >= refreshMs;
  }

  /** By either clock: that of the machine may be wrong. */
  function isGood({ list: { iat, exp }, askedAt }: Held): boolean {
    return clock.now() < exp * 1000 && clock.elapsed() - askedAt < (exp - iat) * 1000;
  }

  return {
    async refusal(jti) {
      if (isDue()) await (asking ??= ask().finally(() => (asking = undefined)));
      if (!held || !isGood(held))
        throw new VerifyUnavailable('the list of revoked keys is too old to go by', { cause: failure?.cause });
      return refusalIn(held.list, jti, clock.now() / 1000);
    },
  };
}

function refusalIn({ revoked, until, from }: RevokedList, jti: string, now: number): RefusalCode | undefined {
  if (revoked.has(jti)) return 'REVOKED';
  if (now >= (until.get(jti) ?? Number.POSITIVE_INFINITY)) return 'EXPIRED';
  return now < (from.get(jti) ?? Number.NEGATIVE_INFINITY) ? 'NOT_YET_VALID' : undefined;
}
