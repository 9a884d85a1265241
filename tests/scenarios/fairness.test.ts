import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFakeManager, type FakeManager } from '../../providers/generic/fake.ts';
import { bookingAt, openCampus, type Campus } from '../campus.ts';
import { livingKeys, numbersFrom, oneEach, soon } from './sight.ts';

/*
 * Three providers, of which one hangs and one answers "too many" to everything. What is looked at is not how long the third takes but that
 * its leases come to their ends while those of the others have not moved.
 */

const TOKEN = 'token-of-all-managers';
const QUIET = { NOTIFICATION_ENDPOINT: '', WEBHOOK_LOG_ENDPOINT: '', SMTP_URL: '' };
const always = { times: Number.POSITIVE_INFINITY };
/** More than one node settles of a provider at once. */
const CROWD = 120;

let campus: Campus;
let hanging: FakeManager;
let busy: FakeManager;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-fairness-'));
beforeAll(async () => {
  const now = () => campus.now();
  [hanging, busy] = await Promise.all([startFakeManager({ token: TOKEN, now }), startFakeManager({ token: TOKEN, now })]);
  const config = join(folder, 'latchkey.yaml');
  const provider = (endpoint: string, token: string) =>
    `{ driver: generic, endpoint: "${endpoint}", token: "${token}", timeout: 5m }`;
  writeFileSync(
    config,
    `providers:
  quick: ${provider('${API_MANAGEMENT_ENDPOINT}', '${API_MANAGEMENT_TOKEN}')}
  hanging: ${provider(hanging.url, TOKEN)}
  busy: ${provider(busy.url, TOKEN)}
plans:
  - { name: quick, match: { resource: "1" }, provider: quick }
  - { name: hanging, match: { resource: "2" }, provider: hanging }
  - { name: busy, match: { resource: "3" }, provider: busy }
`,
  );
  campus = await openCampus({ env: { ...QUIET, LATCHKEY_CONFIG: config } });
});
afterAll(async () => {
  // Their calls end, and the service need not wait for them.
  await Promise.all([hanging.close(), busy.close()]);
  await campus.close();
  rmSync(folder, { recursive: true });
});

const RESOURCES = { quick: 1, hanging: 2, busy: 3 };
const book = async (at: keyof typeof RESOURCES, ids: readonly number[]) =>
  await Promise.all(
    ids.map((id) => campus.post(bookingAt(campus, id, { minutes: 7 * 60, resource: RESOURCES[at] }).flat('EVENT_START'))),
  );
const end = async (ids: readonly number[]) =>
  await Promise.all(ids.map((id) => campus.post(bookingAt(campus, id).flat('EVENT_END'))));
const quickKeys = () => livingKeys(campus.manager).toSorted();
interface Shown {
  readonly name: string;
  readonly gate: { readonly quietUntil: string | null };
  readonly queue: { readonly calls: number; readonly leasesWaiting: number };
}
const shown = async (name: string) =>
  (await campus.adminApi<{ items: Shown[] }>('/providers')).items.find((provider) => provider.name === name)!;
const rotate = async (provider: string) =>
  (await campus.adminApi<{ id: string }>('/rotations', { provider, overlap: '0', reason: 'fairness' })).id;
const active = async (provider: string) =>
  (await campus.adminApi<{ items: { provider: string }[] }>('/leases?state=active&limit=200')).items.filter(
    (lease) => lease.provider === provider,
  ).length;
const rotated = async (id: string) => await campus.adminApi<{ state: string; done: number }>(`/rotations/${id}`);

test('while all calls to one provider hang, keys of another are made, rotated and taken away', async () => {
  await book('hanging', numbersFrom(100, 5));
  await expect.poll(() => hanging.keys().filter(({ complete }) => complete).length, soon).toBe(5);
  const before = hanging.requests.length;
  hanging.fail({ on: 'any', how: 'hang', ...always });
  await book('hanging', numbersFrom(200, CROWD));
  await rotate('hanging');
  // It has all the calls that it is given at once, and the lane behind them is full.
  await expect
    .poll(async () => {
      const { queue } = await shown('hanging');
      return queue.calls > 1 && queue.leasesWaiting > 0 && hanging.requests.length > before;
    }, soon)
    .toBe(true);

  const ids = numbersFrom(1000, 50);
  await book('quick', ids);
  await expect.poll(quickKeys, soon).toEqual(oneEach(ids));
  // The manager has a key before our books say so, and a rotation takes what is in the books.
  await expect.poll(() => active('quick'), soon).toBe(50);
  const rotation = await rotate('quick');
  await expect.poll(() => rotated(rotation), soon).toMatchObject({ state: 'done', done: 50 });
  await end(ids);
  await expect.poll(quickKeys, soon).toEqual([]);
  expect(hanging.keys()).toHaveLength(5);
  expect((await shown('hanging')).queue.leasesWaiting).toBeGreaterThan(0);
  expect((await fetch(`${campus.url()}/health/ready`)).status).toBe(200);
}, 180_000);

test('while one provider answers "too many" for an hour, keys of another are made and taken away all the time', async () => {
  busy.fail({ on: 'any', how: '429-seconds', ...always });
  await book('busy', numbersFrom(300, CROWD));
  await expect.poll(() => busy.requests.length, soon).toBeGreaterThan(0);
  for (let part = 0; part < 4; part += 1) {
    campus.forward(15 * 60_000);
    const ids = numbersFrom(2000 + part * 10, 5);
    await book('quick', ids);
    await expect.poll(quickKeys, soon).toEqual(oneEach(ids));
    await end(ids);
    await expect.poll(quickKeys, soon).toEqual([]);
  }
  expect(busy.keys()).toEqual([]);
  busy.heal();
  campus.forward(10 * 60_000);
  await expect.poll(() => busy.keys().filter(({ complete }) => complete).length, soon).toBeGreaterThan(0);
}, 180_000);
