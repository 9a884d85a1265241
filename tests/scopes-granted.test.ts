import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bookingAt, openCampus, type Campus } from './campus.ts';
import { freshFolder } from './databases.ts';

/* From an OpenAPI document to a gateway's question: the whole service, and nothing restarted in between. */

const PETSTORE = JSON.parse(readFileSync(new URL('fixtures/openapi/petstore.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const soon = { timeout: 30_000, interval: 20 };

let campus: Campus;
let removeFolder: () => Promise<void>;
beforeAll(async () => {
  const { place, remove } = await freshFolder();
  removeFolder = remove;
  const folder = place.dataDir;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'latchkey.yaml');
  writeFileSync(
    file,
    `providers: { local: { driver: builtin } }
plans:
  - name: pets
    provider: local
    scopes: { default: ["petstore:pets:read"], allowed: ["petstore:pets:*"] }
`,
  );
  campus = await openCampus({ env: { LATCHKEY_CONFIG: file } });
});
afterAll(async () => {
  await campus.close();
  await removeFolder();
});

test('the scopes of a document are granted by a plan that allows a wildcard, and a key opens exactly their operations', async () => {
  const made = await campus.adminApi<{ applied: boolean }>('/projects/default/scopes/from-openapi', { document: PETSTORE });
  expect(made.applied).toBe(true);

  const key = await keyFor(1, { scopes: ['petstore:pets:read'] });
  const operations = Object.entries(PETSTORE.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((verb) => verb !== 'parameters')
      .map((verb) => `${verb.toUpperCase()} ${path}`),
  );
  const opened: string[] = [];
  for (const operation of operations) if (await opens(key, operation)) opened.push(operation);
  expect(opened).toEqual(['GET /pets', 'GET /pets/{petId}', 'GET /pets/findByStatus']);
  for (const other of ['GET /', 'GET /pets/1/photos', 'GET /pets/1/2', 'POST /pets', 'GET /orders'])
    expect(await opens(key, other), other).toBe(false);

  // Narrower or wider than the wildcard: never more than it covers.
  expect(await opens(await keyFor(2, { scopes: ['petstore:pets:*'] }), 'DELETE /pets/{petId}')).toBe(true);
  await campus.post(bookingAt(campus, 3, { parameters: { scopes: ['petstore:orders:read'] } }).flat('EVENT_START'));
  const leaseOf = async () =>
    (await campus.adminApi<{ items: { externalId: string; state: string; reason: string }[] }>('/leases')).items.find(
      ({ externalId }) => externalId === '3',
    );
  await expect.poll(leaseOf, soon).toMatchObject({ state: 'refused', reason: expect.stringContaining('petstore:orders:read') });
});

async function keyFor(id: number, parameters: object): Promise<string> {
  await campus.post(bookingAt(campus, id, { parameters }).flat('EVENT_START'));
  await expect.poll(() => campus.linkFor(`user-${id}@campus.example`), soon).toBeDefined();
  const claimed = await campus.claim(campus.linkFor(`user-${id}@campus.example`)!, `user-${id}@campus.example`);
  expect(claimed.status, claimed.body.detail).toBe(200);
  return claimed.body.key;
}

async function opens(key: string, operation: string): Promise<boolean> {
  const [method, path] = operation.split(' ');
  const response = await fetch(`${campus.url()}/v1/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, method, path: `/api/v1${path!.replace(/\{\w+\}/g, '17')}` }),
  });
  return ((await response.json()) as { valid: boolean }).valid;
}
