import { createPrivateKey, createPublicKey, sign as signEd25519, verify as verifyEd25519, type KeyObject } from 'node:crypto';
import { decodeBase64Digest, equalDigests, hmacSha256 } from './hmac.ts';
import type { Secret } from './secret.ts';

/**
 * Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks), both ways: `v1` is HMAC-SHA256 under a `whsec_`
 * secret, `v1a` is ed25519 under a `whsk_` / `whpk_` pair. What is signed is `id.timestamp.body`, byte for byte.
 */
export const TOLERANCE_MS = 300_000;

export interface SignedMessage {
  readonly id: string;
  /** As received: whole seconds since 1970. */
  readonly timestamp: string;
  /** A list of `version,base64`, separated by spaces. One good one is enough. */
  readonly signature: string;
  readonly body: Buffer;
}

export type Verification =
  | { readonly ok: true; readonly sentAt: Date; readonly secretIndex: number }
  | { readonly ok: false; readonly reason: string };

export interface WebhookHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/** True for a secret that can verify or sign; for checking a configuration. */
export function isWebhookSecret(secret: Secret): boolean {
  return keyOf(secret) !== undefined;
}

/** Signs with every secret, so that a receiver in the middle of a rotation finds the one it knows. Throws on an unusable id or secret. */
export function signMessage(
  message: { readonly id: string; readonly sentAt: Date; readonly body: Buffer },
  secrets: readonly Secret[],
): WebhookHeaders {
  if (!isMessageId(message.id)) throw new Error('standard webhooks: a message id has 1 to 200 printable characters and no dot');
  const timestamp = String(Math.floor(message.sentAt.getTime() / 1000));
  const signatures = secrets.map((secret) => signWith(keyOf(secret), signedPart(message.id, timestamp, message.body)));
  if (signatures.length === 0) throw new Error('standard webhooks: there is no secret to sign with');
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/** Checks age (300 s either way, the bounds included) and signature, with every secret in turn. Never throws. */
export function verifyMessage(message: SignedMessage, secrets: readonly Secret[], now: Date): Verification {
  if (!isMessageId(message.id)) return { ok: false, reason: 'the message id is empty, too long or contains a dot' };
  // A dot in either part would let one signed message be read as another.
  if (!/^\d{1,11}$/u.test(message.timestamp)) return { ok: false, reason: 'the timestamp is not whole seconds since 1970' };
  const sentAt = new Date(Number(message.timestamp) * 1000);
  const age = Math.floor(now.getTime() / 1000) * 1000 - sentAt.getTime();
  if (Math.abs(age) > TOLERANCE_MS) return { ok: false, reason: 'the timestamp is more than five minutes off' };

  const candidates = message.signature.split(' ');
  const signed = signedPart(message.id, message.timestamp, message.body);
  const secretIndex = secrets.findIndex((secret) => anyMatches(keyOf(secret), candidates, signed));
  return secretIndex === -1 ? { ok: false, reason: 'no signature matches' } : { ok: true, sentAt, secretIndex };
}

type Key = { readonly version: 'v1'; readonly secret: Buffer } | { readonly version: 'v1a'; readonly key: KeyObject };

const MOST_SIGNATURES = 16;
// DER in front of a raw ed25519 key (RFC 8410).
const PRIVATE_KEY_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

function anyMatches(key: Key | undefined, candidates: readonly string[], signed: Buffer): boolean {
  if (!key) return false;
  const prefix = `${key.version},`;
  const own = candidates.filter((candidate) => candidate.startsWith(prefix)).slice(0, MOST_SIGNATURES);
  return own.some((candidate) => matches(key, candidate.slice(prefix.length), signed));
}

function matches(key: Key, text: string, signed: Buffer): boolean {
  const digest = decodeBase64Digest(text, key.version === 'v1' ? 32 : 64);
  if (!digest) return false;
  if (key.version === 'v1') return equalDigests(digest, hmacSha256(key.secret, signed));
  const publicKey = key.key.type === 'private' ? createPublicKey(key.key) : key.key;
  return verifyEd25519(null, signed, publicKey, digest);
}

function signWith(key: Key | undefined, signed: Buffer): string {
  if (key?.version === 'v1') return `v1,${hmacSha256(key.secret, signed).toString('base64')}`;
  if (key?.key.type === 'private') return `v1a,${signEd25519(null, signed, key.key).toString('base64')}`;
  throw new Error('standard webhooks: a signing secret is whsec_ or whsk_ and base64');
}

function signedPart(id: string, timestamp: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`, 'utf8'), body]);
}

function isMessageId(id: string): boolean {
  return /^[\x21-\x2d\x2f-\x7e]{1,200}$/u.test(id);
}

/** Undefined for anything that is not a usable secret. The prefix may be missing, and so may the base64 padding. */
function keyOf(secret: Secret): Key | undefined {
  const text = secret.reveal();
  if (text.startsWith('whpk_')) return ed25519(text.slice(5), 'public');
  if (text.startsWith('whsk_')) return ed25519(text.slice(5), 'private');
  const bytes = decodeSecret(text.startsWith('whsec_') ? text.slice(6) : text);
  return bytes && { version: 'v1', secret: bytes };
}

function ed25519(text: string, type: 'public' | 'private'): Key | undefined {
  const bytes = decodeSecret(text);
  if (!bytes) return undefined;
  if (type === 'public') {
    if (bytes.length !== 32) return undefined;
    return {
      version: 'v1a',
      key: createPublicKey({ key: Buffer.concat([PUBLIC_KEY_HEAD, bytes]), format: 'der', type: 'spki' }),
    };
  }
  // A private key travels as its 32-byte seed, or as seed and public key together (64 bytes).
  if (bytes.length !== 32 && bytes.length !== 64) return undefined;
  const der = Buffer.concat([PRIVATE_KEY_HEAD, bytes.subarray(0, 32)]);
  return { version: 'v1a', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}

function decodeSecret(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/u.test(text) ? Buffer.from(text, 'base64') : undefined;
}
