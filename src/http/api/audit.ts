import { z } from 'zod';
import { parseAnchor, verifyAudit } from '../../audit/verify.ts';
import { listAudit } from '../../ledger/lists/audit.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf, paging, Text, Time } from './words.ts';

export const AuditView = z
  .object({
    seq: z.int(),
    at: Time,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry', description: 'One change of state, written in the transaction that made it.' });

const Anchor = z
  .string()
  .regex(/^\d{1,15}:[\w-]*$/, 'must be as an earlier verification gave it, such as 1234:mac')
  .meta({ description: 'The `head` of an earlier verification: with it a database set back to a backup of itself shows.' });

const Sound = z
  .object({
    ok: z.literal(true),
    rows: z.int(),
    head: z.string().meta({ description: 'Keep it elsewhere, as the next `anchor`.' }),
  })
  .meta({ id: 'AuditSound' });

const Unsound = z
  .object({
    ok: z.literal(false),
    seq: z.int().meta({ description: 'The first row that is not as it was written.' }),
    what: z.enum(['changed', 'removed', 'reordered', 'tail cut', 'head forged', 'rolled back']),
  })
  .meta({ id: 'AuditTamperedWith' });

export function auditApi({ ledger, chain }: Pick<ApiDeps, 'ledger' | 'chain'>): ApiRoute[] {
  return [
    route({
      id: 'listAudit',
      method: 'get',
      path: '/audit',
      permission: 'read',
      summary: 'The audit trail, newest first',
      query: z.strictObject({
        ...paging,
        subject: Text.optional().meta({ description: 'What it happened to: an id.' }),
        actor: Text.optional(),
        action: Text.optional().meta({ description: 'Such as lease.revoke.' }),
      }),
      responses: { 200: listOf(AuditView) },
      handle: async ({ query: { limit, cursor, ...filter } }) => ({
        status: 200,
        body: await listAudit(ledger.db, filter, { limit, cursor }),
      }),
    }),
    route({
      id: 'verifyAudit',
      method: 'post',
      path: '/audit/verify',
      permission: 'read',
      summary: 'Read the whole trail and name the first row that was changed, removed or reordered',
      body: z.strictObject({ anchor: Anchor.optional() }),
      responses: { 200: z.discriminatedUnion('ok', [Sound, Unsound]) },
      handle: async ({ body: { anchor } }) => {
        const verdict = await verifyAudit(ledger, chain, anchor === undefined ? {} : { anchor: parseAnchor(anchor) });
        const body = verdict.ok ? { ...verdict, head: `${verdict.head.seq}:${verdict.head.mac}` } : verdict;
        return { status: 200, body };
      },
    }),
  ];
}
