import type { Ledger } from '../ledger/database.ts';
import { addSecretUses, forgetSecretUses, type SecretUse } from '../ledger/source-secrets.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Policy } from '../reservation/policy.ts';
import { fingerprintOf } from '../secret/hmac.ts';

/** Which secrets the sources sign with, so that it is seen when an old one is no longer used. */
export interface SecretUses {
  /** Counts; written later, as nobody's acknowledgement waits for it. */
  used(source: string, fingerprint: string): void;
  /** Writes what was counted. Throws when that fails, and the counts stay for the next time. */
  flush(): Promise<void>;
}

export interface SecretUsesParts {
  readonly ledger: Pick<Ledger, 'db'>;
  readonly metrics: Pick<Metrics, 'secretUses' | 'secretLastUsed'>;
  readonly now: () => Date;
}

export function createSecretUses({ ledger, metrics, now }: SecretUsesParts): SecretUses {
  let counted = new Map<string, SecretUse>();

  function add({ source, fingerprint, uses, lastUsedAt }: SecretUse): void {
    const key = `${source} ${fingerprint}`;
    const before = counted.get(key);
    const latest = before && before.lastUsedAt > lastUsedAt ? before.lastUsedAt : lastUsedAt;
    counted.set(key, { source, fingerprint, uses: uses + (before?.uses ?? 0), lastUsedAt: latest });
  }

  return {
    used(source, fingerprint) {
      const at = now();
      add({ source, fingerprint, uses: 1, lastUsedAt: at });
      metrics.secretUses.inc({ source, secret: fingerprint });
      metrics.secretLastUsed.set({ source, secret: fingerprint }, at.getTime() / 1000);
    },
    async flush() {
      const taken = counted;
      counted = new Map();
      try {
        await addSecretUses(ledger.db, [...taken.values()]);
      } catch (error) {
        for (const use of taken.values()) add(use);
        throw error;
      }
    },
  };
}

/** So long a secret is remembered that is taken out of the configuration: it may come back. */
const ENDED_KEPT_MS = 30 * 86_400_000;

/** Forgets secrets that are configured no longer. One that is, is remembered however long it was not used. Answers how many. */
export async function forgetEndedSecrets(
  { db }: Pick<Ledger, 'db'>,
  { sources }: Pick<Policy, 'sources'>,
  now: Date,
): Promise<number> {
  const except = Object.values(sources).flatMap(({ name, secrets }) =>
    secrets.map(({ secret }) => ({ source: name, fingerprint: fingerprintOf(secret) })),
  );
  return await forgetSecretUses(db, { before: new Date(now.getTime() - ENDED_KEPT_MS), except });
}
