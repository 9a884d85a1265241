import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aCall, sampleRequest, toolsFor } from '../providers/contract-world.ts';
import type { Driver, IssueRequest } from '../providers/driver.ts';
import { generic } from '../providers/generic/driver.ts';
import { firstStart } from '../src/first-start.ts';
import { mintKey } from '../src/keys/key.ts';
import { startLatchkey, type Latchkey } from '../src/main.ts';
import { silentLog } from '../src/observe/log.ts';
import { readSettings } from '../src/settings.ts';
import { bookingAt, openCampus, type Campus } from './campus.ts';
import { freshFolder } from './databases.ts';

/* One Latchkey as the key manager of another, both real and over HTTP: what is booked at the first is a key that /verify of the second knows. */

const TOKEN = 'lko_operator-token-of-the-second-latchkey';
const MINUTE = 60_000;
const soon = { timeout: 20_000, interval: 20 };

let campus: Campus | undefined;
let second: Latchkey;
let folder: Awaited<ReturnType<typeof freshFolder>>;
/** Both live in the same time. */
const now = () => campus?.now() ?? new Date();

beforeAll(async () => {
  folder = await freshFolder();
  const env = {
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://manager.example',
    LATCHKEY_CONFIG: join(folder.place.dataDir, 'second.yaml'),
    LATCHKEY_ADMIN_TOKEN: TOKEN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_SECRET: 'nobody-books-here',
    DATA_DIR: folder.place.dataDir,
  };
  writeFileSync(
    join(folder.place.dataDir, 'second.yaml'),
    `projects: { default: { keys: { quota: none, rateLimit: none } } }
scopes: { read: { methods: [GET] }, write: { methods: [GET, POST] }, submit: { methods: [POST] } }
`,
  );
  const read = readSettings(env);
  const first = read.ok ? await firstStart(read.settings) : read;
  if (!first.ok) throw new Error(first.problems.join('\n'));
  second = await startLatchkey(first.settings, { now, log: silentLog, env: () => env });
  const config = join(folder.place.dataDir, 'first.yaml');
  writeFileSync(
    config,
    `providers:\n  elsewhere: { driver: generic, preset: latchkey, endpoint: "${second.url}", token: "\${SECOND}" }\n`,
  );
  campus = await openCampus({ env: { LATCHKEY_CONFIG: config, SECOND: TOKEN } });
  // Two whole services start.
}, 120_000);
afterAll(async () => {
  await campus?.close();
  await second.close();
  await folder.remove();
});

/** What the second says of a request with this key. */
async function verify(key: string, method = 'GET', path = '/api/x'): Promise<string> {
  const response = await fetch(`${second.url}/v1/verify`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key, method, path }),
  });
  return ((await response.json()) as { code: string }).code;
}

/** What the second has written down about a key, newest first. */
async function audited(name: string): Promise<string[]> {
  const ask = async <T>(path: string): Promise<T[]> => {
    const response = await fetch(`${second.url}/api/v1${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return ((await response.json()) as { items: T[] }).items;
  };
  const [key] = await ask<{ id: string }>(`/projects/default/keys?name=${name}`);
  const items = await ask<{ action: string; actor: string }>(`/audit?subject=${key!.id}`);
  expect(items.every(({ actor }) => actor === 'admin')).toBe(true);
  return items.map(({ action }) => action);
}

describe('a booking at the first', () => {
  const book = async (id: number, minutes: number) => {
    const { flat } = bookingAt(campus!, id, { minutes, parameters: { scopes: ['read'] } });
    expect((await campus!.post(flat('EVENT_START'))).status).toBe(202);
    await expect.poll(() => campus!.linkFor(`user-${id}@campus.example`), soon).toBeDefined();
    const claimed = await campus!.claim(campus!.linkFor(`user-${id}@campus.example`)!, `user-${id}@campus.example`);
    return { key: claimed.body.key, flat };
  };

  test('opens the door at the second, for what was granted, and its end shuts it', async () => {
    const { key, flat } = await book(901, 60);
    expect(await verify(key)).toBe('VALID');
    expect(await verify(key, 'DELETE')).toBe('INSUFFICIENT_SCOPE');
    await campus!.post(flat('EVENT_END'));
    await expect.poll(() => verify(key), soon).toBe('REVOKED');
  });

  test('ends at the second by its clock, too', async () => {
    const { key } = await book(902, 30);
    expect(await verify(key)).toBe('VALID');
    campus!.forward(31 * MINUTE);
    expect(await verify(key)).toBe('EXPIRED');
    // And is taken away there, as the first knows.
    const living = async () => {
      const { items } = await campus!.adminApi<{ items: { name: string; state: string }[] }>('/keys?provider=elsewhere');
      return items.filter(({ state }) => state !== 'revoked');
    };
    await expect.poll(living, soon).toEqual([]);
  });
});

describe('the driver', () => {
  const call = aCall(new AbortController().signal);
  const driver = () => {
    const config = generic.config.parse({ endpoint: second.url, token: TOKEN, preset: 'latchkey' });
    return generic.open(config, toolsFor('elsewhere')) as Driver<unknown>;
  };
  const hours = (count: number) => new Date(now().getTime() + count * 60 * MINUTE);
  const asked = (changes: Partial<IssueRequest> = {}) =>
    sampleRequest({ secret: mintKey('temp'), window: { opensAt: hours(-1), closesAt: hours(1) }, ...changes });

  test('makes one key, however often, that may do what it should', async () => {
    const request = asked({ name: 'lk-repeated-1', quota: { limit: 2, per: 'reservation' }, lease: 'lse_repeated' });
    const [{ handle }] = await Promise.all([driver().issue(request, call), driver().issue(request, call)]);
    const ref = { name: request.name, handle, secret: null };
    const key = request.secret.reveal();
    expect([await verify(key, 'POST', '/labs/1'), await verify(key, 'GET', '/admin'), await verify(key, 'PUT')]).toEqual([
      'VALID',
      'ENDPOINT_FORBIDDEN',
      'INSUFFICIENT_SCOPE',
    ]);
    expect([await verify(key), await verify(key)]).toEqual(['VALID', 'QUOTA_EXCEEDED']);
    expect(await driver().usage?.(ref, { from: now(), to: now() }, call)).toEqual({ used: 2, limit: 2, refused: 3 });
    expect(await driver().probe?.(ref, call)).toBe('works');
    expect(await audited(request.name)).toEqual(['project-key.put', 'project-key.created']);
  });

  test('moves its window, and makes none where there is none', async () => {
    const request = asked({ name: 'lk-moved-1', lease: 'lse_moved' });
    const { handle } = await driver().issue(request, call);
    const ref = { name: request.name, handle, secret: null };
    await driver().retime?.(ref, { ...request, window: { opensAt: hours(1), closesAt: hours(2) } }, call);
    expect(await verify(request.secret.reveal())).toBe('NOT_YET_VALID');
    await driver().revoke(ref, call);
    await expect(driver().retime?.(ref, request, call)).rejects.toMatchObject({ kind: 'gone' });
    expect(await verify(request.secret.reveal())).toBe('REVOKED');
  });

  test('revokes by name, again and what was never made, and the proof can be read', async () => {
    const request = asked({ name: 'lk-revoked-1', lease: 'lse_revoked' });
    await driver().issue(request, call);
    const ref = { name: request.name, handle: null, secret: null };
    await driver().revoke(ref, call);
    await driver().revoke(ref, call);
    await driver().revoke({ ...ref, name: 'lk-never-1' }, call);
    expect(await driver().probe?.(ref, call)).toBe('gone');
    expect(await verify(request.secret.reveal())).toBe('REVOKED');
    expect(await driver().check(call)).toMatchObject({ ok: true });
    expect(await audited(request.name)).toEqual(['project-key.revoked', 'project-key.created']);
  });

  test('a wrong token, and a key of another form, are told apart', async () => {
    const config = generic.config.parse({ endpoint: second.url, token: 'lko_wrong', preset: 'latchkey' });
    const stranger = generic.open(config, toolsFor('elsewhere'));
    await expect(stranger.check(call)).rejects.toMatchObject({ kind: 'denied' });
    await expect(driver().issue(sampleRequest({ window: asked().window }), call)).rejects.toMatchObject({ kind: 'rejected' });
  });
});
