import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from './secret.ts';

export const DIGEST_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
export type DigestAlgorithm = keyof typeof DIGEST_BYTES;

/** HMAC (RFC 2104) over the parts as if they were one message. Strings count as their UTF-8 bytes. */
export function hmacOf(algorithm: DigestAlgorithm, key: Buffer | string, parts: readonly (Buffer | string)[]): Buffer {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** HMAC-SHA256 (RFC 2104) over the parts as if they were one message. Strings count as their UTF-8 bytes. */
export function hmacSha256(key: Buffer | string, ...parts: readonly (Buffer | string)[]): Buffer {
  return hmacOf('sha256', key, parts);
}

/**
 * Tells one configured secret from another where neither may be written. Of 24 bits: of a random secret it says nothing that helps to find it,
 * but whoever sees it can drop nearly all words of a dictionary.
 */
export function fingerprintOf(secret: Secret): string {
  return hmacSha256(secret.reveal(), 'latchkey/fingerprint').toString('hex').slice(0, 6);
}

/** Compares two digests in a time that tells nothing of where they differ. Their length is no secret. */
export function equalDigests(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Of this process only, so that nobody can know what texts digest to. */
const COMPARING = randomBytes(32);

/** Compares two texts in a time that tells neither where they differ nor how long the other is. */
export function equalTexts(a: string, b: string): boolean {
  return equalDigests(hmacSha256(COMPARING, a), hmacSha256(COMPARING, b));
}

/** Reads base64 of exactly `bytes` bytes. Node decodes leniently; here a changed character is never read as the same bytes. */
export function decodeBase64Digest(text: string, bytes: number): Buffer | undefined {
  const digest = Buffer.from(text, 'base64');
  return digest.length === bytes && digest.toString('base64') === text ? digest : undefined;
}

/** Likewise in the alphabet of URLs (RFC 4648 section 5), with or without padding. */
export function decodeBase64UrlDigest(text: string, bytes: number): Buffer | undefined {
  const bare = text.replace(/={1,2}$/u, '');
  const digest = Buffer.from(bare, 'base64url');
  return digest.length === bytes && digest.toString('base64url') === bare ? digest : undefined;
}

/** Reads hex of exactly `bytes` bytes, in either case. */
export function decodeHexDigest(text: string, bytes: number): Buffer | undefined {
  return text.length === 2 * bytes && /^[0-9a-f]+$/iu.test(text) ? Buffer.from(text, 'hex') : undefined;
}
