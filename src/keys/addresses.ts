import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Fault } from '../reservation/fault.ts';

/** One network as its leading bytes and its width: integers only, since a `net.BlockList` for each key costs kilobytes. */
interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** `::10.0.0.1`, which ipaddr.js reads as the mapped address and everybody else does not. */
const DEPRECATED = /^::\d+\./;

/**
 * Whether an address lies in one of the networks (`10.0.0.0/8`, `fd00::/8`, or a single address). An IPv4 address mapped into IPv6
 * (`::ffff:10.0.0.1`) is the IPv4 address. An address with a zone id, or in a short, octal or deprecated form, is in no network.
 * Throws a Fault 'invalid' naming the entry that is not a network.
 */
export function compileAddresses(networks: readonly string[]): (address: string) => boolean {
  const compiled = networks.map(readNetwork);
  return (address) => {
    const bytes = readAddress(address);
    if (!bytes) return false;
    for (const network of compiled) if (contains(network, bytes)) return true;
    return false;
  };
}

/** Whom an address stands for: one IPv4 address, or the /64 of IPv6 that one customer has. What is no address is all one. */
export function blockOf(address: string | undefined): string {
  if (address === undefined || isIP(address) === 0) return 'unknown';
  if (!address.includes(':')) return address;
  const ip = ipaddr.process(address);
  if (!(ip instanceof ipaddr.IPv6)) return ip.toString();
  const parts = ip.parts.slice(0, 4).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}

function readNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const bytes = readAddress(address);
  const width = isIP(address) === 4 ? 32 : 128;
  const bits = slash === -1 ? width : readBits(text.slice(slash + 1), width);
  if (!bytes || bits === undefined) throw new Fault('invalid', `'${text}' is not an IP address or a CIDR range.`);
  // A mapped range such as ::ffff:10.0.0.0/104 is an IPv4 range; a wider one reaches beyond IPv4 and stays as it is written.
  if (width === 128 && bytes.length === 4) {
    return bits >= 96 ? { bytes, bits: bits - 96 } : { bytes: ipaddr.parse(address).toByteArray(), bits };
  }
  return { bytes, bits };
}

function readBits(text: string, width: number): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const bits = Number(text);
  return bits <= width ? bits : undefined;
}

function readAddress(text: string): number[] | undefined {
  if (isIP(text) === 0 || text.includes('%') || DEPRECATED.test(text)) return undefined;
  return ipaddr.process(text).toByteArray();
}

function contains(network: Network, address: readonly number[]): boolean {
  if (network.bytes.length !== address.length) return false;
  const whole = network.bits >> 3;
  for (let at = 0; at < whole; at++) if (network.bytes[at] !== address[at]) return false;
  const rest = network.bits & 7;
  return rest === 0 || ((network.bytes[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest) === 0;
}

/** Whether every address of one network is in the other. Throws a Fault 'invalid' naming the one that is no network. */
export function networkWithin(inner: string, outer: string): boolean {
  const [narrow, wide] = [readNetwork(inner), readNetwork(outer)];
  return narrow.bits >= wide.bits && contains(wide, narrow.bytes);
}
