import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Fault } from '../reservation/fault.ts';

/** Networks as integers only, since a `net.BlockList` for each key costs kilobytes. */
interface V4Network {
  readonly base: number;
  readonly mask: number;
}

/** The leading bytes, of an IPv4 address four, and the width. */
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
  const v4: V4Network[] = [];
  const v6: Network[] = [];
  for (const text of networks) {
    const network = readNetwork(text);
    if (network.bytes.length === 4) v4.push(v4Network(network));
    else v6.push(network);
  }
  const holdsV4 = (number: number): boolean => {
    for (const { base, mask } of v4) if ((number & mask) === base) return true;
    return false;
  };
  return (address) => {
    const number = readV4(address);
    if (number !== undefined) return holdsV4(number);
    const bytes = readAddress(address);
    if (!bytes) return false;
    if (bytes.length === 4) return holdsV4(numberOf(bytes));
    for (const network of v6) if (contains(network, bytes)) return true;
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
  if (width === 128 && bytes.length === 4)
    return bits >= 96 ? { bytes, bits: bits - 96 } : { bytes: ipaddr.parse(address).toByteArray(), bits };
  return { bytes, bits };
}

function v4Network({ bytes, bits }: Network): V4Network {
  // Shifting by 32 is shifting by 0.
  const mask = bits === 0 ? 0 : -1 << (32 - bits);
  return { base: numberOf(bytes) & mask, mask };
}

function numberOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number {
  return (a << 24) | (b << 16) | (c << 8) | d;
}

/** Four decimal numbers up to 255 without leading zeros, in 32 bits; undefined for anything else. */
function readV4(text: string): number | undefined {
  if (text.length > 15) return undefined;
  let number = 0;
  let part = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x2e) {
      if (part === -1 || ++dots > 3) return undefined;
      number = (number << 8) | part;
      part = -1;
    } else {
      const digit = code - 0x30;
      // A part that is 0 is over: another digit would make it octal for some.
      if (digit < 0 || digit > 9 || part === 0) return undefined;
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return undefined;
    }
  }
  return dots === 3 && part !== -1 ? (number << 8) | part : undefined;
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
