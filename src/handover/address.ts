import ipaddr from 'ipaddr.js';

/** Enough of an address to recognise one's own network, not enough to find a person: `203.0.x.x`, `2001:db8:1::`. */
export function shortAddress(address: string): string {
  if (!ipaddr.isValid(address)) return 'an unknown address';
  const ip = ipaddr.process(address);
  if (ip instanceof ipaddr.IPv6)
    return `${ip.parts
      .slice(0, 3)
      .map((part) => part.toString(16))
      .join(':')}::`;
  return `${ip.octets.slice(0, 2).join('.')}.x.x`;
}
