import { z } from 'zod';
import { mustSee } from '../../access/reach.ts';
import type { Operator } from '../../access/operators.ts';
import type { BudgetState } from '../../keys/budgets.ts';
import { PERIODS } from '../../reservation/plan.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { Reason, Text, Time } from './words.ts';

const ById = z.strictObject({
  id: Text.meta({
    description:
      'Of a lease, or of a key of a project, whose keys share it; `project:<name>` for what all keys of a project share.',
  }),
});

const Window = z.object({
  name: z.string().meta({ examples: ['hour', 'day-requests', 'project-month'] }),
  limit: z.int(),
  used: z.int(),
  remaining: z.int(),
  windowSeconds: z.int().nullable().meta({ description: 'Null for one that lasts as long as the reservation.' }),
  freesAt: Time.nullable().meta({
    description: 'When the next place is free; null when nothing is used, or nothing ever leaves.',
  }),
});

const Quota = z.object({
  per: z.enum(PERIODS),
  unit: z.enum(['requests']).optional().meta({ description: 'Absent: calls count for their cost.' }),
  limit: z.int().meta({ description: 'With `extra`.' }),
  extra: z.int().meta({ description: 'Added by staff for this period.' }),
  used: z.int(),
  remaining: z.int(),
  resetsAt: Time.nullable(),
});

export const BudgetView = z
  .object({
    id: z.string(),
    project: z.string(),
    limits: z.array(Window).meta({ description: 'Sliding windows, as the node that answers counts them.' }),
    quota: Quota.nullable(),
    frozen: z.object({ at: Time, reason: z.string() }).nullable(),
  })
  .meta({ id: 'Budget', description: 'What keys may still spend.' });

export function budgetsApi({ budgets, now }: Pick<ApiDeps, 'budgets' | 'now'>): ApiRoute[] {
  const reply = (state: BudgetState) => ({ status: 200, body: viewOf(state, now()) }) as const;
  /** Before anything is done. */
  async function seen(id: string, caller: Operator): Promise<BudgetState> {
    const state = await budgets.show(id);
    mustSee(caller, state.project, `budget ${id}`);
    return state;
  }
  const common = { params: ById, responses: { 200: BudgetView }, reach: 'own' } as const;
  return [
    route({
      ...common,
      id: 'getBudget',
      method: 'get',
      path: '/budgets/{id}',
      permission: 'read',
      summary: 'What is used and left of limits and quota',
      handle: async ({ params: { id } }, caller) => reply(await seen(id, caller)),
    }),
    route({
      ...common,
      id: 'topUpBudget',
      method: 'post',
      path: '/budgets/{id}/top-up',
      permission: 'act',
      summary: 'Add to a quota for the period that is now',
      description: 'Each call adds. It belongs to the budget, so it outlives a rotation of the key. 409 where there is no quota.',
      body: z.strictObject({ amount: z.int().min(1).max(1_000_000_000_000), reason: Reason }),
      faults: ['conflict'],
      handle: async ({ params: { id }, body }, caller) => {
        await seen(id, caller);
        return reply(await budgets.topUp(id, { ...body, actor: caller.name }));
      },
    }),
    ...(['freeze', 'unfreeze'] as const).map((act) =>
      route({
        ...common,
        id: `${act}Budget`,
        method: 'post',
        path: `/budgets/{id}/${act}`,
        permission: 'act',
        summary: act === 'freeze' ? 'Refuse every call, whatever is left' : 'Let calls pass again',
        body: z.strictObject({ reason: Reason }),
        handle: async ({ params: { id }, body: { reason } }, caller) => {
          await seen(id, caller);
          return reply(await budgets[act](id, { reason, actor: caller.name }));
        },
      }),
    ),
  ];
}

function viewOf({ limits, quota, ...state }: BudgetState, now: Date): z.output<typeof BudgetView> {
  return {
    ...state,
    limits: limits.map(({ resetMs, ...window }) => ({
      ...window,
      used: window.limit - window.remaining,
      freesAt: resetMs === null ? null : new Date(now.getTime() + resetMs),
    })),
    quota: quota ? { ...quota, resetsAt: quota.resetAt } : null,
  };
}
