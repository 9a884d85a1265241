import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Verdict, VerifyRequest } from './verdict.ts';

/** How long a revoked key may live on here, at most: the promise that the name `cacheMs` is held to. */
export const LONGEST_CACHE_MS = 1000;
/** So many good answers are remembered; then the oldest is forgotten. */
const ROOM = 10_000;

export interface MemoryOptions {
  readonly cacheMs: number;
  /** Whether a key with limits may be answered from memory, which does not count against them. */
  readonly approximateLimits: boolean;
  readonly clock: Clock;
}

export interface Memory {
  find(request: VerifyRequest): Verdict | undefined;
  /** `askedAt`: by `clock.elapsed`, before the question was sent. A key revoked since then may have been good when it was answered. */
  keep(request: VerifyRequest, verdict: Verdict, askedAt: number): void;
}

/** What an answer says of a key that nothing is counted against. Anything else in it may be a limit, also one that is not known here yet. */
const UNCOUNTED = new Set(['valid', 'code', 'tokenType', 'keyId', 'project', 'lease', 'holder', 'scopes', 'expiresAt']);

/** Good answers, each for the very same question, for `cacheMs` from when it was asked and never beyond the key's end. Keys are kept as hashes. */
export function createMemory({ cacheMs, approximateLimits, clock }: MemoryOptions): Memory {
  if (!Number.isInteger(cacheMs) || cacheMs < 0 || cacheMs > LONGEST_CACHE_MS)
    throw new RangeError(
      `latchkey: cacheMs must be a whole number from 0 to ${LONGEST_CACHE_MS}, so that a revoked key ends within it`,
    );
  const kept = new Map<string, { verdict: Verdict; until: number }>();
  if (cacheMs === 0) return { find: () => undefined, keep() {} };

  return {
    find(request) {
      const name = nameOf(request);
      const found = kept.get(name);
      if (!found) return undefined;
      const ended = found.verdict.expiresAt && found.verdict.expiresAt.getTime() <= clock.now();
      if (clock.elapsed() < found.until && !ended) return found.verdict;
      kept.delete(name);
      return undefined;
    },
    keep(request, verdict, askedAt) {
      if (!verdict.valid || (!approximateLimits && isCounted(verdict))) return;
      const name = nameOf(request);
      kept.delete(name);
      if (kept.size >= ROOM) kept.delete(kept.keys().next().value!);
      kept.set(name, { verdict, until: askedAt + cacheMs });
    },
  };
}

function isCounted(verdict: Verdict): boolean {
  return Object.entries(verdict).some(([name, value]) => !UNCOUNTED.has(name) && !isNothing(value));
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** The whole question, without the query, which decides nothing. */
function nameOf({ key, method, path, ip, scopes, cost }: VerifyRequest): string {
  const hash = createHash('sha256').update(key).digest('base64');
  return JSON.stringify([hash, method, path?.split('?', 1)[0], ip, scopes, cost]);
}
