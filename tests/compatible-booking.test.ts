import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aCall, sampleRequest, toolsFor } from '../providers/contract-world.ts';
import type { Driver, IssueRequest } from '../providers/driver.ts';
import { generic } from '../providers/generic/driver.ts';
import { firstStart } from '../src/first-start.ts';
import { startLatchkey, type Latchkey } from '../src/main.ts';
import { silentLog } from '../src/observe/log.ts';
import { Secret } from '../src/secret/secret.ts';
import { readSettings } from '../src/settings.ts';
import { bookingAt, openCampus, type Campus } from './campus.ts';
import { freshFolder } from './databases.ts';

/* A booking at one Latchkey, whose provider is another one behind the key-management contract: both real, over HTTP, on one clock. */

const TOKEN = 'lko_operator-token-of-the-second-latchkey';
const soon = { timeout: 30_000, interval: 20 };
const CONFIG = `scopes:
  read: { methods: [GET] }
  write: { methods: [GET, POST, PUT, PATCH] }
  admin: { methods: [GET, POST, PUT, PATCH, DELETE] }
`;

let campus: Campus | undefined;
let second: Latchkey;
let folder: Awaited<ReturnType<typeof freshFolder>>;
const now = () => campus?.now() ?? new Date();

beforeAll(async () => {
  folder = await freshFolder();
  const { dataDir } = folder.place;
  writeFileSync(join(dataDir, 'second.yaml'), CONFIG);
  const env = {
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://manager.example',
    LATCHKEY_CONFIG: join(dataDir, 'second.yaml'),
    LATCHKEY_ADMIN_TOKEN: TOKEN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_SECRET: 'nobody-books-here',
    DATA_DIR: dataDir,
  };
  const read = readSettings(env);
  const first = read.ok ? await firstStart(read.settings) : read;
  if (!first.ok) throw new Error(first.problems.join('\n'));
  second = await startLatchkey(first.settings, { now, log: silentLog, env: () => env });
  campus = await openCampus({ env: { API_MANAGEMENT_ENDPOINT: second.url, API_MANAGEMENT_TOKEN: TOKEN } });
  // Two whole services start.
}, 120_000);
afterAll(async () => {
  await campus?.close();
  await second.close();
  await folder.remove();
});

const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };

/** What the second says of a request with this key. */
async function door(key: string, method = 'GET', path = '/api/x'): Promise<string> {
  const body = JSON.stringify({ key, method, path });
  const response = await fetch(`${second.url}/v1/verify`, { method: 'POST', headers, body });
  return ((await response.json()) as { code: string }).code;
}

const listed = async () => {
  const response = await fetch(`${second.url}/api/keys`, { headers });
  return ((await response.json()) as { api_keys: { name: string }[] }).api_keys;
};

describe('a booking at the first', () => {
  test('makes one key at the second however often it is told, for what was granted, and its end revokes it', async () => {
    const parameters = { scopes: ['read'], endpoints: ['/api/**'], quota: 3, rate_limit: '100/hour' };
    const { flat } = bookingAt(campus!, 41, { minutes: 60, parameters });
    const told = await Promise.all([1, 2, 3].map(() => campus!.post(flat('EVENT_START'))));
    expect(told.map(({ status }) => status)).toEqual([202, 202, 202]);
    await expect.poll(() => campus!.linkFor('user-41@campus.example'), soon).toBeDefined();
    const { body } = await campus!.claim(campus!.linkFor('user-41@campus.example')!, 'user-41@campus.example');
    expect(await listed()).toHaveLength(1);
    expect([await door(body.key, 'DELETE'), await door(body.key, 'GET', '/other')]).toEqual([
      'INSUFFICIENT_SCOPE',
      'ENDPOINT_FORBIDDEN',
    ]);
    expect([await door(body.key), await door(body.key), await door(body.key)]).toEqual(['VALID', 'VALID', 'VALID']);
    expect(await door(body.key)).toBe('QUOTA_EXCEEDED');
    await campus!.post(flat('EVENT_END'));
    await expect.poll(() => door(body.key), soon).toBe('REVOKED');
    expect(await listed()).toEqual([]);
  });
});

describe('the driver', () => {
  const call = aCall(new AbortController().signal);
  const driver = () => {
    const config = generic.config.parse({ endpoint: second.url, token: TOKEN, preset: 'seed' });
    return generic.open(config, toolsFor('elsewhere')) as Driver<unknown>;
  };
  const hours = (count: number) => new Date(now().getTime() + count * 3_600_000);
  const asked = (changes: Partial<IssueRequest> = {}) =>
    sampleRequest({
      secret: new Secret(`temp_0123456789abcdef_${randomBytes(8).toString('hex')}`),
      window: { opensAt: hours(-1), closesAt: hours(1) },
      scopes: ['read', 'write'],
      methodsByScope: { read: ['GET'], write: ['GET', 'POST', 'PUT', 'PATCH'] },
      endpoints: ['/api/**', '/labs/*'],
      quota: { limit: 50, per: 'month' },
      rateLimit: { limit: 2, per: 'hour' },
      ...changes,
    });

  test('makes one key, also when its answer was lost, that is limited from the first moment on', async () => {
    const request = asked();
    const [{ handle }] = await Promise.all([driver().issue(request, call), driver().issue(request, call)]);
    await driver().issue(request, call);
    const ref = { name: request.name, handle, secret: request.secret };
    const key = request.secret.reveal();
    expect([await door(key, 'POST', '/labs/1'), await door(key, 'GET', '/labs/1/2'), await door(key, 'DELETE')]).toEqual([
      'VALID',
      'ENDPOINT_FORBIDDEN',
      'INSUFFICIENT_SCOPE',
    ]);
    expect([await door(key), await door(key)]).toEqual(['VALID', 'RATE_LIMITED']);
    expect(await driver().usage?.(ref, { from: now(), to: now() }, call)).toMatchObject({ used: 2, limit: 50, refused: 1 });
    expect(await driver().probe?.(ref, call)).toBe('works');
    const later = { ...request, window: { ...request.window, closesAt: hours(3) } };
    await driver().retime?.(ref, later, call);
    await driver().revoke(ref, call);
    await driver().revoke(ref, call);
    expect([await door(key), await driver().probe?.(ref, call)]).toEqual(['REVOKED', 'gone']);
    expect(await driver().check(call)).toMatchObject({ ok: true });
  });

  test('a plan that the second does not grant makes no key', async () => {
    const request = asked({ scopes: ['root'], methodsByScope: { root: ['GET'] } });
    await expect(driver().issue(request, call)).rejects.toMatchObject({ kind: 'rejected' });
    expect(await door(request.secret.reveal())).toBe('NOT_FOUND');
  });
});
