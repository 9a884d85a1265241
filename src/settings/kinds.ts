import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { parseRate } from '../reservation/limits.ts';
import { Secret } from '../secret/secret.ts';

/** What an environment variable can hold. Every message says what would be right, and none repeats the value. */

export const text = reads((value) => value, 'text');

export const port = reads((value) => whole(value, 0, 65_535), 'a TCP port: a number from 0 to 65535 (0 takes any free one)');

export const count = reads((value) => whole(value, 1, Number.MAX_SAFE_INTEGER), 'a whole number above 0, such as 1000');

/** Seconds outside, milliseconds inside. */
export const seconds = reads((value) => {
  const ms = /^\d+(\.\d+)?$/.test(value) ? Math.round(Number(value) * 1000) : 0;
  return ms > 0 && ms <= 600_000 ? ms : undefined;
}, 'a number of seconds above 0 and up to 600, such as 30');

/** Days outside, milliseconds inside. */
export const days = reads((value) => {
  const count = whole(value, 1, 400);
  return count === undefined ? undefined : count * 86_400_000;
}, 'a whole number of days from 1 to 400, such as 14');

export const flag = reads((value) => FLAGS.get(value.toLowerCase()), '1 or 0');

export const rate = reads(parseRate, 'a count and a period, such as 100/hour (second, minute, hour, day or month)');

export const nodeEnv = reads(
  (value) => NODE_ENVS.find((known) => known === value.toLowerCase()),
  'production, development or test',
);

export const level = reads((value) => LEVELS.get(value.toLowerCase()), 'one of debug, info, warn and error');

/** Without a slash at its end, so that paths can be added. */
export const httpUrl = reads(readHttpUrl, 'a URL that begins with http:// or https:// and holds no user or password');

export const publicUrl = reads(
  (value) => (/[?#]/.test(value) ? undefined : readHttpUrl(value)),
  'the URL people reach this service by, such as https://keys.example.org, with no user, query or fragment',
);

export const postgresUrl = secretUrl(
  ['postgres:', 'postgresql:'],
  'a PostgreSQL URL, such as postgresql://user:password@host:5432/latchkey',
);
export const redisUrl = secretUrl(['redis:', 'rediss:'], 'a Redis URL, such as redis://host:6379');
export const smtpUrl = secretUrl(['smtp:', 'smtps:'], 'an SMTP URL, such as smtps://user:password@mail.example.org');

export const sender = reads(
  (value) => (/^[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>$|^[^<>@\s]+@[^<>@\s]+$/.test(value) ? value : undefined),
  'an address, such as "Latchkey <keys@example.org>"',
);

export const keyPrefix = reads(
  (value) => (/^[a-z][a-z0-9_]{0,15}$/.test(value) ? value : undefined),
  'up to 16 of a-z, 0-9 and _, a letter first, such as temp',
);

export const scopeNames = reads(
  (value) => listOf(value, (item) => (/^[\w.:-]{1,64}$/.test(item) ? item : undefined)),
  'names separated by commas, such as read,write',
);

export const networks = reads(
  (value) => listOf(value, readNetwork),
  'addresses or networks separated by commas, such as 10.0.0.0/8,192.0.2.7',
);

/** Kept to the last space: the other side signs with the same text. */
export const secret = z
  .string()
  .regex(/\S/, 'must be more than spaces')
  .transform((value) => new Secret(value));

export const token = reads(
  (value) => (/^[\x21-\x7e]{16,}$/.test(value) ? new Secret(value) : undefined),
  'at least 16 characters with no spaces; make one with: openssl rand -hex 32',
);

export const masterKeys = reads(
  (value) => listOf(value, readMasterKey),
  '32 bytes as base64 or hex, older keys after a comma; make one with: openssl rand -base64 32',
);

/** A master key as written down, or undefined when it is not 32 bytes as base64 or hex. */
export function readMasterKey(value: string): Secret | undefined {
  return /^([0-9a-f]{64}|[\w+/-]{43}=?)$/i.test(value) ? new Secret(value) : undefined;
}

const NODE_ENVS = ['production', 'development', 'test'] as const;
const FLAGS = new Map([
  ...['1', 'true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['0', 'false', 'no', 'off'].map((word) => [word, false] as const),
]);
const LEVELS: ReadonlyMap<string, 'debug' | 'info' | 'warn' | 'error'> = new Map([
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
] as const);

function reads<T>(read: (value: string) => T | undefined, right: string) {
  return z.string().transform((value, context): T => {
    const result = read(value.trim());
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: `must be ${right}` });
    return z.NEVER;
  });
}

function whole(value: string, from: number, to: number): number | undefined {
  return /^\d{1,16}$/.test(value) && Number(value) >= from && Number(value) <= to ? Number(value) : undefined;
}

function readHttpUrl(value: string): string | undefined {
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  return value.replace(/\/+$/, '');
}

function secretUrl(protocols: readonly string[], right: string) {
  return reads((value) => (protocols.includes(URL.parse(value)?.protocol ?? '') ? new Secret(value) : undefined), right);
}

function listOf<T>(value: string, read: (item: string) => T | undefined): readonly T[] | undefined {
  const items = value.split(',').map((item) => item.trim());
  const results = items.filter((item) => item !== '').map(read);
  return results.length > 0 && results.every((result) => result !== undefined) ? [...new Set(results)] : undefined;
}

function readNetwork(item: string): string | undefined {
  if (ipaddr.isValidCIDR(item)) return item;
  return ipaddr.IPv6.isValid(item) || ipaddr.IPv4.isValidFourPartDecimal(item) ? item : undefined;
}
