import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';

const SEALED = '$sealed';

/** A handle as it may lie in the ledger: its secrets sealed under the key's id. */
export function sealHandle(handle: unknown, sealer: Sealer, keyId: string): unknown {
  if (handle instanceof Secret) return { [SEALED]: sealer.seal(handle, `handle:${keyId}`) };
  if (Array.isArray(handle)) return handle.map((item) => sealHandle(item, sealer, keyId));
  if (typeof handle !== 'object' || handle === null) return handle;
  return Object.fromEntries(Object.entries(handle).map(([name, value]) => [name, sealHandle(value, sealer, keyId)]));
}

/** The reverse of `sealHandle`. Throws when a secret was tampered with or belongs to another key. */
export function openHandle(stored: unknown, sealer: Sealer, keyId: string): unknown {
  if (Array.isArray(stored)) return stored.map((item) => openHandle(item, sealer, keyId));
  if (typeof stored !== 'object' || stored === null) return stored;
  if (SEALED in stored && typeof stored[SEALED] === 'string') return sealer.open(stored[SEALED], `handle:${keyId}`);
  return Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, openHandle(value, sealer, keyId)]));
}
