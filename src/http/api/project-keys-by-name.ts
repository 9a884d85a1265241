import { z } from 'zod';
import { putByName, revokeByName, takeByName } from '../../managed/by-name.ts';
import { generationName } from '../../managed/generation.ts';
import { askedOf, NewProjectKey, ProjectParam } from './project-key-words.ts';
import type { ProjectKeyDeps } from './project-keys.ts';
import { route, type ApiRoute } from './route.ts';
import { Empty, Shown, Text } from './words.ts';

const Named = z.strictObject({
  project: ProjectParam,
  name: Text.meta({ description: 'Up to 60 of a-z, 0-9 and -.' }),
});

const PutKey = NewProjectKey.omit({ name: true, environment: true, prefix: true, rotation: true, tokenType: true })
  .extend({
    value: Shown.meta({ description: 'Of the form that Latchkey itself makes. Only a hash is kept.' }),
    budget: Text.optional().meta({ description: 'Keys of the project that name the same share their limits and usage.' }),
  })
  .meta({ id: 'PutProjectKey', description: 'A key whose maker decides on its name and value, such as another Latchkey.' });

const Used = z
  .object({ id: z.string(), name: z.string(), used: z.int(), limit: z.int().optional(), refused: z.int() })
  .meta({ id: 'NamedProjectKeyUsage' });

/** Keys by the names and with the values that others give: the same however often. */
export function projectKeysByNameApi({ ledger, managed }: Pick<ProjectKeyDeps, 'ledger' | 'managed'>): ApiRoute[] {
  const path = '/projects/{project}/keys/by-name/{name}';
  return [
    route({
      id: 'putProjectKey',
      method: 'put',
      path,
      permission: 'act',
      summary: 'Make the key of that name, or make it what is said',
      description: 'The same name and value, however often, is one key. It may do no more than its project grants.',
      params: Named,
      body: PutKey,
      responses: { 200: z.object({ id: z.string() }).meta({ id: 'NamedProjectKey' }) },
      handle: async ({ params: { project, name }, body: { value, budget, ...body } }, { name: actor }) => {
        const asked = { ...askedOf(body as z.output<typeof NewProjectKey>), name };
        const { id } = await ledger.transact((tx) => putByName(managed, tx, { project, asked, value, budget, actor }));
        return { status: 200, body: { id } };
      },
    }),
    route({
      id: 'getNamedProjectKey',
      method: 'get',
      path,
      permission: 'read',
      summary: 'What the key of that name was used for',
      params: Named,
      responses: { 200: Used },
      handle: async ({ params }) => {
        const row = await ledger.transact((tx) => takeByName(tx, params));
        const { used = 0, limit, refused = 0 } = (await managed.usage(generationName(row))) ?? {};
        return { status: 200, body: { id: row.id, name: row.name, used, limit, refused } };
      },
    }),
    route({
      id: 'deleteNamedProjectKey',
      method: 'delete',
      path,
      permission: 'act',
      summary: 'Revoke the key of that name: no request passes with it any more',
      params: Named,
      responses: { 204: Empty },
      handle: async ({ params }, { name: actor }) => {
        await ledger.transact((tx) => revokeByName(managed, tx, { ...params, actor, reason: 'deleted by its maker' }));
        return { status: 204, body: undefined };
      },
    }),
  ];
}
