import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { headMac, type AuditLink, type ChainMac } from '../ledger/trail.ts';

/** A keyed hash chain: whoever can write the database but has not the key cannot change, drop or reorder a row unseen. */
export interface Chain {
  /** For new rows. */
  readonly mac: ChainMac;
  /** Whether `row` follows `previousMac`, under the current key or an older one. */
  fits(previousMac: string, row: AuditLink & { readonly mac: string }): boolean;
  /** The head that belongs to the last row, or to none at seq 0, under each key that could have made it, the current one first. */
  heads(lastMac: string, seq: number): readonly string[];
}

/** HMAC-SHA256 (RFC 2104) over a canonical form of each row and the head before it. `older` are keys from before a change of master key. */
export function createChain(key: Buffer, older: readonly Buffer[] = []): Chain {
  const macs = [key, ...older].map(macUnder);
  return {
    mac: macs[0]!,
    fits: (previousMac, row) => macs.some((mac) => same(mac(previousMac, row), row.mac)),
    heads: (lastMac, seq) => macs.map((mac) => headMac(mac, lastMac, seq)),
  };
}

function macUnder(bytes: Buffer): ChainMac {
  // Prepared once: preparing it costs more than the hash of a row.
  const key = createSecretKey(bytes);
  return (previousMac, { seq, at, actor, action, subject, detail }) =>
    createHmac('sha256', key)
      .update(canonical([previousMac, seq, at.toISOString(), actor, action, subject, detail]))
      .digest('base64url');
}

/** JSON with the keys of every object in order: jsonb gives them back in an order of its own. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

function same(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
