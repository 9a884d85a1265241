import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { parseRate } from '../reservation/limits.ts';
import { Secret } from '../secret/secret.ts';

/** The words of the configuration file. Each says what is wrong and what would be right. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Ten years: nothing here is meant to last longer, and dates stay dates. */
const LONGEST_MS = 3650 * 86_400_000;

/** `8h`, `30m`, `0m`, `30d`: milliseconds. */
export const duration = reads(
  parseDuration,
  'is not a length of time',
  'write a whole number and ms, s, m, h, d or w, such as 8h',
).meta({
  description: 'A length of time, such as 8h, 30m or 30d.',
});

/** `100/hour`. */
export const rate = reads(
  parseRate,
  'is not a rate',
  'write a count and a period, such as 100/hour (second, minute, hour, day, month)',
).meta({ description: 'A rate, such as 100/hour.' });

export const count = reads(
  (text) => (/^\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined),
  'is not a count',
  'write a whole number above 0, such as 1000',
);

/** Names stand in URLs, metrics and other systems. */
export const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, 'write up to 64 letters, digits and . _ : -');

export const prefix = reads(
  (text) => (/^[a-z][a-z0-9_]{0,15}$/.test(text) ? text : undefined),
  'is not how a key may begin',
  'write up to 16 of a-z, 0-9 and _, a letter first, such as temp',
);

/** Empty means not configured. */
export const httpUrl = z.string().transform((text, context): string | undefined => {
  const url = URL.parse(text);
  if (text === '') return undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return text;
  context.addIssue({
    code: 'custom',
    message: 'is not a URL',
    params: { fix: 'write one that begins with http:// or https:// and holds no user or password' },
  });
  return z.NEVER;
});

/** Undefined when it is blank: a source must then do without it, which is refused. */
export const secret = z.string().transform((text) => (text.trim() === '' ? undefined : new Secret(text)));

export const instant = reads(
  (text) => (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : undefined),
  'is not an instant',
  'write date, time and zone, such as 2026-01-31T00:00:00Z',
);

export const cidr = reads(
  (text) =>
    ipaddr.isValidCIDR(text) || ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text) ? text : undefined,
  'is not a network',
  'write an address or a network, such as 192.0.2.0/24',
);

function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text);
  const ms = match ? Number(match[1]) * UNITS[match[2]!]! : Infinity;
  return ms <= LONGEST_MS ? ms : undefined;
}

export function reads<T>(read: (text: string) => T | undefined, wrong: string, fix: string) {
  return z.union([z.string(), z.number()]).transform((value, context): T => {
    const result = read(String(value).trim());
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: wrong, params: { fix } });
    return z.NEVER;
  });
}
