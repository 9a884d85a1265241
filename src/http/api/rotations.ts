import { z } from 'zod';
import type { Operator } from '../../access/operators.ts';
import { sees, sourcesSeen } from '../../access/reach.ts';
import { listRotationPage } from '../../ledger/lists/rotations.ts';
import { findRotation, progressOf, type RotationFilter } from '../../ledger/rotations.ts';
import { Fault } from '../../reservation/fault.ts';
import type { Policy } from '../../reservation/policy.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Duration, listOf, paging, Reason, Text, Time } from './words.ts';

const RotationView = z
  .object({
    id: z.string(),
    filter: z.object({ plan: z.string().optional(), provider: z.string().optional() }),
    overlapMs: z.int(),
    reason: z.string(),
    actor: z.string(),
    state: z.enum(['running', 'done']),
    createdAt: Time,
    doneAt: Time.nullable(),
  })
  .meta({ id: 'Rotation', description: 'New keys for many leases at once; goes on over restarts.' });

const Troubled = z.array(z.object({ leaseId: z.string(), error: z.string().nullable() })).readonly();

const RotationDetail = RotationView.extend({
  total: z.int(),
  done: z.int().meta({ description: 'Leases whose new key works.' }),
  failed: z.int(),
  failures: Troubled,
  delays: Troubled.meta({ description: 'Leases whose new key is still tried for, and why it is not there yet.' }),
}).meta({ id: 'RotationDetail' });

const Wish = z.strictObject({
  plan: Text.optional(),
  provider: Text.optional(),
  overlap: Duration,
  reason: Reason,
  dryRun: z.boolean().optional().meta({ description: 'Only say what it would reach.' }),
});

const MOST_SHOWN = 1000;

const Preview = z
  .object({
    leases: z.int().meta({ description: `All of them; at most ${MOST_SHOWN} are listed.` }),
    items: z.array(z.object({ id: z.string(), plan: z.string(), provider: z.string(), holderId: z.string() })),
  })
  .meta({ id: 'RotationPreview' });

export function rotationsApi({ ledger, rotations, policy }: Pick<ApiDeps, 'ledger' | 'rotations' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'startRotation',
      method: 'post',
      path: '/rotations',
      permission: 'act',
      reach: 'own',
      summary: 'Rotate every active lease of a plan, a provider, or all',
      description: 'With `dryRun` it changes nothing and answers 200 with the leases it would reach; else 202 with its id.',
      body: Wish,
      responses: { 200: Preview, 202: z.object({ id: z.string() }) },
      handle: async ({ body: { plan, provider, overlap, reason, dryRun } }, caller) => {
        const filter = { plan, provider, ...ownOnly(caller, policy()) };
        const items = await rotations.preview(filter);
        if (items.length === 0) refuseUnknown(filter, policy(), caller);
        if (!dryRun) {
          const id = await rotations.start({ filter, overlapMs: overlap, reason, actor: caller.name });
          return { status: 202, body: { id } };
        }
        return { status: 200, body: { leases: items.length, items: items.slice(0, MOST_SHOWN) } };
      },
    }),
    route({
      id: 'listRotations',
      method: 'get',
      path: '/rotations',
      permission: 'read',
      reach: 'own',
      summary: 'Rotations, newest first',
      query: z.strictObject(paging),
      responses: { 200: listOf(RotationView) },
      handle: async ({ query }, { project }) => ({
        status: 200,
        body: await listRotationPage(ledger.db, { ...query, project: project ?? undefined }),
      }),
    }),
    route({
      id: 'getRotation',
      method: 'get',
      path: '/rotations/{id}',
      permission: 'read',
      reach: 'own',
      summary: 'How far a rotation is, and what failed',
      params: ById,
      responses: { 200: RotationDetail },
      handle: async ({ params: { id } }, caller) => {
        const rotation = await findRotation(ledger.db, id);
        if (!rotation || (caller.project !== null && rotation.filter.project !== caller.project))
          throw new Fault('not_found', `there is no rotation ${id}`);
        return { status: 200, body: { ...rotation, ...(await progressOf(ledger.db, id)) } };
      },
    }),
  ];
}

/** Who sees one project rotates the leases of that project, whatever else the filter says. */
function ownOnly(caller: Operator, policy: Policy): Pick<RotationFilter, 'project' | 'sources'> {
  return caller.project === null ? {} : { project: caller.project, sources: sourcesSeen(caller, policy) };
}

/** Nothing to rotate is an answer, a name that nobody has is a mistake. Leases may be of plans that are no longer configured. */
function refuseUnknown({ plan, provider }: RotationFilter, { plans, providers }: Policy, caller: Operator): void {
  const seen = plans.filter(({ project }) => sees(caller, project));
  const used = caller.project === null ? Object.keys(providers) : [...new Set(seen.map((one) => one.provider))];
  const asked = [
    { at: 'plan', name: plan, known: seen.map(({ name }) => name) },
    { at: 'provider', name: provider, known: used },
  ];
  for (const { at, name, known } of asked)
    if (name !== undefined && !known.includes(name))
      throw new Fault('invalid', `there is no ${at} ${name}; configured: ${known.join(', ') || 'none'}`, { at });
}
