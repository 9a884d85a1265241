import { z } from 'zod';
import type { Tx } from '../../ledger/database.ts';
import { deleteKey, resumeKey, revokeKey, suspendKey, type Act } from '../../managed/revoke.ts';
import { revealKey, rotateKey } from '../../managed/rotate.ts';
import { rotateMany } from '../../managed/rotate-many.ts';
import { ProjectKeyView } from './project-key-views.ts';
import { MadeProjectKey } from './project-key-views.ts';
import { InProject, ProjectKeyPath } from './project-key-words.ts';
import { shown, type ProjectKeyDeps } from './project-keys.ts';
import { route, type ApiRoute } from './route.ts';
import { Duration, Empty, Flag, Reason, Text } from './words.ts';

const Why = z.strictObject({ reason: Reason });

/** What operators do to a key of a project. */
export function projectKeyActsApi(deps: ProjectKeyDeps): ApiRoute[] {
  return [
    actRoute(deps, { verb: 'suspend', summary: 'Hold a key back until it is resumed', act: suspendKey }),
    actRoute(deps, { verb: 'resume', summary: 'Let a suspended key go on', act: resumeKey }),
    actRoute(deps, { verb: 'revoke', summary: 'Take a key away, for good', act: revokeKey }),
    deleteRoute(deps),
    rotateRoute(deps),
    revealRoute(deps),
    rotateManyRoute(deps),
  ];
}

interface Verb {
  readonly verb: 'suspend' | 'resume' | 'revoke';
  readonly summary: string;
  readonly act: (house: ProjectKeyDeps['managed'], tx: Tx, act: Act) => Promise<unknown>;
}

function actRoute(deps: ProjectKeyDeps, { verb, summary, act }: Verb): ApiRoute {
  return route({
    id: `${verb}ProjectKey`,
    method: 'post',
    path: `/projects/{project}/keys/{id}/${verb}`,
    permission: 'act',
    summary,
    description: 'After the answer every node goes by it. Twice is fine.',
    params: ProjectKeyPath,
    body: Why,
    responses: { 200: ProjectKeyView },
    faults: ['conflict'],
    handle: async ({ params, body: { reason } }, { name: actor }) => {
      await deps.ledger.transact((tx) => act(deps.managed, tx, { ...params, reason, actor }));
      return { status: 200, body: await shown(deps, params) };
    },
  });
}

function deleteRoute({ ledger, managed }: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'deleteProjectKey',
    method: 'delete',
    path: '/projects/{project}/keys/{id}',
    permission: 'act',
    summary: 'Take a dead key out of the lists',
    description: 'Two steps: a key that may still work must be revoked first, or with ?revoke=true. Its audit stays.',
    params: ProjectKeyPath,
    query: z.strictObject({ revoke: Flag.optional() }),
    responses: { 204: Empty },
    faults: ['conflict'],
    handle: async ({ params, query }, { name: actor }) => {
      await ledger.transact(async (tx) => {
        if (query.revoke) await revokeKey(managed, tx, { ...params, actor, reason: 'deleted' });
        await deleteKey(managed, tx, { ...params, actor });
      });
      return { status: 204, body: undefined };
    },
  });
}

function rotateRoute(deps: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'rotateProjectKey',
    method: 'post',
    path: '/projects/{project}/keys/{id}/rotate',
    permission: 'act',
    summary: 'Give a key another value',
    description:
      'Rights, end and budget stay. The old value works for the overlap, at most; with 0 it is refused before this is answered. Twice at once is one after the other.',
    params: ProjectKeyPath,
    body: z.strictObject({
      overlap: Duration.optional(),
      generation: z.int().min(1).optional().meta({ description: 'Only if the key is still at this generation; else 409.' }),
      reason: Reason,
    }),
    responses: { 200: MadeProjectKey },
    faults: ['conflict'],
    handle: async ({ params, body: { overlap: overlapMs, ...body } }, { name: actor }) => {
      const { value } = await deps.ledger.transact((tx) => rotateKey(deps.managed, tx, { ...params, ...body, overlapMs, actor }));
      return { status: 200, body: { ...(await shown(deps, params)), value } };
    },
  });
}

function revealRoute(deps: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'revealProjectKey',
    method: 'post',
    path: '/projects/{project}/keys/{id}/reveal',
    permission: 'act',
    summary: 'Fetch the value that our clock made, once',
    description: 'It is kept nowhere from then on. 410 where none waits.',
    params: ProjectKeyPath,
    responses: { 200: MadeProjectKey },
    faults: ['gone'],
    handle: async ({ params }, { name: actor }) => {
      const { value } = await deps.ledger.transact((tx) => revealKey(deps.managed, tx, { ...params, actor }));
      return { status: 200, body: { ...(await shown(deps, params)), value } };
    },
  });
}

function rotateManyRoute({ ledger, managed }: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'rotateProjectKeys',
    method: 'post',
    path: '/projects/{project}/keys/rotate',
    permission: 'act',
    summary: 'Give many keys other values, after a leak for instance',
    description:
      'With an overlap of 0 every old value is refused before this is answered. The new ones are made by our clock, and each waits to be fetched by reveal.',
    params: InProject,
    body: z.strictObject({
      filter: z.strictObject({
        owner: Text.optional(),
        scope: Text.optional(),
        environment: Text.optional(),
        ids: z.array(Text).min(1).max(1000).optional(),
      }),
      overlap: Duration,
      reason: Reason,
    }),
    responses: { 202: z.object({ keys: z.int() }).meta({ id: 'ProjectKeysRotating' }) },
    handle: async ({ params: { project }, body: { overlap: overlapMs, ...body } }, { name: actor }) => {
      const keys = await rotateMany(managed, ledger, { project, ...body, overlapMs, actor });
      return { status: 202, body: { keys } };
    },
  });
}
