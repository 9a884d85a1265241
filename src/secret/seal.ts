import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Secret } from './secret.ts';

/** `v1.<key id>.<iv>.<ciphertext and tag>`, each part base64url. */
const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export interface Sealer {
  /**
   * AES-256-GCM (NIST SP 800-38D) under the current master key. `context` says which record the secret belongs to, e.g. `key:<id>`:
   * a sealed value copied into another record does not open there.
   */
  seal(secret: Secret, context: string): string;
  /** Throws when tampered with, moved to another context, or sealed under a master key that is not configured. */
  open(sealed: string, context: string): Secret;
  /** A key for another purpose, e.g. `audit` or `cookie`, from the current master key (HKDF, RFC 5869). */
  derive(purpose: string): Buffer;
  /** The same from the master keys that came before, newest first: for checking what was made under them. */
  deriveOlder(purpose: string): readonly Buffer[];
  /** Which master keys these are, the current one first. Derived one way, so not secret. */
  readonly keyIds: readonly string[];
}

interface SealingKey {
  readonly id: string;
  readonly cipher: Buffer;
}

/** The first master key seals; all of them open. Each is 32 bytes as base64 or hex; throws on anything else. */
export function createSealer(masterKeys: readonly Secret[]): Sealer {
  const masters = masterKeys.map(decode);
  const keys = masters.map(sealingKey);
  const [current] = keys;
  const [master, ...older] = masters;
  if (!current || !master) throw new Error('seal: there is no master key');
  const byId = new Map(keys.toReversed().map((key) => [key.id, key]));
  return {
    seal: (secret, context) => seal(current, secret, context),
    open: (sealed, context) => open(byId, sealed, context),
    derive: (purpose) => derive(master, purpose),
    deriveOlder: (purpose) => older.map((key) => derive(key, purpose)),
    keyIds: keys.map(({ id }) => id),
  };
}

function seal(key: SealingKey, secret: Secret, context: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.cipher, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(key.id, context));
  const text = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [VERSION, key.id, iv.toString('base64url'), text.toString('base64url')].join('.');
}

function open(keys: ReadonlyMap<string, SealingKey>, sealed: string, context: string): Secret {
  const [version, id, iv, text, ...rest] = sealed.split('.');
  if (version !== VERSION || !id || !iv || !text || rest.length > 0) throw new Error(`seal: ${context} is not a sealed value`);
  const key = keys.get(id);
  if (!key)
    throw new Error(`seal: ${context} was sealed under master key ${id}, which is not configured; add it after the current one`);
  const bytes = Buffer.from(text, 'base64url');
  const nonce = Buffer.from(iv, 'base64url');
  // Node decodes leniently: without this, changed trailing bits or characters would open as if untouched.
  if (bytes.toString('base64url') !== text || nonce.toString('base64url') !== iv || nonce.length !== IV_BYTES)
    throw broken(context);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.cipher, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(id, context));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return new Secret(Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8'));
  } catch {
    throw broken(context);
  }
}

function broken(context: string): Error {
  return new Error(`seal: ${context} does not open: it was changed, or belongs to another record`);
}

function boundTo(keyId: string, context: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${context}`, 'utf8');
}

function sealingKey(master: Buffer): SealingKey {
  const cipher = derive(master, 'seal');
  return { id: createHash('sha256').update(derive(master, 'key id')).digest('base64url').slice(0, 8), cipher };
}

function derive(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `latchkey/${purpose}`, KEY_BYTES));
}

function decode(master: Secret): Buffer {
  const text = master.reveal().trim();
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES || (!/^[0-9a-f]{64}$/i.test(text) && !/^[\w+/-]{43}=?$/.test(text)))
    throw new Error('seal: a master key is 32 bytes, as 44 characters of base64 or 64 of hex');
  return bytes;
}
