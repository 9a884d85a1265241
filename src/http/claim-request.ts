import type { Request } from 'express';
import ipaddr from 'ipaddr.js';

/** The address that a limit counts: one IPv4 address, or the /64 that one IPv6 customer holds. */
export function addressBlock(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? ip.parts.slice(0, 4).join(':') : ip.toString();
}

/** One cookie of the request; undefined when it is not there or not readable. */
export function cookieOf(req: Request, name: string): string | undefined {
  for (const pair of (req.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value) return decode(value);
  }
  return undefined;
}

/**
 * Did our own page, or no page at all, send this form? Browsers say so in Sec-Fetch-Site. Older ones send Origin, which is `null` here,
 * since our pages have no referrer; programs send neither. The link's token is the second guard: no other site knows it.
 */
export function fromOwnPage(req: Request, publicUrl: string): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = req.get('origin');
  return (
    origin === undefined ||
    origin === 'null' ||
    origin === new URL(publicUrl).origin ||
    origin === `${req.protocol}://${req.host}`
  );
}

/** Programs send JSON or ask for it; everyone else gets a page. */
export function wantsJson(req: Request): boolean {
  return req.is('application/json') === 'application/json' || req.accepts(['html', 'json']) === 'json';
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
