import type { Operator } from '../../access/operators.ts';
import { addPolicy, findCompatible, putCompatible, revokeCompatible, type Sender } from '../../managed/compatible/keep.ts';
import { rotateKey } from '../../managed/rotate.ts';
import { DEFAULT_PROJECT } from '../../reservation/project.ts';
import type { ApiDeps } from '../api/deps.ts';
import { route, type ApiRoute } from '../api/route.ts';
import { Empty } from '../api/words.ts';
import { KeyView, PolicyView, Rotated, viewOf, warningsOf } from './views.ts';
import { ByKey, KeyBody, PolicyBody } from './words.ts';

export type CompatibleDeps = Pick<ApiDeps, 'ledger' | 'managed' | 'now'>;

/** Every route here is about the keys of one project: of the operator whose token is sent, or `default`. */
export const OWN = { reach: 'own', tag: 'compatible' } as const;

export function senderOf({ project, name }: Operator): Sender {
  return { project: project ?? DEFAULT_PROJECT, actor: name };
}

/** Keys are made, narrowed, renewed and revoked. */
export function compatibleKeys(deps: CompatibleDeps): ApiRoute[] {
  return [putRoute(deps), policyRoute(deps), deleteRoute(deps), rotateRoute(deps)];
}

function putRoute({ ledger, managed }: CompatibleDeps): ApiRoute {
  return route({
    ...OWN,
    id: 'putCompatibleKey',
    method: 'post',
    path: '/keys',
    permission: 'act',
    summary: 'Make a key of a value that you chose, or say it again',
    description:
      'Until it has policies it may what it says itself, at most. The same value again is the same key: 200, with what is said now. A value that was revoked is 410 for good.',
    body: KeyBody,
    responses: { 200: KeyView, 201: KeyView },
    faults: ['gone'],
    handle: async ({ body }, caller) => {
      const { api_key: value, name, description, metadata, expires_at: expiresAt, allowed_endpoints: paths, ...said } = body;
      const present = Object.fromEntries(Object.entries(said).filter(([, field]) => field !== null));
      const wish = {
        ...senderOf(caller),
        value,
        name,
        description: description ?? undefined,
        metadata: metadata ?? {},
        ends: expiresAt ? { at: expiresAt } : undefined,
        terms: { ...(present as NotNull<typeof said>), allowed_endpoints: paths ?? [] },
      };
      const { key, isNew } = await ledger.transact((tx) => putCompatible(managed, tx, wish));
      return { status: isNew ? 201 : 200, body: viewOf(key) };
    },
  });
}

type NotNull<T> = { [Field in keyof T]: Exclude<T[Field], null> };

function policyRoute({ ledger, managed }: CompatibleDeps): ApiRoute {
  return route({
    ...OWN,
    id: 'addCompatiblePolicy',
    method: 'post',
    path: '/policies',
    permission: 'act',
    summary: 'Attach a policy to a key',
    description:
      'One says one thing: a scope, a path, a limit for a period. Another about the same thing takes its place; the same again is 200. Scopes and paths narrow each other, and never exceed the scopes of the project.',
    body: PolicyBody,
    responses: { 200: PolicyView, 201: PolicyView },
    faults: ['not_found', 'gone'],
    handle: async ({ body: { api_key: named, ...policy } }, caller) => {
      const sender = senderOf(caller);
      const { key, isNew } = await ledger.transact(async (tx) => {
        const { id } = await findCompatible(managed, tx.db, { ...sender, named });
        return await addPolicy(managed, tx, { ...sender, id, policy });
      });
      return { status: isNew ? 201 : 200, body: { ...policy, key_id: key.id, warnings: warningsOf(key) } };
    },
  });
}

function deleteRoute({ ledger, managed }: CompatibleDeps): ApiRoute {
  return route({
    ...OWN,
    id: 'deleteCompatibleKey',
    method: 'delete',
    path: '/keys/{key}',
    permission: 'act',
    summary: 'Revoke a key: no request passes with it any more',
    description: 'Again is 204 as well; 404 where there never was such a key.',
    params: ByKey,
    responses: { 204: Empty },
    handle: async ({ params: { key: named } }, caller) => {
      const sender = senderOf(caller);
      await ledger.transact(async (tx) => {
        const { id } = await findCompatible(managed, tx.db, { ...sender, named });
        await revokeCompatible(managed, tx, { ...sender, id });
      });
      return { status: 204, body: undefined };
    },
  });
}

function rotateRoute({ ledger, managed }: CompatibleDeps): ApiRoute {
  return route({
    ...OWN,
    id: 'rotateCompatibleKey',
    method: 'post',
    path: '/keys/{key}/rotate',
    permission: 'act',
    summary: 'A new value under the same policies, end and budget; the old one is refused at once',
    params: ByKey,
    responses: { 200: Rotated },
    faults: ['conflict'],
    handle: async ({ params: { key: named } }, caller) => {
      const sender = senderOf(caller);
      const { key, value } = await ledger.transact(async (tx) => {
        const { id } = await findCompatible(managed, tx.db, { ...sender, named });
        return await rotateKey(managed, tx, { ...sender, id, overlapMs: 0, reason: 'rotated by whoever made it' });
      });
      return { status: 200, body: { id: key.id, api_key: value, message: 'API key rotated. Old key has been revoked.' } };
    },
  });
}
