import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { Secret } from '../secret/secret.ts';

const PREFIX = 'lko_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 43;

/** A new operator token: `lko_` and 43 characters of base62, 256 bits. Only its hash is kept. */
export function mintToken(): Secret {
  return new Secret(PREFIX + Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''));
}

/** SHA-256, hex: enough for a token that nobody can guess. */
export function hashToken(token: Secret): string {
  return createHash('sha256').update(token.reveal(), 'utf8').digest('hex');
}

/** Compares two hashes in a time that says nothing about them. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
