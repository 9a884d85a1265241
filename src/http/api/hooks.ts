import { z } from 'zod';
import { subscribeHook, unsubscribeHook } from '../../handover/hooks.ts';
import { listHookPage } from '../../ledger/lists/hooks.ts';
import { NOTICE_KINDS } from '../../reservation/notice.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Empty, listOf, paging, Shown, Time } from './words.ts';

const HookView = z
  .object({
    id: z.string(),
    url: z.string(),
    kinds: z.array(z.string()).meta({ description: 'Of news; empty means all.' }),
    createdAt: Time,
    disabledAt: Time.nullable(),
  })
  .meta({ id: 'Hook', description: 'An outgoing webhook (Standard Webhooks). It gets news, never a claim link.' });

/** A URL may be as good as a password, so only those see hooks who may make them. */
export function hooksApi(deps: Pick<ApiDeps, 'ledger' | 'sealer' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'listHooks',
      method: 'get',
      path: '/hooks',
      permission: 'config',
      summary: 'Outgoing webhooks, newest first',
      query: z.strictObject(paging),
      responses: { 200: listOf(HookView) },
      handle: async ({ query }) => ({ status: 200, body: await listHookPage(deps.ledger.db, query) }),
    }),
    route({
      id: 'createHook',
      method: 'post',
      path: '/hooks',
      permission: 'config',
      summary: 'Subscribe a webhook to news',
      body: z.strictObject({
        url: z
          .string()
          .min(1)
          .max(2000)
          .meta({ description: 'http or https, without a user in it.', examples: ['https://hooks.example.org/latchkey'] }),
        kinds: z.array(z.enum(NOTICE_KINDS)).max(NOTICE_KINDS.length).default([]).meta({ description: 'All when left out.' }),
      }),
      responses: {
        201: z
          .object({ id: z.string(), secret: Shown.meta({ description: 'Signs what is sent; shown once.' }) })
          .meta({ id: 'NewHook' }),
      },
      handle: async ({ body }, caller) => ({ status: 201, body: await subscribeHook(deps, { ...body, actor: caller.name }) }),
    }),
    route({
      id: 'deleteHook',
      method: 'delete',
      path: '/hooks/{id}',
      permission: 'config',
      summary: 'Send nothing there any more',
      params: ById,
      responses: { 204: Empty },
      handle: async ({ params: { id } }, caller) => {
        await unsubscribeHook(deps, { id, actor: caller.name });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
