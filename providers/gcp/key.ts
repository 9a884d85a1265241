import { createHash } from 'node:crypto';
import type { protos } from '@google-cloud/apikeys';
import { DriverError, type IssueRequest } from '../driver.ts';

/* What a key is at Google: its id, its annotations, and the restrictions without which it would open every API of its project. */

export type Key = protos.google.api.apikeys.v2.IKey;
type Restrictions = protos.google.api.apikeys.v2.IRestrictions;

/** What a key may open. No methods are all of the service; no addresses are none. */
export interface Allowed {
  readonly service: string;
  readonly methods: readonly string[];
  readonly ips: readonly string[] | undefined;
}

/** An address for documentation (RFC 5737), from which no request comes: a key for it opens nothing. */
const NOWHERE = '192.0.2.1';
const OURS = 'latchkey';
const NAME = 'latchkey-name';
const METHODS = 'latchkey-methods';
const IPS = 'latchkey-ips';
const ALL = '*';

/** The id of a name's key: the name where Google takes it, and otherwise what is made of it, always the same. */
export function keyIdOf(name: string): string {
  if (/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  return `lk-${hashOf(name).slice(0, 40)}`;
}

export const parentOf = (projectId: string): string => `projects/${projectId}/locations/global`;

export const resourceOf = (projectId: string, name: string): string => `${parentOf(projectId)}/keys/${keyIdOf(name)}`;

export interface Opening {
  readonly provider: string;
  readonly service: string;
  /** By scope, where the settings tell. */
  readonly methods?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What the request may open. Throws `rejected` where methods are configured and a scope has none. */
export function allowedFor({ scopes, allowedIps }: IssueRequest, { provider, service, methods }: Opening): Allowed {
  const missing = methods && scopes.find((scope) => !Object.hasOwn(methods, scope));
  if (missing !== undefined) throw new DriverError('rejected', `${provider}: no methods are configured for the scope ${missing}`);
  if (methods && scopes.length === 0)
    throw new DriverError('rejected', `${provider}: a key without scopes would open all methods`);
  return { service, methods: [...new Set(scopes.flatMap((scope) => methods?.[scope] ?? []))], ips: allowedIps };
}

/** The key as it is made, and as `repair` makes it again. Nothing of its holder is in it. */
export function keyFor(request: IssueRequest, allowed: Allowed): Key {
  const { source, id } = request.reservation;
  return {
    displayName: plain(`${request.name} ${request.resource.name}`, 63),
    restrictions: restrictionsOf(allowed),
    annotations: {
      'managed-by': OURS,
      [NAME]: request.name,
      'latchkey-lease': plain(request.lease, 63),
      'latchkey-reservation': hashOf(`${source}:${id}`).slice(0, 16),
      // For `resume`, which has no request: what was taken away for a while.
      [METHODS]: allowed.methods.join(',') || ALL,
      [IPS]: allowed.ips?.join(',') ?? ALL,
    },
  };
}

export function restrictionsOf({ service, methods, ips }: Allowed): Restrictions {
  return {
    apiTargets: [{ service, methods: [...methods] }],
    // To Google an empty list is no restriction.
    ...(ips && { serverKeyRestrictions: { allowedIps: ips.length > 0 ? [...ips] : [NOWHERE] } }),
  };
}

/** The key's restrictions with all that they open taken away. */
export function heldRestrictions({ restrictions }: Key): Restrictions {
  return { apiTargets: restrictions?.apiTargets ?? [], serverKeyRestrictions: { allowedIps: [NOWHERE] } };
}

/** What the key was made to open. Nothing where its annotations do not tell. */
export function allowedBefore({ annotations }: Key, service: string): Allowed | undefined {
  const { [METHODS]: methods, [IPS]: ips } = annotations ?? {};
  if (methods === undefined || ips === undefined) return undefined;
  const list = (text: string) => text.split(',').filter(Boolean);
  return { service, methods: methods === ALL ? [] : list(methods), ips: ips === ALL ? undefined : list(ips) };
}

export const nameIn = ({ annotations }: Key): string | undefined =>
  annotations?.['managed-by'] === OURS ? annotations[NAME] : undefined;

export const isDeleted = ({ deleteTime }: Key): boolean => Boolean(deleteTime);

export function isHeld({ restrictions }: Key): boolean {
  const ips = restrictions?.serverKeyRestrictions?.allowedIps;
  return ips?.length === 1 && ips[0] === NOWHERE;
}

/** What a key opens otherwise than it should, for people. A key that is held back is as it should be. */
export function driftOf(key: Key, wanted: Allowed): readonly string[] {
  if (isHeld(key)) return [];
  const { apiTargets, ...clients } = key.restrictions ?? {};
  const is = linesOf(apiTargets);
  const should = linesOf(restrictionsOf(wanted).apiTargets);
  const ips = listed(clients.serverKeyRestrictions?.allowedIps);
  const shouldIps = listed(restrictionsOf(wanted).serverKeyRestrictions?.allowedIps);
  return [
    ...(is === should ? [] : [`it opens ${is || 'every API of the project'}`]),
    ...(ips === shouldIps ? [] : [`its addresses are ${ips || 'all'}`]),
  ];
}

function linesOf(targets: Restrictions['apiTargets']): string {
  return listed(targets?.map(({ service, methods }) => `${service} ${listed(methods) || ALL}`));
}

/** Google tells no upper from lower case here, and keeps no order. */
const listed = (texts: readonly string[] | null | undefined): string =>
  [...(texts ?? [])]
    .map((text) => text.toLowerCase())
    .sort()
    .join(', ');

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const plain = (text: string, longest: number): string =>
  text
    .replace(/[^\w .-]+/g, '-')
    .slice(0, longest)
    .trim();
