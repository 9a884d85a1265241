import { compactVerify, type JWTPayload } from 'jose';
import type { CheckingKey, KeyRing } from './key-ring.ts';
import type { KeyRecord } from './record.ts';
import { standing } from './refusals.ts';
import { partsOf, TOKEN_TYP } from './token.ts';

/** So many signatures are remembered; then the oldest is forgotten. */
const ROOM = 50_000;
/** What the header of a token of ours has, and nothing else: no `jku`, no `jwk`, no `x5u`, no `crit`. */
const HEADER = 'alg kid typ';

/** Whose value a token is, by its own word, which is signed. */
export interface TokenSaid {
  readonly jti: string;
  /** Null where every token of its signing key is for the same audience, which it names. */
  readonly project: string | null;
}

/**
 * Reads a token that is signed by one of our keys, with that key's own algorithm, as one of our type, for that key's issuer and audience
 * (RFC 8725); undefined for every other. When it is good is for its record to say. Answers at once for one that was read before: that costs no
 * signature. Throws a Fault 'unavailable' while no signing key was ever read.
 */
export type CheckToken = (text: string, hash: string) => TokenSaid | Promise<TokenSaid | undefined>;

export function createTokenCheck({ ring }: { ring: Pick<KeyRing, 'checking'> }): CheckToken {
  /** By hash, oldest first. */
  const known = new Map<string, TokenSaid>();

  async function read(text: string): Promise<TokenSaid | undefined> {
    const parts = partsOf(text);
    const { kid } = parts?.header ?? {};
    // What the header brings along is not even looked at; a token of ours has nothing of the kind.
    if (!parts || !kid || Object.keys(parts.header).toSorted().join(' ') !== HEADER) return undefined;
    const key = await ring.checking(kid);
    if (!key || parts.header.typ !== TOKEN_TYP || !(await isSigned(text, key))) return undefined;
    return saidBy(parts.claims, key);
  }

  return (text, hash) => {
    const before = known.get(hash);
    if (before) return before;
    return read(text).then((said) => {
      if (!said) return undefined;
      if (known.size >= ROOM) known.delete(known.keys().next().value!);
      known.set(hash, said);
      return said;
    });
  };
}

/**
 * Whether a value that is known by its hash is proved to be what it says, as tokens must be; others are by being known. One that is over needs
 * no proof that it once was good.
 */
export function createProof({ checkToken, now }: { checkToken: CheckToken | undefined; now: () => Date }) {
  return (record: KeyRecord, value: string): true | Promise<boolean> => {
    if (!record.isToken || standing(record, now().getTime())) return true;
    const said = checkToken?.(value, record.hash);
    if (said && !(said instanceof Promise) && isValueOf(said, record)) return true;
    return Promise.resolve(said).then((late) => late !== undefined && isValueOf(late, record));
  };
}

/** Whether this is the value of that key. */
function isValueOf({ jti, project }: TokenSaid, record: Pick<KeyRecord, 'id' | 'project'>): boolean {
  return jti === record.id && (project === null || project === record.project);
}

async function isSigned(text: string, { publicKey, algorithm }: CheckingKey): Promise<boolean> {
  return await compactVerify(text, publicKey, { algorithms: [algorithm] }).then(
    () => true,
    () => false,
  );
}

function saidBy({ iss, aud, jti, sub, nbf, exp }: JWTPayload, { issuer, audience }: CheckingKey): TokenSaid | undefined {
  if (iss !== issuer || typeof jti !== 'string' || typeof sub !== 'string') return undefined;
  if (typeof nbf !== 'number' || typeof exp !== 'number' || typeof aud !== 'string') return undefined;
  if (audience !== null && aud !== audience) return undefined;
  return { jti, project: audience === null ? aud : null };
}
