import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { firstStart } from '../src/first-start.ts';
import { startLatchkey, type Latchkey } from '../src/main.ts';
import { silentLog } from '../src/observe/log.ts';
import { readSettings } from '../src/settings.ts';
import { freshFolder } from './databases.ts';
import { sourceOf } from './fixtures/source.ts';

/* A calendar, and nothing else: a whole service reads it, and a door opens. Real HTTP; only the clock is ours. */

const TOKEN = 'lko_operator-token-of-the-calendar-tests-00';
const soon = { timeout: 30_000, interval: 50 };
const MINUTE = 60_000;

let at = new Date('2026-03-10T08:00:00Z');
let calendar = '';
let server: Server;
let folder: Awaited<ReturnType<typeof freshFolder>>;
let latchkey: Latchkey;

const EVENT = [
  'BEGIN:VEVENT',
  'UID:hour@lab',
  'DTSTART;TZID=Europe/Rome:20260310T100000',
  'DTEND;TZID=Europe/Rome:20260310T120000',
  'ATTENDEE;CN=Ann:mailto:ann@example.org',
  'END:VEVENT',
];
const written = (...lines: string[]): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');

beforeAll(async () => {
  calendar = written(...EVENT);
  server = createServer((_request, response) => void response.end(calendar)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  folder = await freshFolder();
  const config = join(folder.place.dataDir, 'latchkey.yaml');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/private.ics`;
  writeFileSync(
    config,
    JSON.stringify({
      sources: { microscope: { ical: { url, zone: 'Europe/Rome', resource: 'microscope-1' } } },
      providers: { local: { driver: 'builtin' } },
      scopes: { read: { methods: ['GET'] } },
      plans: [
        {
          name: 'hours',
          match: { resource: 'microscope-*' },
          provider: 'local',
          scopes: { allowed: ['read'] },
          handover: { confirm: 'none' },
        },
      ],
    }),
  );
  const env = {
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://keys.example',
    LATCHKEY_CONFIG: config,
    LATCHKEY_ADMIN_TOKEN: TOKEN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    DATA_DIR: folder.place.dataDir,
  };
  const read = readSettings(env);
  const first = read.ok ? await firstStart(read.settings) : read;
  if (!first.ok) throw new Error(first.problems.join('\n'));
  latchkey = await startLatchkey(first.settings, { now: () => at, log: silentLog, env: () => env });
}, 120_000);
afterAll(async () => {
  await latchkey.close();
  await folder.remove();
  server.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- tests read what came over the wire
async function ask(method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(latchkey.url + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return await response.json();
}

const opens = async (key: string): Promise<boolean> =>
  (await ask('POST', '/v1/verify', { key, method: 'GET', path: '/api/x' })).valid;

test('a calendar opens the door in the hour that is booked, and not after the hour vanished', async () => {
  // The clock of the service reads it by itself.
  await expect
    .poll(async () => (await ask('GET', '/api/v1/sources')).items[0].poll, soon)
    .toMatchObject({ kind: 'ical', bookings: 1, error: null, failures: 0 });
  const lease = async () => (await ask('GET', '/api/v1/leases')).items[0];
  expect(await lease()).toMatchObject({ holderId: 'ann@example.org' });
  at = new Date('2026-03-10T09:00:00Z');
  await expect.poll(async () => (await lease()).state, soon).toBe('active');
  const { url } = await ask('POST', `/api/v1/leases/${(await lease()).id}/claim-link`);
  const { key } = await ask('POST', new URL(url).pathname, {});
  expect(await opens(key)).toBe(true);

  calendar = written();
  at = new Date(at.getTime() + 5 * MINUTE);
  expect(await ask('POST', '/api/v1/sources/microscope/poll', {})).toMatchObject({ missing: 1, cancelled: 0 });
  expect(await opens(key)).toBe(true);
  expect(await ask('POST', '/api/v1/sources/microscope/poll', {})).toMatchObject({ missing: 1, cancelled: 1 });
  await expect.poll(async () => await opens(key), soon).toBe(false);
}, 120_000);

test('nothing can be posted there, and only an address that tells nothing is shown', async () => {
  const posted = await fetch(`${latchkey.url}/webhooks/microscope`, { method: 'POST', body: '{}' });
  expect(posted.status).toBe(404);
  expect((await ask('GET', '/api/v1/sources/microscope')).path).toBeNull();
  const recording = await ask('PUT', '/api/v1/sources/microscope/recording', { for: '10m' });
  expect(recording).toMatchObject({
    status: 409,
    detail: 'source microscope takes no webhooks: there is nothing to record of it',
  });
  const sources = JSON.stringify(await ask('GET', '/api/v1/sources'));
  const metrics = await (await fetch(`${latchkey.url}/metrics`)).text();
  expect(metrics).toMatch(/latchkey_polls_total\{source="microscope",outcome="read"\} [1-9]/);
  expect(metrics).toContain('latchkey_poll_bookings{source="microscope"} 0');
  expect(sources + metrics).not.toContain('private.ics');
});

test('what docs/polling.md says to write can be written', () => {
  const page = readFileSync(new URL('../docs/polling.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) =>
    text!.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) =>
      name.endsWith('CALENDAR') ? 'https://example.org/x.ics' : 'a-secret',
    ),
  );
  const entries = blocks.flatMap((text) => Object.entries((parse(text) as { sources: Record<string, object> }).sources));
  expect(entries.map(([name, entry]) => sourceOf(entry, { name }).poll?.kind)).toEqual(['ical', 'ical', 'json']);
  const [, rooms] = entries.map(([name, entry]) => sourceOf(entry, { name }));
  const event = {
    id: 'a',
    status: 'confirmed',
    location: 'r',
    start: '2026-03-10T09:00:00Z',
    end: '2026-03-10T10:00:00Z',
    summary: null,
  };
  const mapped = (description: string | null) =>
    rooms!.mapping.map({ calendar: {}, events: [{ ...event, description }] }, { now: at });
  expect(mapped('Booked by: ann@example.org')).toMatchObject([
    { outcome: 'accepted', event: { holders: [{ id: 'ann@example.org' }] } },
  ]);
  expect(mapped(null)).toMatchObject([{ outcome: 'accepted', event: { holders: undefined } }]);
});
