import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditVerification, LeaseAnswer, StoryAnswer } from '../src/cli/answers.ts';
import type { Page } from '../src/cli/api.ts';
import { CLI, latchkey } from './cli-world.ts';
import { freshFolder } from './databases.ts';
import { SHORT_LIVED } from './short-lived.ts';

/** The command against the real service, which it has itself started: an operator's afternoon, with nothing configured. */

let env: Record<string, string>;
let service: ChildProcess;
let removeFolder: () => Promise<void>;

beforeAll(async () => {
  const { place, remove } = await freshFolder();
  removeFolder = remove;
  const port = await freePort();
  env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: place.dataDir,
    LATCHKEY_CONFIG: '/dev/null',
    LOG_LEVEL: 'warn',
  };
  env['LATCHKEY_MASTER_KEY'] = Buffer.alloc(32, 7).toString('base64');
  service = spawn(process.execPath, [...SHORT_LIVED, CLI, 'serve'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (let waited = 0; waited < 30_000; waited += 100) {
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (ready?.ok) return;
    await wait(100);
  }
  throw new Error('the service was not ready within 30 s');
});

afterAll(async () => {
  service.kill('SIGKILL');
  await removeFolder();
});

/** The answer of a command with --json. */
async function answer<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await latchkey([...args, '--json'], { env });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

/** The service is asked until it is so, since a command is half a second of work; what is answered is what the command says. */
async function leaseOf(booking: string, state: string): Promise<LeaseAnswer> {
  const headers = { authorization: `Bearer ${readFileSync(join(env['DATA_DIR']!, 'admin.token'), 'utf8').trim()}` };
  const list = async () =>
    (await (await fetch(`http://127.0.0.1:${env['PORT']}/api/v1/leases`, { headers })).json()) as Page<LeaseAnswer>;
  const find = ({ items }: Page<LeaseAnswer>) => items.find((lease) => lease.externalId === booking);
  await expect.poll(async () => find(await list())?.state, { timeout: 20_000, interval: 50 }).toBe(state);
  const found = find(await answer<Page<LeaseAnswer>>('leases', 'list'));
  expect(found?.state).toBe(state);
  return found!;
}

test('a key without a booking is made, found, rotated, changed and taken away', async () => {
  const value = await latchkey(['project-keys', 'create', 'robot', '--days', '3', '--scope', 'read', 'write'], { env });
  expect([value.code, value.stdout]).toEqual([0, expect.stringMatching(/^temp_[0-9A-Za-z]{33}\n$/)]);
  expect(value.stderr).toContain('not shown again');
  const { items } = await answer<Page<{ id: string; name: string }>>('pk', 'list');
  expect(items.map(({ name }) => name)).toEqual(['robot']);
  const { id } = items[0]!;
  const changed = await answer<{ quota: unknown }>('pk', 'update', id, '--quota', '10/day');
  expect(changed.quota).toEqual({ limit: 10, per: 'day' });
  const rotated = await answer<{ value: string; generation: number }>('pk', 'rotate', id, '--overlap', '0');
  expect([rotated.generation, rotated.value === value.stdout.trim()]).toEqual([2, false]);
  expect((await answer<Page<unknown>>('pk', 'report', 'expiring')).items).toHaveLength(1);
  expect((await latchkey(['pk', 'delete', id], { env })).code).toBe(1);
  await answer('pk', 'revoke', id);
  expect((await answer<Page<unknown>>('pk', 'list')).items).toEqual([]);
  expect((await answer<Page<unknown>>('pk', 'list', '--include-inactive')).items).toHaveLength(1);
  await answer('pk', 'delete', id);
  expect((await latchkey(['pk', 'info', id], { env })).code).toBe(1);
});

test('what a key is for, when and how often is said in words of the command line', async () => {
  const often = ['--limit', '5/second', '1000/day', '--metadata', 'group=7b', 'room=2'];
  const when = ['--hours', 'mon-fri 08:00-18:00 Europe/Rome', '10:00-12:00 Europe/Rome'];
  const { id } = await answer<{ id: string }>('pk', 'create', 'narrow', ...often, ...when);
  expect(await answer('pk', 'info', id)).toMatchObject({
    limits: [
      { limit: 5, per: 'second' },
      { limit: 1000, per: 'day' },
    ],
    metadata: { group: '7b', room: '2' },
    hours: [
      { days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00', zone: 'Europe/Rome' },
      { from: '10:00', to: '12:00', zone: 'Europe/Rome' },
    ],
  });
  const { stdout } = await latchkey(['pk', 'config', id], { env });
  expect(stdout).toMatch(/expires +default \d+d longest \d+d never false +global/);
  expect(stdout).toMatch(/limits +5\/second, 1000\/day +key/);
  expect(stdout).toMatch(/shared limits +none +project/);
  expect((await latchkey(['pk', 'create', 'x', '--hours', 'always'], { env })).code).toBe(2);
  await answer('pk', 'delete', id, '--revoke');
});

test('a project is alerted of what an operator says, until that rule is taken away', async () => {
  const list = async () => (await answer<Page<{ id: string; type: string; threshold: number }>>('alert-rules', 'list')).items;
  const before = await list();
  const rule = ['busy', '--type', 'USAGE_ANOMALY', '--operator', 'gt', '--threshold', '5000', '--suspend'];
  const { id, ...made } = await answer<{ id: string }>('alert-rules', 'add', ...rule);
  expect(made).toMatchObject({ operator: 'gt', threshold: 5000, autoSuspend: true, channels: [{ kind: 'webhook' }] });
  expect((await list()).filter(({ type }) => type === 'USAGE_ANOMALY').map((one) => one.threshold)).toEqual([5000]);
  const mailed = await latchkey(['alert-rules', 'add', ...rule, '--email', 'ops@example.org'], { env });
  expect([mailed.code, mailed.stderr]).toEqual([1, expect.stringContaining('SMTP_URL')]);
  await answer('alert-rules', 'remove', id);
  expect(await list()).toEqual(before);
});

test('many keys are made from a table: each that cannot be is told, and the values go into a file that only its maker reads', async () => {
  const place = (name: string) => join(env['DATA_DIR']!, name);
  writeFileSync(place('keys.csv'), 'name,scopes,metadata.group\na,read,7b\nb,root,7b\nc,read;write,7b\n');
  const bulk = (...args: string[]) => latchkey(['pk', 'bulk', ...args], { env });
  const preview = await bulk('create', place('keys.csv'), '--dry-run');
  expect([preview.code, preview.stdout]).toEqual([3, expect.stringContaining('2 would be done, 1 would fail')]);
  // A try that cannot begin leaves no file in the way of the next.
  writeFileSync(place('none.json'), '[]');
  expect((await bulk('create', place('none.json'), '--values', place('values.csv'))).code).toBe(1);
  // Nor does one that was stopped.
  writeFileSync(place('values.csv'), '', { mode: 0o600 });
  const made = await bulk('create', place('keys.csv'), '--values', place('values.csv'));
  expect(made.code).toBe(3);
  expect(made.stdout).toMatch(/2 +3 +scopes: scope "root" does not exist[\s\S]*2 done, 1 failed/);
  expect(statSync(place('values.csv')).mode & 0o777).toBe(0o600);
  const rows = readFileSync(place('values.csv'), 'utf8').trim().split('\r\n');
  expect(rows.map((row) => row.split(',').at(2))).toEqual(['name', 'a', 'c']);
  const post = (path: string, body: object) =>
    fetch(`http://127.0.0.1:${env['PORT']}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect(await (await post('/v1/verify', { key: rows[1]!.split(',').at(-1) })).json()).toMatchObject({ code: 'VALID' });
  expect((await bulk('create', place('keys.csv'), '--values', place('values.csv'))).code).toBe(2);
  const [id] = /blk_\w+/.exec(made.stderr)!;
  const again = await latchkey(['pk', 'bulk-follow', id, '--values', place('again.csv')], { env });
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('were fetched')]);
  writeFileSync(place('ids.json'), JSON.stringify(rows.slice(1).map((row) => ({ id: row.split(',')[1] }))));
  expect(await bulk('revoke', place('ids.json'), '--reason', 'over')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 done, 0 failed'),
  });
});

describe('an afternoon of an operator', () => {
  test('a sent event becomes a lease, which can be explained, rotated, moved, held back and ended', async () => {
    await answer('send', 'started', '--booking', '42', '--ends', '+1h');
    const { id } = await leaseOf('42', 'active');

    const { url } = await answer<{ url: string }>('claim-link', id);
    expect(url).toMatch(new RegExp(`^http://localhost:${env['PORT']}/claim/`));
    await answer('rotate', id, '--overlap', '0');
    await answer('retime', id, '--ends', '+2h');
    const moved = await leaseOf('42', 'active');
    expect(new Date(moved.closesAt!).getTime()).toBeGreaterThan(Date.now() + 90 * 60_000);
    await answer('suspend', id, '--reason', 'a question');
    await leaseOf('42', 'suspended');
    await answer('resume', id);
    await leaseOf('42', 'active');
    await answer('revoke', id, '--reason', 'done');

    const story = await answer<StoryAnswer>('explain', 'default', '42');
    expect(story.leases[0]).toMatchObject({ id, state: 'revoked', revokedBy: { actor: 'admin', reason: 'done' } });
    expect(story.leases[0]!.keys.map((key) => key.state)).toEqual(['revoked', 'revoked']);
    expect((await latchkey(['explain', 'default', '42'], { env })).stdout).toMatch(/Booking 42 of default[\s\S]*Next: /);
  });

  test('the key that verify names is the one that operators know', async () => {
    await answer('send', 'started', '--booking', '45', '--email', 'ada@example.org');
    const { id } = await leaseOf('45', 'active');
    const { url } = await answer<{ url: string }>('claim-link', id);
    const post = async (to: string, body: object) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      return (await (await fetch(to, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as Record<string, string>;
    };
    const { key } = await post(url, { confirmation: 'ada@example.org' });
    const { keyId } = await post(`http://127.0.0.1:${env['PORT']}/v1/verify`, { key });
    const { items } = await answer<Page<{ id: string }>>('keys', 'list', '--lease', id);
    expect(items.map((item) => item.id)).toEqual([keyId]);
    await answer('revoke', id, '--reason', 'done');
  });

  test('all of a plan can be rotated, and is followed to the end', async () => {
    await answer('send', 'started', '--booking', '43');
    await answer('send', 'started', '--booking', '44', '--resource', 'lab-2');
    await Promise.all([leaseOf('43', 'active'), leaseOf('44', 'active')]);
    const { code, stdout } = await latchkey(['rotate', '--plan', 'default', '--overlap', '1h', '--yes', '--json'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'done', total: 2, done: 2, failed: 0 });
  });

  test.each('reservations leases keys events deliveries debts plans providers scopes sources audit'.split(' '))(
    '%s list',
    async (noun) => {
      expect(await answer<Page<unknown>>(noun, 'list')).toMatchObject({ items: expect.any(Array) });
      expect(await latchkey([noun, 'list'], { env })).toMatchObject({ code: 0 });
    },
  );

  test('the filters are known to the service, each of them', async () => {
    for (const args of [
      [
        'reservations',
        'list',
        '--source',
        'default',
        '--external-id',
        '42',
        '--resource-id',
        'lab-1',
        '--closed',
        'false',
        '--troubled',
        'false',
      ],
      [
        'leases',
        'list',
        '--state',
        'active',
        '--plan',
        'default',
        '--provider',
        'builtin',
        '--holder',
        'ada',
        '--source',
        'default',
      ],
      ['keys', 'list', '--state', 'active', '--provider', 'builtin', '--lease', 'lse_1'],
      ['events', 'list', '--source', 'default', '--type', 'started', '--outcome', 'accepted', '--external-id', '42'],
      ['deliveries', 'list', '--state', 'failed', '--channel', 'email', '--lease', 'lse_1'],
      ['debts', 'list', '--provider', 'builtin'],
      ['providers', 'list', '--check', 'true'],
      ['scopes', 'list', '--project', 'default', '--covers', 'shop:*'],
      ['audit', 'list', '--subject', 'lse_1', '--actor', 'admin', '--action', 'lease.revoke'],
    ])
      await answer(...args);
  });

  test('scopes of a document are shown, then made, and go from one catalogue to another', async () => {
    const document = fileURLToPath(new URL('fixtures/openapi/library.yaml', import.meta.url));
    const from = ['scopes', 'from-openapi', document, '--strategy', 'tag_based', '--wildcards', '--ignore-unknown'];
    const shown = await latchkey(from, { env });
    expect(shown).toMatchObject({ code: 0, stderr: 'Nothing was changed: add --apply.\n' });
    expect(shown.stdout).toContain('one name: bibliotheque2:books_media:read of Books & Media, books-media');
    expect((await answer<Page<unknown>>('scopes', 'list', '--covers', 'bibliotheque2:*')).items).toEqual([]);
    expect(await answer(...from, '--apply')).toMatchObject({ applied: true });
    const exported = await answer<{ scopes: { name: string }[] }>('scopes', 'export');
    expect(exported.scopes.map(({ name }) => name)).toContain('bibliotheque2:loans:delete');
    const file = join(env['DATA_DIR']!, 'scopes.json');
    writeFileSync(file, JSON.stringify(exported));
    expect(await answer('scopes', 'import', file)).toMatchObject({ applied: false, unchanged: exported.scopes.length });
    writeFileSync(file, '[{ "name": "shop", "methods": [] }]');
    expect(await latchkey(['scopes', 'import', file], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('scopes[0]: methods: a scope lets at least one method through'),
    });
  });

  test('what does not exist is a failure with the words of the service', async () => {
    const ran = await latchkey(['revoke', 'lse_none', '--reason', 'x'], { env });
    expect(ran).toMatchObject({ code: 1, stderr: 'latchkey: there is no lease lse_none\n' });
  });

  test('the audit is whole, also from an earlier head on', async () => {
    const first = await answer<AuditVerification>('audit', 'verify');
    if (!first.ok) throw new Error(`broken at ${first.seq}`);
    expect(await answer('audit', 'verify', '--anchor', first.head)).toMatchObject({ ok: true });
    const other = `${first.head.slice(0, -1)}${first.head.endsWith('0') ? '1' : '0'}`;
    expect(await latchkey(['audit', 'verify', '--anchor', other], { env })).toMatchObject({ code: 1 });
  });

  test('the API is described, without a token', async () => {
    const { stdout } = await latchkey(['openapi'], { env: { ...env, DATA_DIR: '/nonexistent' } });
    expect(JSON.parse(stdout)).toMatchObject({ openapi: expect.stringMatching(/^3\.1/), paths: expect.any(Object) });
  });

  test('SIGTERM ends it in order, and its port is free', async () => {
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(await latchkey(['leases', 'list'], { env })).toMatchObject({ code: 4 });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
