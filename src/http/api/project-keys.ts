import { z } from 'zod';
import { listProjectKeys, projectKeyToShow } from '../../ledger/lists/project-keys.ts';
import type { ProjectKeyRow } from '../../ledger/schema.ts';
import { changeKey } from '../../managed/change.ts';
import { PROJECT_KEY_STATES } from '../../managed/find.ts';
import { createOnce } from '../../managed/once.ts';
import { Fault } from '../../reservation/fault.ts';
import { projectNamed } from '../../reservation/project.ts';
import type { ApiDeps } from './deps.ts';
import { MadeProjectKey, ProjectKeyView, viewOfProjectKey } from './project-key-views.ts';
import { askedOf, changesOf, InProject, NewProjectKey, ProjectKeyChanges, ProjectKeyPath } from './project-key-words.ts';
import { route, type ApiRoute } from './route.ts';
import { Duration, Flag, listOf, paging, Text } from './words.ts';

export type ProjectKeyDeps = Pick<ApiDeps, 'ledger' | 'managed' | 'policy' | 'now'>;

/** Keys that people ask for by API, project by project. */
export function projectKeysApi(deps: ProjectKeyDeps): ApiRoute[] {
  return [createRoute(deps), listRoute(deps), getRoute(deps), changeRoute(deps)];
}

const Repeatable = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be up to 200 visible characters')
    .optional()
    .meta({
      description: 'The same with the same body makes no second key for a day; for ten minutes it tells the value again.',
    }),
});

function createRoute({ ledger, managed, now }: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'createProjectKey',
    method: 'post',
    path: '/projects/{project}/keys',
    permission: 'act',
    summary: 'Make a key',
    description:
      'It ends by itself unless its project has keys without an end. What exceeds the project is refused, with all the reasons.',
    params: InProject,
    headers: Repeatable,
    body: NewProjectKey,
    responses: { 200: MadeProjectKey, 201: MadeProjectKey },
    faults: ['conflict'],
    handle: async ({ params: { project }, body, headers }, { name: actor }) => {
      const making = { project, asked: askedOf(body), actor, token: headers['idempotency-key'] };
      const { key, value, isNew } = await ledger.transact((tx) => createOnce(managed, tx, making));
      return { status: isNew ? 201 : 200, body: { ...viewOfProjectKey(asListed(key), now()), value } };
    },
  });
}

function listRoute({ ledger, policy, now }: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'listProjectKeys',
    method: 'get',
    path: '/projects/{project}/keys',
    permission: 'read',
    summary: 'Keys of a project, newest first',
    params: InProject,
    query: z.strictObject({
      ...paging,
      state: z.enum(PROJECT_KEY_STATES).optional(),
      living: Flag.optional().meta({ description: 'true: only those that are neither revoked nor at their end.' }),
      owner: Text.optional(),
      scope: Text.optional(),
      name: Text.optional(),
      environment: Text.optional(),
      unusedFor: Duration.optional().meta({ description: 'Older than that, and not used since: 30d.' }),
      expiresWithin: Duration.optional().meta({ description: 'Their end lies within that: 7d.' }),
    }),
    responses: { 200: listOf(ProjectKeyView) },
    handle: async ({ params: { project }, query: { limit, cursor, living, unusedFor, expiresWithin, ...filter } }) => {
      projectNamed(policy(), project);
      const at = now();
      const unusedSince = unusedFor === undefined ? undefined : new Date(at.getTime() - unusedFor);
      const expiresBefore = expiresWithin === undefined ? undefined : new Date(at.getTime() + expiresWithin);
      const alive = living === true || (unusedFor !== undefined && filter.state === undefined);
      const wanted = { ...filter, project, now: at, unusedSince, expiresBefore, living: alive ? (true as const) : undefined };
      const listed = await listProjectKeys(ledger.db, wanted, { limit, cursor });
      return { status: 200, body: { ...listed, items: listed.items.map((key) => viewOfProjectKey(key, at)) } };
    },
  });
}

function getRoute({ ledger, now }: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'getProjectKey',
    method: 'get',
    path: '/projects/{project}/keys/{id}',
    permission: 'read',
    summary: 'One key, without its value',
    params: ProjectKeyPath,
    responses: { 200: ProjectKeyView },
    handle: async ({ params }) => {
      const key = await projectKeyToShow(ledger.db, params);
      if (!key) throw new Fault('not_found', `there is no key ${params.id} in project ${params.project}`);
      return { status: 200, body: viewOfProjectKey(key, now()) };
    },
  });
}

function changeRoute({ ledger, managed, now }: ProjectKeyDeps): ApiRoute {
  return route({
    id: 'changeProjectKey',
    method: 'patch',
    path: '/projects/{project}/keys/{id}',
    permission: 'act',
    summary: 'Change a key under its value',
    description:
      'In force on every node at once. The audit says what changed. A signed token with a later end is another token, which waits to be fetched by reveal.',
    params: ProjectKeyPath,
    body: ProjectKeyChanges,
    responses: { 200: ProjectKeyView },
    faults: ['conflict'],
    handle: async ({ params, body }, { name: actor }) => {
      const change = { ...params, changes: changesOf(body), actor };
      await ledger.transact((tx) => changeKey(managed, tx, change));
      return { status: 200, body: await shown({ ledger, now }, params) };
    },
  });
}

/** As it is now. Throws Fault('not_found') where somebody has deleted it meanwhile. */
export async function shown({ ledger, now }: Pick<ProjectKeyDeps, 'ledger' | 'now'>, which: { project: string; id: string }) {
  const key = await projectKeyToShow(ledger.db, which);
  if (!key) throw new Fault('not_found', `there is no key ${which.id} in project ${which.project}`);
  return viewOfProjectKey(key, now());
}

/** One that was made in this moment: nobody has used it. */
function asListed({ sealedValue, ...key }: ProjectKeyRow) {
  return { ...key, valueWaits: sealedValue !== null, lastUsedAt: null, lastIp: null };
}
