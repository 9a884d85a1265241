import { afterAll, beforeAll, expect, test } from 'vitest';
import { addOperator } from '../src/access/roster.ts';
import type { Secret } from '../src/secret/secret.ts';
import { openApiHouse, type ApiHouse } from './api-house.ts';
import { engines } from './engines.ts';

let house: ApiHouse;
let lab: Secret;
const KEYS = '/projects/default/keys';

beforeAll(async () => {
  house = await openApiHouse(engines[0]!);
  const by = { ledger: house.ledger, now: house.deps.now };
  lab = (await addOperator(by, { name: 'lab-1', role: 'operator', project: 'lab', actor: 'admin' })).token;
});
afterAll(() => house.close());

const TABLE = [
  '\uFEFFname,owner,scopes,rateLimit,expiresIn,metadata.group',
  '"Ann, B.",ann,read write,10/minute,7d,7b',
  'bob,bob,root,10/minute,7d,7b',
  'carl,carl,read;write,much,7d,7b',
  '=cmd|calc,dora,read,,30d,7c',
].join('\r\n');

async function table(text: string, query: string, as: Secret = house.tokens.operator) {
  const response = await fetch(`${house.url}/api/v1${KEYS}/bulk?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as.reveal()}`, 'content-type': 'text/csv; charset=utf-8' },
    body: text,
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- as it came over the wire
  return { status: response.status, body: (await response.json()) as any };
}

test('a table is judged row by row, then done, and its values are given once, as a table that runs nothing', async () => {
  const dry = await table(TABLE, 'verb=create&dryRun=true');
  expect([dry.status, dry.body.ok, dry.body.failed]).toEqual([200, 2, 2]);
  expect(dry.body.items.map(({ line, state, at }: { line: number; state: string; at?: string }) => [line, state, at])).toEqual([
    [2, 'ok', undefined],
    [3, 'failed', 'scopes'],
    [4, 'failed', 'rateLimit'],
    [5, 'ok', undefined],
  ]);
  expect((await house.get(KEYS)).body.items).toEqual([]);

  const started = await table(TABLE, 'verb=create');
  expect(started.status).toBe(202);
  const { id } = started.body;
  expect((await house.post(`/bulk/${id}/values`)).status).toBe(409);
  await house.bulks.run(id);
  expect((await house.get(`/bulk/${id}`)).body).toMatchObject({
    state: 'done',
    total: 4,
    done: 2,
    failed: 2,
    values: 2,
    actor: 'operator-1',
  });
  const page = await house.get(`/bulk/${id}/items?limit=3`);
  expect([page.body.items.length, page.body.next]).toEqual([3, '3']);
  const failed = await house.get(`/bulk/${id}/items?state=failed`);
  expect(failed.body.items.map(({ line }: { line: number }) => line)).toEqual([3, 4]);

  expect((await house.post(`/bulk/${id}/values`, {}, { as: house.tokens.viewer })).status).toBe(403);
  const values = await house.post(`/bulk/${id}/values?format=csv`);
  expect(values.headers.get('content-type')).toContain('text/csv');
  const [header, ann, dora] = values.text.split('\r\n');
  expect(header).toBe('place,id,name,owner,value');
  expect(ann).toMatch(/^1,pky_\w+,"Ann, B.",ann,\w+_\w{33}$/);
  expect(dora).toMatch(/^4,pky_\w+,'=cmd\|calc,dora,/);
  expect((await house.builtin.verify({ key: ann!.split(',').at(-1)!, method: 'POST', path: '/x' })).code).toBe('VALID');
  expect((await house.post(`/bulk/${id}/values`)).status).toBe(410);
});

test('keys are changed and revoked by JSON, and a whole group after a look at it', async () => {
  const [, , ann] = (await house.get(KEYS)).body.items.toReversed().map(({ id }: { id: string }) => id) as string[];
  expect(ann).toBeUndefined();
  const [dora, first] = (await house.get(KEYS)).body.items as { id: string; metadata: unknown }[];
  expect([first!.metadata, dora!.metadata]).toEqual([{ group: '7b' }, { group: '7c' }]);
  const changed = await house.post(`${KEYS}/bulk`, {
    verb: 'update',
    items: [{ id: first!.id, owner: 'eve' }, { owner: 'eve' }],
  });
  await house.bulks.run(changed.body.id);
  expect((await house.get(`/bulk/${changed.body.id}`)).body).toMatchObject({ done: 1, failed: 1 });
  expect((await house.get(`${KEYS}/${first!.id}`)).body.owner).toBe('eve');
  const group = { verb: 'revoke', group: { metadata: { group: '7c' } }, reason: 'the course is over' };
  const seen = await house.post(`${KEYS}/bulk`, { ...group, dryRun: true });
  expect(seen.body).toMatchObject({ total: 1, ok: 1, items: [{ id: dora!.id }] });
  const revoked = await house.post(`${KEYS}/bulk`, group);
  await house.bulks.run(revoked.body.id);
  const states = (await house.get(KEYS)).body.items.map(({ id, state }: { id: string; state: string }) => [id, state]);
  expect(states).toEqual([
    [dora!.id, 'revoked'],
    [first!.id, 'active'],
  ]);
});

test.each([
  ['name,colour\na,b\n', 'verb=create', 'line 1, column colour: there is no such column; known: id, name'],
  ['name,name\na,b\n', 'verb=create', 'line 1, column name: this column is there twice'],
  ['name\na\n', '', 'verb: say which: create, update, revoke'],
])('%j is refused as a whole, with its place', async (text, query, want) => {
  const { status, body } = await table(text, query);
  expect([status, body.detail]).toEqual([400, expect.stringContaining(want)]);
});

test('what is none of it is refused, and another project sees nothing of it', async () => {
  const bodies = [
    { verb: 'create' },
    { verb: 'create', group: { owner: 'a' } },
    { verb: 'revoke', group: {} },
    { verb: 'create', items: [] },
  ];
  for (const body of bodies) expect((await house.post(`${KEYS}/bulk`, body)).status).toBe(400);
  expect((await house.post(`${KEYS}/bulk`, { verb: 'revoke', group: { owner: 'nobody' } })).status).toBe(404);
  const { body } = await house.post(`${KEYS}/bulk`, { verb: 'create', items: [{ name: 'a', scopes: ['read'] }] });
  for (const path of [`/bulk/${body.id}`, `/bulk/${body.id}/items`])
    expect((await house.get(path, { as: lab })).status).toBe(404);
  expect((await house.post(`/bulk/${body.id}/values`, {}, { as: lab })).status).toBe(404);
  expect((await house.post(`${KEYS}/bulk`, { verb: 'revoke', items: [{ id: 'x' }] }, { as: lab })).status).toBe(404);
});
