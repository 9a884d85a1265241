import type { KeyRow } from '../ledger/schema.ts';

const isBeingMade = (key: KeyRow): boolean => key.state === 'intended';
/** A call for it failed, or had to wait. */
const waitsForCall = (key: KeyRow): boolean => key.state === 'active' && key.retryAt !== null;
const isBeingRevoked = (key: KeyRow): boolean => key.state === 'revoking';

/** By act: whether a provider has yet to do with this key what the act asks for. */
export const OWED = {
  revoke: (key) => key.state !== 'revoked',
  // A key that was never handed out does no harm while it is taken back.
  rotate: (key) => isBeingMade(key) || (isBeingRevoked(key) && key.activeAt !== null),
  retime: (key) => isBeingMade(key) || waitsForCall(key),
  suspend: (key) => key.state !== 'revoked' && key.suspendedAt === null,
  resume: (key) => isBeingMade(key) || (key.state === 'active' && key.suspendedAt !== null),
  retry: (key) => isBeingMade(key) || waitsForCall(key) || isBeingRevoked(key),
} as const satisfies Readonly<Record<string, (key: KeyRow) => boolean>>;
