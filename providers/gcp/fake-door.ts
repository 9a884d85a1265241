import { BlockList, isIPv6 } from 'node:net';
import type { StoredKey } from './fake-keys.ts';

export interface Knock {
  readonly apiKey: string;
  /** The operation of the API that method and path come to. */
  readonly operation?: string;
  readonly ip?: string;
}

/** Whether the gateway of a service lets a request with this key through. A key without restrictions opens every service. */
export function opensFor(keys: Iterable<StoredKey>, service: string, knock: Knock): boolean {
  const key = [...keys].find(({ keyString, deleteTime }) => keyString === knock.apiKey && !deleteTime);
  if (!key) return false;
  key.used = true;
  const { apiTargets = [], serverKeyRestrictions } = key.restrictions ?? {};
  const targets = apiTargets.some(
    (target) => target.service === service && isCovered(target.methods, knock.operation ?? 'GetData'),
  );
  return (apiTargets.length === 0 || targets) && isFrom(serverKeyRestrictions?.allowedIps, knock.ip ?? '198.51.100.7');
}

function isCovered(methods: readonly string[] = [], operation: string): boolean {
  if (methods.length === 0) return true;
  return methods.some((method) => (method.endsWith('*') ? operation.startsWith(method.slice(0, -1)) : operation === method));
}

function isFrom(allowed: readonly string[] = [], ip: string): boolean {
  if (allowed.length === 0) return true;
  const list = new BlockList();
  for (const entry of allowed) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
}
