import { z } from 'zod';
import { mustSee, mustSeeAll } from '../../access/reach.ts';
import { addOperator, disableOperator } from '../../access/roster.ts';
import { listOperators } from '../../ledger/lists/operators.ts';
import { projectNamed } from '../../reservation/project.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Empty, listOf, paging, Shown, Text, Time } from './words.ts';

const Role = z
  .enum(['admin', 'operator', 'viewer'])
  .meta({ description: 'viewer: look; operator: also act; admin: everything.' });

export const OperatorView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: Role,
    project: z.string().nullable().meta({ description: 'The only one it sees; null for all.' }),
    createdAt: Time,
    disabledAt: Time.nullable(),
  })
  .meta({ id: 'Operator', description: 'A person or a program that uses this API.' });

export function operatorsApi(deps: Pick<ApiDeps, 'ledger' | 'policy' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'listOperators',
      method: 'get',
      path: '/operators',
      permission: 'operators',
      reach: 'own',
      summary: 'Operators, newest first',
      query: z.strictObject(paging),
      responses: { 200: listOf(OperatorView) },
      handle: async ({ query }, { project }) => ({
        status: 200,
        body: await listOperators(deps.ledger.db, { ...query, project: project ?? undefined }),
      }),
    }),
    route({
      id: 'createOperator',
      method: 'post',
      path: '/operators',
      permission: 'operators',
      reach: 'own',
      summary: 'Add an operator',
      body: z.strictObject({
        name: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9._-]{0,62}$/, 'must be a letter, then letters, digits and . _ -')
          .meta({ examples: ['grace'] }),
        role: Role,
        project: Text.nullish().meta({
          description: 'The only one it shall see. Without it all, or the one that its maker sees.',
          examples: ['lab'],
        }),
      }),
      responses: {
        201: z
          .object({ id: z.string(), token: Shown.meta({ description: 'For the Authorization header; shown once.' }) })
          .meta({ id: 'NewOperator' }),
      },
      faults: ['conflict'],
      handle: async ({ body }, caller) => {
        const project = body.project === undefined ? caller.project : body.project;
        if (project === null) mustSeeAll(caller);
        else {
          mustSee(caller, project);
          projectNamed(deps.policy(), project);
        }
        return { status: 201, body: await addOperator(deps, { ...body, project, actor: caller.name }) };
      },
    }),
    route({
      id: 'deleteOperator',
      method: 'delete',
      path: '/operators/{id}',
      permission: 'operators',
      reach: 'own',
      summary: "Disable an operator's token",
      params: ById,
      responses: { 204: Empty },
      faults: ['conflict'],
      handle: async ({ params: { id } }, caller) => {
        await disableOperator(deps, { id, by: caller });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
