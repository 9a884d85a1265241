import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { isOverdue } from '../../ledger/debts.ts';
import { keyToShow, listDebts, type Debt } from '../../ledger/lists/keys.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { DebtView, viewOfKey } from './key-views.ts';
import { LeaseReply, readLease } from './lease-views.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf, paging, Reason, Text } from './words.ts';

const ByKey = z.strictObject({ keyId: Text });

export function debtsApi({
  ledger,
  operations,
  policy,
  now,
}: Pick<ApiDeps, 'ledger' | 'operations' | 'policy' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'listDebts',
      method: 'get',
      path: '/debts',
      permission: 'read',
      reach: 'own',
      summary: 'Keys that should be dead and are not known to be, the longest owed first',
      description: 'Those whose revocation failed, or is not done five seconds after it was due.',
      query: z.strictObject({ ...paging, provider: Text.optional() }),
      responses: { 200: listOf(DebtView) },
      handle: async ({ query: { limit, cursor, ...filter } }, caller) => {
        const sources = sourcesSeen(caller, policy());
        const listed = await listDebts(ledger.db, { ...filter, sources, now: now() }, { limit, cursor });
        return { status: 200, body: { ...listed, items: listed.items.map((debt) => viewOfDebt(debt, now())) } };
      },
    }),
    route({
      id: 'closeDebt',
      method: 'post',
      path: '/debts/{keyId}/close',
      permission: 'act',
      reach: 'key',
      summary: 'Accept a key that cannot be revoked as gone',
      description: 'For a provider that is no more. Nobody tries again; who closed it and why stays in the audit for ever.',
      params: ByKey,
      body: z.strictObject({ reason: Reason }),
      responses: { 200: LeaseReply },
      faults: ['conflict'],
      handle: async ({ params: { keyId }, body: { reason } }, caller) => {
        const { lease } = await operations.closeDebt(keyId, { actor: caller.name, reason });
        return { status: 200, body: { lease: await readLease(ledger, lease.id) } };
      },
    }),
    route({
      id: 'retryDebt',
      method: 'post',
      path: '/debts/{keyId}/retry',
      permission: 'act',
      reach: 'key',
      summary: 'Try a revocation again now',
      params: ByKey,
      responses: { 200: LeaseReply },
      faults: ['conflict'],
      handle: async ({ params: { keyId } }, caller) => {
        const key = await keyToShow(ledger.db, keyId);
        if (!key) throw new Fault('not_found', `there is no key ${keyId}`);
        if (key.state !== 'revoking') throw new Fault('conflict', `key ${keyId} is ${key.state}; there is nothing to try again`);
        const { lease } = await operations.retry(key.leaseId, { actor: caller.name });
        return { status: 200, body: { lease: await readLease(ledger, lease.id) } };
      },
    }),
  ];
}

export function viewOfDebt(debt: Debt, now: Date): z.output<typeof DebtView> {
  const { revokingAt, source, externalId, holderId, plan } = debt;
  const ageMs = revokingAt ? now.getTime() - revokingAt.getTime() : 0;
  return {
    ...viewOfKey(debt),
    source,
    externalId,
    holderId,
    plan,
    ageSeconds: Math.max(0, Math.floor(ageMs / 1000)),
    overdue: isOverdue(debt, now),
  };
}
