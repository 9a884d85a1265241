import { z } from 'zod';
import type { Operator } from '../../access/operators.ts';
import { bulkProgress, findBulk, pageItems } from '../../ledger/bulks.ts';
import { keysOfGroup } from '../../ledger/project-keys-many.ts';
import type { BulkRow } from '../../ledger/schema.ts';
import type { BulkAsked } from '../../managed/bulk/bulks.ts';
import { Fault } from '../../reservation/fault.ts';
import { writeCsv } from '../../csv/write.ts';
import { COLUMNS, itemsOfTable } from './bulk-table.ts';
import {
  BulkItemView,
  BulkPreview,
  BulkStarted,
  BulkValues,
  BulkView,
  itemView,
  previewOf,
  VALUE_COLUMNS,
} from './bulk-views.ts';
import { BulkBody, MOST_ITEMS, readItems, VERBS } from './bulk-words.ts';
import type { ApiDeps } from './deps.ts';
import { InProject } from './project-key-words.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Flag, listOf, paging, Reason } from './words.ts';

type BulkDeps = Pick<ApiDeps, 'ledger' | 'bulks' | 'now'>;

/** Many keys at once, with a result for each. */
export function bulkApi(deps: BulkDeps): ApiRoute[] {
  return [startRoute(deps), getRoute(deps), itemsRoute(deps), valuesRoute(deps)];
}

const BulkQuery = z.strictObject({
  verb: z.enum(VERBS).optional(),
  dryRun: Flag.optional(),
  reason: Reason.optional(),
});
type Asked = z.output<typeof BulkBody> & Omit<z.output<typeof BulkQuery>, 'verb'>;

function startRoute(deps: BulkDeps): ApiRoute {
  return route({
    id: 'startBulk',
    method: 'post',
    path: '/projects/{project}/keys/bulk',
    permission: 'act',
    summary: `Make, change or revoke up to ${MOST_ITEMS} keys`,
    description: `With \`dryRun\` nothing is written, and each item is answered with what would become of it. Else it goes on in the background and over restarts: 202 with its id. An item that cannot be done is its own result and stops no other; more keys than the project may make now are refused at once. As a table (text/csv) the columns are: ${COLUMNS}.`,
    params: InProject,
    query: BulkQuery,
    body: BulkBody,
    largestBody: 8 * 1024 * 1024,
    table: itemsOfTable,
    responses: { 200: BulkPreview, 202: BulkStarted },
    handle: async ({ params: { project }, query, body }, { name: actor }) => {
      const said = { ...body, ...query };
      const { verb, reason } = said;
      if (!verb) throw new Fault('invalid', `verb: say which: ${VERBS.join(', ')}`, { at: 'verb' });
      const items = await readItems(verb, { items: await itemsOf(deps, project, said), lines: said.lines });
      const asked: BulkAsked = { project, verb, reason, actor, items };
      if (said.dryRun) return { status: 200, body: previewOf(verb, await deps.bulks.judge(asked)) };
      return { status: 202, body: { id: await deps.bulks.start(asked), total: items.length } };
    },
  });
}

/** Those that are named, or those of the group. */
async function itemsOf({ ledger, now }: BulkDeps, project: string, { items, group, verb }: Asked) {
  if ((items === undefined) === (group === undefined))
    throw new Fault('invalid', 'body: give items, or a group', { at: 'items' });
  if (items) return items;
  if (verb !== 'revoke') throw new Fault('invalid', 'group: only to revoke', { at: 'group' });
  const ids = await keysOfGroup(ledger.db, project, { group: group!, now: now(), limit: MOST_ITEMS });
  if (ids.length === 0) throw new Fault('not_found', `no key of project ${project} is like that`);
  return ids.map((id) => ({ id }));
}

function getRoute({ ledger }: BulkDeps): ApiRoute {
  return route({
    id: 'getBulk',
    method: 'get',
    path: '/bulk/{id}',
    permission: 'read',
    reach: 'own',
    summary: 'How far it is',
    params: ById,
    responses: { 200: BulkView },
    handle: async ({ params: { id } }, caller) => {
      const bulk = await mustFind(ledger, id, caller);
      return { status: 200, body: { ...bulk, ...(await bulkProgress(ledger.db, id)) } };
    },
  });
}

function itemsRoute({ ledger }: BulkDeps): ApiRoute {
  return route({
    id: 'listBulkItems',
    method: 'get',
    path: '/bulk/{id}/items',
    permission: 'read',
    reach: 'own',
    summary: 'What became of each item, in their order',
    params: ById,
    query: z.strictObject({
      limit: paging.limit,
      cursor: z
        .string()
        .regex(/^\d{1,9}$/, 'must be as `next` of the answer before')
        .optional()
        .meta({ description: 'As `next` of the answer before.' }),
      state: z.enum(['waiting', 'done', 'failed']).optional(),
    }),
    responses: { 200: listOf(BulkItemView) },
    handle: async ({ params: { id }, query: { limit, cursor = '0', state } }, caller) => {
      await mustFind(ledger, id, caller);
      const rows = await pageItems(ledger.db, id, { after: Number(cursor), limit, state });
      const next = rows.length < limit ? null : String(rows.at(-1)!.place);
      return { status: 200, body: { items: rows.map(itemView), next } };
    },
  });
}

function valuesRoute({ ledger, bulks }: BulkDeps): ApiRoute {
  return route({
    id: 'fetchBulkValues',
    method: 'post',
    path: '/bulk/{id}/values',
    permission: 'act',
    reach: 'own',
    summary: 'The values of the keys that were made, once',
    description:
      'After its end, for a day. A second time is 410, for everybody: from the first on they are kept nowhere. With format=csv as a table.',
    params: ById,
    query: z.strictObject({ format: z.enum(['json', 'csv']).default('json') }),
    responses: { 200: BulkValues },
    faults: ['conflict', 'gone'],
    handle: async ({ params: { id }, query: { format } }, caller) => {
      const values = await bulks.fetchValues(await mustFind(ledger, id, caller), caller.name);
      if (format === 'json') return { status: 200, body: { items: [...values] } };
      const rows = values.map((one) => [String(one.place), one.id, one.name, one.owner, one.value.reveal()]);
      return { status: 200, body: writeCsv(VALUE_COLUMNS, rows), type: 'text/csv' };
    },
  });
}

async function mustFind({ db }: Pick<ApiDeps['ledger'], 'db'>, id: string, caller: Operator): Promise<BulkRow> {
  const bulk = await findBulk(db, id);
  if (!bulk || (caller.project !== null && bulk.project !== caller.project))
    throw new Fault('not_found', `there is no bulk ${id}`);
  return bulk;
}
