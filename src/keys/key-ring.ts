import { importJWK, type CryptoKey, type JWK } from 'jose';
import type { Ledger, Tx } from '../ledger/database.ts';
import {
  addSigningKey,
  endSigning,
  listSigningKeys,
  lockNewestSigningKey,
  publishedSigningKeys,
  retireSigningKeys,
  wipeSigningKeys,
} from '../ledger/signing-keys.ts';
import type { SigningKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { TokenRules } from '../reservation/tokens.ts';
import type { Sealer } from '../secret/seal.ts';
import { makeSigningKey } from './signing-key.ts';

/** How long a copy of the public keys may be used without asking again. */
export const JWKS_AGE_MS = 600_000;
/** So often a node reads which keys there are. */
const READ_MS = 60_000;
/** Before it signs a key is published for so long that every copy has it, whatever node it came from. */
export const LEAD_MS = JWKS_AGE_MS + 5 * READ_MS;
/** What was signed may be on its way into our books for so long. */
const LINGER_MS = 24 * 3_600_000;

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SigningKeyRow['algorithm'];
  readonly issuer: string;
  readonly audience: string | null;
  readonly privateKey: CryptoKey;
}

export interface CheckingKey {
  readonly algorithm: SigningKeyRow['algorithm'];
  readonly issuer: string;
  readonly audience: string | null;
  readonly publicKey: CryptoKey;
}

/** The keys that tokens are signed with, the same on every node. */
export interface KeyRing {
  /** The one that signs now. The first is made when it is asked for. Inside of a transaction the ledger is asked through it. */
  signing(tx?: Tx): Promise<SigningKey>;
  /** Undefined for one that was never there, or of which no token is good any more. */
  checking(kid: string): Promise<CheckingKey | undefined>;
  /** The public keys (RFC 7517): those that sign, will sign, and have signed what is still good. Never empty. */
  published(): Promise<readonly JWK[]>;
  /** All that there were, newest first. */
  list(): Promise<readonly SigningKeyRow[]>;
  /** Has the next key sign as soon as every copy of the public keys has it. Throws a Fault 'conflict' while one waits for that. */
  rotate(actor: string): Promise<{ kid: string; signsFrom: Date }>;
  /** What is due by the clock: the next key, and the end of old ones. */
  look(): Promise<void>;
}

export interface KeyRingOptions {
  readonly ledger: Ledger;
  readonly sealer: Sealer;
  readonly rules: () => TokenRules;
  readonly now: () => Date;
}

interface Held {
  readonly row: SigningKeyRow;
  readonly publicKey: CryptoKey;
  privateKey?: CryptoKey;
}

export function createKeyRing({ ledger, sealer, rules, now }: KeyRingOptions): KeyRing {
  let held: ReadonlyMap<string, Held> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const at = now().getTime();
    held = await heldFrom(await publishedSigningKeys(ledger.db));
    readAt = at;
  }

  async function heldFrom(rows: readonly SigningKeyRow[]): Promise<ReadonlyMap<string, Held>> {
    const next = rows.map(async (row): Promise<[string, Held]> => {
      const known = held.get(row.kid);
      return [row.kid, { row, publicKey: known?.publicKey ?? (await publicKeyOf(row)), privateKey: known?.privateKey }];
    });
    return new Map(await Promise.all(next));
  }

  /** What is known of a minute ago, or better. While the ledger is out of reach: what is known. */
  async function fresh(): Promise<ReadonlyMap<string, Held>> {
    if (isFresh()) return held;
    reading ??= read().finally(() => (reading = undefined));
    await reading.catch((error: unknown) => {
      if (held.size === 0) throw error;
    });
    return held;
  }

  function isFresh(): boolean {
    return Math.abs(now().getTime() - readAt) < READ_MS && held.size > 0;
  }

  async function atLeastOne(): Promise<ReadonlyMap<string, Held>> {
    if ((await fresh()).size > 0) return held;
    await ledger.transact(addFirst);
    // Another node may have been first.
    await read();
    return held;
  }

  async function addFirst(tx: Tx): Promise<void> {
    const { row, privateJwk } = await makeSigningKey(rules(), { now: now(), signsFrom: now() });
    if (!(await addSigningKey(tx.db, { ...row, sealedPrivate: sealer.seal(privateJwk, contextOf(row.kid)) }))) return;
    tx.audit({ actor: 'latchkey', action: 'signing-key.made', subject: row.kid, detail: { algorithm: row.algorithm } });
  }

  /** Nothing is remembered of it: what the transaction adds may never be committed. */
  async function readWithin(tx: Tx): Promise<ReadonlyMap<string, Held>> {
    if ((await publishedSigningKeys(tx.db)).length === 0) await addFirst(tx);
    return await heldFrom(await publishedSigningKeys(tx.db));
  }

  function signingNow(keys: ReadonlyMap<string, Held>): Held {
    const at = now();
    const rows = [...keys.values()];
    const current = rows.find(({ row }) => row.signsFrom <= at && (row.signsUntil === null || row.signsUntil > at));
    // A clock that was set back finds none; then the newest that was ever to sign will do.
    const found = current ?? rows.find(({ row }) => row.sealedPrivate !== null);
    if (!found) throw new Fault('unavailable', 'there is no signing key');
    return found;
  }

  async function replace(actor: string, isDue: (newest: SigningKeyRow) => boolean): Promise<SigningKeyRow | undefined> {
    const signsFrom = new Date(now().getTime() + LEAD_MS);
    const { row, privateJwk } = await makeSigningKey(rules(), { now: now(), signsFrom });
    const made = await ledger.transact(async (tx) => {
      const newest = await lockNewestSigningKey(tx.db);
      if (!newest || !isDue(newest)) return undefined;
      await endSigning(tx.db, newest.kid, signsFrom);
      await addSigningKey(tx.db, { ...row, sealedPrivate: sealer.seal(privateJwk, contextOf(row.kid)) });
      const detail = { algorithm: row.algorithm, after: newest.kid, signsFrom: signsFrom.toISOString() };
      tx.audit({ actor, action: 'signing-key.rotated', subject: row.kid, detail });
      return row;
    });
    await read();
    return made;
  }

  async function retire(): Promise<void> {
    const at = now();
    const before = (ms: number): Date => new Date(at.getTime() - ms);
    await ledger.transact(async (tx) => {
      await wipeSigningKeys(tx.db, before(LEAD_MS));
      for (const kid of await retireSigningKeys(tx.db, { endedBefore: before(LINGER_MS), now: at }))
        tx.audit({ actor: 'latchkey', action: 'signing-key.gone', subject: kid });
    });
  }

  return {
    async signing(tx) {
      const found = signingNow(tx && !isFresh() ? await readWithin(tx) : await atLeastOne());
      found.privateKey ??= await privateKeyOf(found.row, sealer);
      const { kid, algorithm, issuer, audience } = found.row;
      return { kid, algorithm, issuer, audience, privateKey: found.privateKey };
    },
    async checking(kid) {
      const found = (await fresh()).get(kid);
      return found && { ...found.row, publicKey: found.publicKey };
    },
    async published() {
      return [...(await atLeastOne()).values()].map(({ row }) => row.publicJwk);
    },
    list: () => listSigningKeys(ledger.db),
    async rotate(actor) {
      await atLeastOne();
      const at = now();
      const made = await replace(actor, (newest) => newest.signsFrom <= at);
      if (!made) throw new Fault('conflict', 'the next signing key is published already and has not begun to sign');
      return { kid: made.kid, signsFrom: made.signsFrom };
    },
    async look() {
      const newest = [...(await fresh()).values()].find(({ row }) => row.signsUntil === null)?.row;
      if (!newest) return;
      const at = now();
      const isDue = (row: SigningKeyRow) => row.signsFrom <= at && (isOld(row, rules(), at) || isOtherwise(row, rules()));
      if (isDue(newest)) await replace('latchkey', isDue);
      await retire();
    },
  };
}

function isOld({ signsFrom }: SigningKeyRow, { rotateEveryMs }: TokenRules, at: Date): boolean {
  return at.getTime() >= signsFrom.getTime() + rotateEveryMs - LEAD_MS;
}

/** A key signs for one issuer, so that what is configured later takes no token away. */
function isOtherwise({ algorithm, issuer, audience }: SigningKeyRow, rules: TokenRules): boolean {
  return algorithm !== rules.algorithm || issuer !== rules.issuer || audience !== (rules.audience ?? null);
}

function contextOf(kid: string): string {
  return `signing-key:${kid}`;
}

async function publicKeyOf({ publicJwk, algorithm }: SigningKeyRow): Promise<CryptoKey> {
  return (await importJWK(publicJwk as JWK, algorithm)) as CryptoKey;
}

async function privateKeyOf({ kid, algorithm, sealedPrivate }: SigningKeyRow, sealer: Sealer): Promise<CryptoKey> {
  if (sealedPrivate === null) throw new Fault('unavailable', `signing key ${kid} signs no more`);
  const jwk = JSON.parse(sealer.open(sealedPrivate, contextOf(kid)).reveal()) as JWK;
  return (await importJWK(jwk, algorithm)) as CryptoKey;
}
