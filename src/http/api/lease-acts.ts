import { z } from 'zod';
import { OWED } from '../../lease/owed.ts';
import { rotatedTo } from '../../lease/rotated.ts';
import type { LeaseStory } from '../../ledger/leases.ts';
import type { KeyRow } from '../../ledger/schema.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { LeaseReply, readLease } from './lease-views.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Duration, Reason, Shown, Time } from './words.ts';

type Deps = Pick<ApiDeps, 'ledger' | 'operations' | 'handover'>;

/**
 * What an operator may do to a lease. Each act is recorded first and settled before the answer, and may be repeated. 200: it is done; 202:
 * it is recorded, and a provider that did not do it now is asked again until it does.
 */
export function leaseActsApi(deps: Deps): ApiRoute[] {
  return [revoke(deps), rotate(deps), retime(deps), suspend(deps), resume(deps), retry(deps), claimLink(deps)];
}

const WithReason = z.strictObject({ reason: Reason });

const REPLIES = { 200: LeaseReply, 202: LeaseReply };

async function reply({ ledger }: Deps, { lease, keys }: LeaseStory, owed: (key: KeyRow) => boolean) {
  const body = { lease: await readLease(ledger, lease.id) };
  return keys.some(owed) ? ({ status: 202, body } as const) : ({ status: 200, body } as const);
}

function revoke(deps: Deps): ApiRoute {
  return route({
    id: 'revokeLease',
    method: 'post',
    path: '/leases/{id}/revoke',
    permission: 'act',
    reach: 'lease',
    summary: 'Take every key of a lease away, for good',
    description:
      'Final: no later event of the booking brings a key back. 200: no key of the lease works any more. 202: it is recorded, and a provider that does not answer now is asked again until it does.',
    params: ById,
    body: WithReason,
    responses: REPLIES,
    handle: async ({ params: { id }, body: { reason } }, caller) =>
      await reply(deps, await deps.operations.revoke(id, { actor: caller.name, reason }), OWED.revoke),
  });
}

function rotate(deps: Deps): ApiRoute {
  return route({
    id: 'rotateLease',
    method: 'post',
    path: '/leases/{id}/rotate',
    permission: 'act',
    reach: 'lease',
    summary: 'Give the holder a new key with the same grant',
    description:
      'Both keys are good for the overlap, never past the window; a key that an earlier rotation left good for a while ends at once. After a leak: `overlap: "0"`. 202: the new key is not there yet, or an old one not yet gone. 409: there can be no new key; the one before it stays.',
    params: ById,
    body: z.strictObject({ overlap: Duration, reason: Reason.optional() }),
    responses: REPLIES,
    faults: ['conflict'],
    handle: async ({ params: { id }, body: { overlap, reason } }, caller) => {
      const story = await deps.operations.rotate(id, { actor: caller.name, overlapMs: overlap, reason });
      const { state, error } = rotatedTo(story);
      if (state === 'failed') throw new Fault('conflict', `there is no new key, and the one before it stays: ${error}`);
      return await reply(deps, story, (key) => state === 'waiting' || OWED.rotate(key));
    },
  });
}

function retime(deps: Deps): ApiRoute {
  return route({
    id: 'retimeLease',
    method: 'post',
    path: '/leases/{id}/retime',
    permission: 'act',
    reach: 'lease',
    summary: "Move the booking's window",
    description:
      "As a newer event of the booking would; the source's next change overrides it. Within what the plan grants; 409 when the booking is over or its key would not follow.",
    params: ById,
    body: z
      .strictObject({ startsAt: Time.optional(), endsAt: Time.optional().meta({ examples: ['2026-01-31T18:00:00Z'] }) })
      .refine(({ startsAt, endsAt }) => startsAt !== undefined || endsAt !== undefined, 'give startsAt, endsAt or both'),
    responses: REPLIES,
    faults: ['conflict'],
    handle: async ({ params: { id }, body }, caller) =>
      await reply(deps, await deps.operations.retime(id, { actor: caller.name, ...body }), OWED.retime),
  });
}

function suspend(deps: Deps): ApiRoute {
  return route({
    id: 'suspendLease',
    method: 'post',
    path: '/leases/{id}/suspend',
    permission: 'act',
    reach: 'lease',
    summary: 'Hold a lease back until it is resumed or its window ends',
    params: ById,
    body: WithReason,
    responses: REPLIES,
    handle: async ({ params: { id }, body: { reason } }, caller) =>
      await reply(deps, await deps.operations.suspend(id, { actor: caller.name, reason }), OWED.suspend),
  });
}

function resume(deps: Deps): ApiRoute {
  return route({
    id: 'resumeLease',
    method: 'post',
    path: '/leases/{id}/resume',
    permission: 'act',
    reach: 'lease',
    summary: 'Let a suspended lease work again',
    params: ById,
    responses: REPLIES,
    handle: async ({ params: { id } }, caller) =>
      await reply(deps, await deps.operations.resume(id, { actor: caller.name }), OWED.resume),
  });
}

function retry(deps: Deps): ApiRoute {
  return route({
    id: 'retryLease',
    method: 'post',
    path: '/leases/{id}/retry',
    permission: 'act',
    reach: 'lease',
    summary: 'Try a failed issue or a delayed revocation again now',
    params: ById,
    responses: REPLIES,
    handle: async ({ params: { id } }, caller) =>
      await reply(deps, await deps.operations.retry(id, { actor: caller.name }), OWED.retry),
  });
}

const ClaimLink = z
  .object({
    url: Shown.meta({ description: 'Give it to the holder yourself; the link before it no longer works.' }),
    code: Shown.optional().meta({ description: 'To be told to the holder another way than the link.' }),
    confirm: z.enum(['none', 'email', 'code']).meta({ description: 'What the page will ask for.' }),
    expiresAt: Time,
  })
  .meta({ id: 'ClaimLink', description: 'Shown once.' });

function claimLink(deps: Deps): ApiRoute {
  return route({
    id: 'makeClaimLink',
    method: 'post',
    path: '/leases/{id}/claim-link',
    permission: 'act',
    reach: 'lease',
    summary: 'Make a new link for a key that nobody claimed yet',
    params: ById,
    responses: { 200: ClaimLink },
    faults: ['gone'],
    handle: async ({ params: { id } }, caller) => {
      const { link, code, confirm, expiresAt } = await deps.handover.claims.reissueLink(id, caller.name);
      return { status: 200, body: { url: link, code, confirm, expiresAt } };
    },
  });
}
