import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { Fault } from '../reservation/fault.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** Name to addresses; the real one asks the system. */
export type Resolver = (hostname: string) => Promise<readonly Address[]>;

export const systemResolver: Resolver = async (hostname) => await lookup(hostname, { all: true, verbatim: true });

/** Where clouds hand out the credentials of a machine. That of Azure's WireServer is public by its range. */
const METADATA = new Set([
  '168.63.129.16',
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd20:ce::254',
]);
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Parses an outgoing URL. Throws Fault('invalid') unless it is plain http or https without a user in it. */
export function parseTarget(url: string): URL {
  if (!URL.canParse(url)) throw new Fault('invalid', 'the target is not a URL');
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') throw new Fault('invalid', 'the target is not http or https');
  if (parsed.username !== '' || parsed.password !== '')
    throw new Fault('invalid', 'the target has a user or password in its URL');
  return parsed;
}

/** Parses `allowPrivate`; throws on what is not a CIDR, so that a typo opens nothing. */
export function parseRanges(cidrs: readonly string[]): ReturnType<typeof ipaddr.parseCIDR>[] {
  return cidrs.map((cidr) => {
    if (!ipaddr.isValidCIDR(cidr)) throw new Fault('invalid', `${cidr} is not a network such as 10.0.0.0/8`);
    return ipaddr.parseCIDR(cidr);
  });
}

/**
 * Is this address on the public internet, or in a network the operator listed? Everything else (private, loopback, link-local with
 * the clouds' metadata, unique local, CGNAT, multicast, reserved, addresses that tunnel or map IPv4) is not. Unreadable ones are not either.
 */
export function isReachable(address: string, allowed: ReturnType<typeof parseRanges>): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  if (allowed.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits))) return true;
  if (METADATA.has(ip.toString()) || ip.range() !== 'unicast') return false;
  return ip.kind() === 'ipv4' || ip.match(GLOBAL_IPV6);
}

/** Nobody has a reservation system there, and whoever can have us ask there gets what the machine may do. */
export function isMetadata(address: string): boolean {
  return ipaddr.isValid(address) && METADATA.has(ipaddr.process(address).toString());
}

/** The addresses behind a URL's host, resolved once. The WHATWG parser has turned decimal, hex and octal spellings into dotted ones. */
export async function addressesOf(url: URL, resolve: Resolver): Promise<readonly Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(host)) return [{ address: host, family: host.includes(':') ? 6 : 4 }];
  const addresses = await resolve(host);
  if (addresses.length === 0) throw new Fault('unavailable', 'the target has no address');
  return addresses;
}
