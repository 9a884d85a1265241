import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloudResourceReservation } from '../src/cli/samples/cloud-resource-reservation.ts';
import { firstStart } from '../src/first-start.ts';
import { startLatchkey, type Latchkey } from '../src/main.ts';
import { silentLog } from '../src/observe/log.ts';
import { Secret } from '../src/secret/secret.ts';
import { readSettings } from '../src/settings.ts';
import { freshFolder } from './databases.ts';

/* What a plan says beside scopes, quota and rate, from the text of the file to the answer of /v1/verify: a whole service, real HTTP. */

const TOKEN = 'lko_operator-token-of-the-rights-tests-0000';
const SECRET = 'signs-what-the-lab-books';
const DAY = 86_400_000;
const soon = { timeout: 20_000, interval: 20 };

const FILE = `
projects:
  lab:
    limits: [1000/minute]
    scopes:
      lab:runs:read: { methods: [GET], endpoints: ["/runs/**"] }
      lab:runs:start: { methods: [POST], endpoints: ["/runs"] }
  shared:
    limits: [2/minute]
sources:
  default: { project: lab, preset: cloud-resource-reservation, secrets: ["\${WEBHOOK_SECRET}"] }
providers:
  local: { driver: builtin }
scopes:
  read: { methods: [GET] }
plans:
  - name: of-nobody
    provider: local
    scopes: { allowed: [read] }
  - name: runs
    project: lab
    provider: local
    scopes: { default: ["lab:runs:*"], allowed: ["lab:runs:*"] }
    rateLimit: none
    limits: [3/minute, { limit: 5, per: day, unit: requests }]
    allowedIps: [10.0.0.0/8]
    deniedIps: [10.0.9.0/24]
    hours: [{ days: [mon-fri], from: "08:00", to: "18:00", zone: Europe/Rome }]
    handover: { confirm: none }
`;

/** A Wednesday, eleven in Rome. */
let at = new Date('2026-01-07T10:00:00Z');
let folder: Awaited<ReturnType<typeof freshFolder>>;
let latchkey: Latchkey;

beforeAll(async () => {
  folder = await freshFolder();
  const config = join(folder.place.dataDir, 'latchkey.yaml');
  writeFileSync(config, FILE);
  const env = {
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://keys.example',
    LATCHKEY_CONFIG: config,
    LATCHKEY_ADMIN_TOKEN: TOKEN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_SECRET: SECRET,
    DATA_DIR: folder.place.dataDir,
  };
  const read = readSettings(env);
  const first = read.ok ? await firstStart(read.settings) : read;
  if (!first.ok) throw new Error(first.problems.join('\n'));
  latchkey = await startLatchkey(first.settings, { now: () => at, log: silentLog, env: () => env });
}, 60_000);
afterAll(async () => {
  await latchkey.close();
  await folder.remove();
});

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(latchkey.url + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}

/** Books for a week, and claims what comes of it. */
async function book(booking: string, parameters: Record<string, unknown> = {}): Promise<{ lease: Lease; key: string }> {
  const sample = {
    type: 'created',
    booking,
    resource: 'r1',
    resourceType: 'API Key',
    email: 'ann@example.org',
    parameters,
  } as const;
  const window = { startsAt: at, endsAt: new Date(at.getTime() + 7 * DAY) };
  const posted = `${latchkey.url}/webhook`;
  const { body, headers } = cloudResourceReservation(
    { ...sample, ...window },
    { secret: new Secret(SECRET), now: at, url: posted },
  );
  await fetch(posted, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const leases = async () => (await ask<{ items: Lease[] }>('GET', '/api/v1/leases')).items;
  const found = async () => (await leases()).find(({ externalId }) => externalId === booking);
  await expect.poll(async () => (await found())?.state, soon).toMatch(/active|refused/);
  const lease = (await found())!;
  if (lease.state === 'refused') return { lease, key: '' };
  const { url } = await ask<{ url: string }>('POST', `/api/v1/leases/${lease.id}/claim-link`);
  const { key } = await ask<{ key: string }>('POST', new URL(url).pathname);
  return { lease, key };
}

interface Lease {
  readonly id: string;
  readonly externalId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly plan: string;
  readonly grant: { readonly scopes: readonly string[] };
}

async function verify(key: string, how: { method?: string; path?: string; ip?: string } = {}): Promise<string> {
  const request = { key, method: 'GET', path: '/runs/7', ip: '10.1.1.1', ...how };
  return (await ask<{ code: string }>('POST', '/v1/verify', request)).code;
}

test('a plan of the project says where, from where, when and how often, and /v1/verify keeps all of it', async () => {
  const { lease, key } = await book('41');
  expect(lease).toMatchObject({ plan: 'runs', grant: { scopes: ['lab:runs:read', 'lab:runs:start'] } });
  expect(await verify(key, { method: 'POST', path: '/runs/7' })).toBe('ENDPOINT_FORBIDDEN');
  expect(await verify(key, { path: '/other' })).toBe('ENDPOINT_FORBIDDEN');
  expect(await verify(key, { ip: '10.0.9.7' })).toBe('IP_FORBIDDEN');
  expect(await verify(key, { ip: '192.0.2.1' })).toBe('IP_FORBIDDEN');
  const now = at;
  for (const [time, open] of [
    ['2026-01-07T16:59:59Z', true],
    ['2026-01-07T17:00:00Z', false],
    ['2026-01-10T10:00:00Z', false],
    ['2026-01-12T06:59:59Z', false],
  ] as const) {
    at = new Date(time);
    expect([time, (await verify(key)) === 'VALID']).toEqual([time, open]);
  }
  at = now;
});

test('further limits hold beside each other', async () => {
  const { key } = await book('42');
  const three = [await verify(key), await verify(key), await verify(key, { method: 'POST', path: '/runs' })];
  expect([...three, await verify(key)]).toEqual(['VALID', 'VALID', 'VALID', 'RATE_LIMITED']);
  at = new Date(at.getTime() + 61_000);
  expect([await verify(key), await verify(key), await verify(key)]).toEqual(['VALID', 'VALID', 'RATE_LIMITED']);
});

test('what the keys of a project share, one uses up for the other', async () => {
  const make = () => ask<{ value: string }>('POST', '/api/v1/projects/shared/keys', { name: 'robot', scopes: ['read'] });
  const [one, other] = [await make(), await make()];
  const codes = [await verify(one.value), await verify(other.value), await verify(one.value), await verify(other.value)];
  expect(codes).toEqual(['VALID', 'VALID', 'RATE_LIMITED', 'RATE_LIMITED']);
  at = new Date(at.getTime() + 61_000);
  expect(await verify(other.value)).toBe('VALID');
});

test('a booking widens none of it: what it asks for beyond the plan is refused, also a wildcard', async () => {
  for (const [id, scopes, reason] of [
    ['43', ['read'], /not granted by plan runs/],
    ['44', ['lab:*'], /"lab:\*" is not granted/],
    ['45', ['lab:runs:stop'], /"lab:runs:stop" does not exist/],
  ] as const)
    expect((await book(id, { scopes })).lease).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
  expect((await book('46', { scopes: ['lab:runs:read'] })).lease.grant.scopes).toEqual(['lab:runs:read']);
});
