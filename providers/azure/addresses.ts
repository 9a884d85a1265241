import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { DriverError } from '../driver.ts';

/** First and last address of a network, as the gateway's `ip-filter` takes them. */
export interface AddressRange {
  readonly from: string;
  readonly to: string;
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address. Throws `rejected` for anything else. */
export function addressRange(network: string, provider: string): AddressRange {
  const [address = '', bits, ...rest] = network.split('/');
  const width = isIP(address) === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (isIP(address) === 0 || address.includes('%') || prefix > width || rest.length > 0)
    throw new DriverError('rejected', `${provider}: an allowed address is neither an IP address nor a network`);
  return rangeOf(ipaddr.parse(address), prefix);
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number): AddressRange {
  // An IPv4 network written as IPv6 is one of IPv4 to the gateway.
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefix >= 96)
    return rangeOf(address.toIPv4Address(), prefix - 96);
  const bytes = address.toByteArray();
  const end = (fill: 0 | 255) =>
    ipaddr.fromByteArray(bytes.map((byte, at) => (byte & maskAt(at, prefix)) | (fill & ~maskAt(at, prefix) & 255))).toString();
  return { from: end(0), to: end(255) };
}

function maskAt(at: number, prefix: number): number {
  return (255 << (8 - Math.min(8, Math.max(0, prefix - 8 * at)))) & 255;
}
