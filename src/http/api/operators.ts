import { z } from 'zod';
import { addOperator, disableOperator } from '../../access/roster.ts';
import { listOperators } from '../../ledger/lists/operators.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Empty, listOf, paging, Shown, Time } from './words.ts';

const Role = z
  .enum(['admin', 'operator', 'viewer'])
  .meta({ description: 'viewer: look; operator: also act; admin: everything.' });

const OperatorView = z
  .object({ id: z.string(), name: z.string(), role: Role, createdAt: Time, disabledAt: Time.nullable() })
  .meta({ id: 'Operator', description: 'A person or a program that uses this API.' });

export function operatorsApi(deps: Pick<ApiDeps, 'ledger' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'listOperators',
      method: 'get',
      path: '/operators',
      permission: 'operators',
      summary: 'Operators, newest first',
      query: z.strictObject(paging),
      responses: { 200: listOf(OperatorView) },
      handle: async ({ query }) => ({ status: 200, body: await listOperators(deps.ledger.db, query) }),
    }),
    route({
      id: 'createOperator',
      method: 'post',
      path: '/operators',
      permission: 'operators',
      summary: 'Add an operator',
      body: z.strictObject({
        name: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9._-]{0,62}$/, 'must be a letter, then letters, digits and . _ -')
          .meta({ examples: ['grace'] }),
        role: Role,
      }),
      responses: {
        201: z
          .object({ id: z.string(), token: Shown.meta({ description: 'For the Authorization header; shown once.' }) })
          .meta({ id: 'NewOperator' }),
      },
      faults: ['conflict'],
      handle: async ({ body }, caller) => ({ status: 201, body: await addOperator(deps, { ...body, actor: caller.name }) }),
    }),
    route({
      id: 'deleteOperator',
      method: 'delete',
      path: '/operators/{id}',
      permission: 'operators',
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
