import { hash, randomBytes } from 'node:crypto';
import type { KeyForm } from '../../providers/driver.ts';
import { Secret } from '../secret/secret.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 27 base62 characters are 160.7 bits. */
const RANDOM_CHARS = 27;
const CHECKSUM_CHARS = 6;
const PREFIX = /^[a-z][a-z0-9_]{0,15}$/;
const LEAD = /^[a-z-]{0,8}$/;
const KEY = /^[a-z-]{0,8}[a-z][a-z0-9_]{0,15}_?[0-9A-Za-z]{33}$/;
const LONGEST = 8 + 16 + 1 + RANDOM_CHARS + CHECKSUM_CHARS;

/**
 * A new key `{prefix}_{random}{checksum}`: 27 unbiased base62 characters from the CSPRNG (over 160 bits), then the CRC32 of everything
 * before it in 6 base62 digits. After GitHub's token format: a prefix that scanners find, a checksum that tells a typo from a key offline.
 * Throws a RangeError for a prefix outside `[a-z][a-z0-9_]{0,15}`. Where a provider allows no such value, `form` says which it allows: a prefix
 * then goes without what is neither letter nor digit.
 */
export function mintKey(prefix: string, { lead = '', joint = '_' }: KeyForm = {}): Secret {
  if (!PREFIX.test(prefix)) throw new RangeError('A key prefix is a lower-case letter and up to 15 of a-z, 0-9 and _.');
  if (!LEAD.test(lead)) throw new RangeError('What stands before the prefix is up to 8 of a-z and -.');
  const body = lead + (joint ? `${prefix}${joint}` : prefix.replaceAll('_', '')) + randomText(RANDOM_CHARS);
  return new Secret(body + checksum(body));
}

/** Whether the text can be one of our keys. Offline; a stranger's guess passes one time in 2^32. */
export function checkKey(text: string): boolean {
  if (text.length > LONGEST || !KEY.test(text)) return false;
  const end = text.length - CHECKSUM_CHARS;
  let rest = crc32(text, end);
  for (let at = text.length - 1; at >= end; at -= 1) {
    if (text.charCodeAt(at) !== ALPHABET.charCodeAt(rest % 62)) return false;
    rest = Math.floor(rest / 62);
  }
  return true;
}

/** SHA-256 in hex. A fast hash is right here: keys are random, not chosen by people. */
export function hashKey(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * What people may see of a key, e.g. `temp_…x7Qa`: our prefix where it is our key, and the last four characters of a long enough value.
 * It leaves over 130 unknown bits.
 */
export function hintOf(secret: Secret): string {
  const text = secret.reveal();
  const prefix = checkKey(text) ? text.slice(0, -(RANDOM_CHARS + CHECKSUM_CHARS)) : '';
  return `${prefix}…${text.length >= 16 ? text.slice(-4) : ''}`;
}

function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 62 in a byte: taking the rest too would favour the first eight characters.
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
}

function checksum(body: string): string {
  let rest = crc32(body, body.length);
  let text = '';
  for (let digit = 0; digit < CHECKSUM_CHARS; digit++) {
    text = ALPHABET[rest % 62] + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 as in zlib (ISO 3309), of the first `end` characters, which are ASCII. Faster for a key than to hand it to zlib. */
function crc32(text: string, end: number): number {
  let crc = -1;
  for (let at = 0; at < end; at += 1) crc = CRC_TABLE[(crc ^ text.charCodeAt(at)) & 0xff]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
