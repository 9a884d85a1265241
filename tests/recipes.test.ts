import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closedBy, holdersOf, reviveReservation } from '../src/reservation/fold.ts';
import { engines } from './engines.ts';
import { openHouse, source, type House } from './intake-house.ts';

/** The commands of docs/recipes, run as they stand there: only /usr/local, /etc and /var are folders of this test, and Latchkey is here. */

const run = promisify(execFile);
const pageOf = (name: string) => readFileSync(new URL(`../docs/recipes/${name}.md`, import.meta.url), 'utf8');
const blocksOf = (name: string) => [...pageOf(name).matchAll(/^```bash\n(.*?)^```/gms)].map((match) => match[1]!);

let house: House;
let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-recipes-'));
  for (const folder of ['usr/local/bin', 'etc/latchkey', 'etc/slurm']) mkdirSync(join(root, folder), { recursive: true });
  house = await openHouse(engines[0]!, new Date().toISOString());
});
afterAll(async () => {
  await house.close();
  rmSync(root, { recursive: true });
});

const here = (text: string) =>
  text.replaceAll(/(?<![\w"/])\/(usr\/local|etc|var\/lib)\//g, `${root}/$1/`).replaceAll('https://keys.example.org', house.url);
const environment = (more: Record<string, string> = {}) => ({
  PATH: [join(root, 'usr/local/bin'), process.env['PATH']].join(delimiter),
  TMPDIR: root,
  ...more,
});

/** Scripts are put where their second line says; commands are run. The public key that one prints is what Latchkey knows from then on. */
async function follow(name: string): Promise<void> {
  for (const block of blocksOf(name)) {
    const file = /^#!.*\n# (\/\S+)\n/.exec(block)?.[1];
    if (file) {
      // Scripts that set their own search path find what is installed here.
      writeFileSync(join(root, file), here(block).replace('PATH=/usr/local/bin', `PATH=${join(root, 'usr/local/bin')}`));
      continue;
    }
    const { stdout } = await run('bash', ['-euc', here(block)], { env: environment() });
    const publicKey = /^whpk_\S+$/m.exec(stdout)?.[0];
    if (publicKey) believe(publicKey);
  }
}

const SOURCES = ['scripts', 'slurm', 'librebooking'];
const believe = (publicKey: string) =>
  house.setPolicy({ sources: Object.fromEntries(SOURCES.map((name) => [name, source(name, 'standard', publicKey)])) });
const events = async (name: string) => {
  const rows = await house.db
    .selectFrom('event')
    .selectAll()
    .where('source', '=', name)
    .orderBy('receivedAt')
    .orderBy('id')
    .execute();
  return rows.map(({ type, outcome, externalId }) => `${type} ${externalId} ${outcome}`);
};
const booking = async (name: string, externalId: string) => {
  const row = await house.db
    .selectFrom('reservation')
    .selectAll()
    .where('source', '=', name)
    .where('externalId', '=', externalId)
    .executeTakeFirstOrThrow();
  const state = reviveReservation(row.state);
  return {
    over: closedBy(state) ?? false,
    resource: state.resource?.value,
    holders: holdersOf(state),
    startsAt: state.startsAt?.value,
    endsAt: state.endsAt?.value,
  };
};

beforeAll(() => follow('scripts'));
// The scripts read the machine's clock.
beforeEach(() => house.setNow(new Date().toISOString()));

describe('a script', () => {
  test('signs and posts: a booking comes, and is cancelled', async () => {
    expect(statSync(join(root, 'etc/latchkey/key.pem')).mode & 0o777).toBe(0o600);
    expect(await events('scripts')).toEqual(['created 17 accepted', 'cancelled 17 accepted']);
    expect(await booking('scripts', '17')).toMatchObject({
      over: 'cancelled',
      resource: { id: 'laser', name: 'Laser lab' },
      holders: [{ id: 'ada', name: 'Ada', email: 'ada@example.org' }],
    });
  });

  const send = async (id: string, body: string, env: Record<string, string> = {}) => {
    const child = run('bash', ['-c', `printf %s '${body}' | latchkey-send ${id}`], {
      env: environment({
        LATCHKEY_URL: `${house.url}/webhooks/scripts`,
        LATCHKEY_KEY: join(root, 'etc/latchkey/key.pem'),
        ...env,
      }),
    });
    return await child.then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  };
  const cancelled = JSON.stringify({
    type: 'reservation.cancelled',
    timestamp: new Date().toISOString(),
    data: { reservationId: '18' },
  });

  test('may be repeated, fails with another key, and leaves nothing behind', async () => {
    expect(await send('once', cancelled)).toBe(0);
    expect(await send('once', cancelled)).toBe(0);
    expect((await events('scripts')).filter((event) => event.includes(' 18 '))).toHaveLength(1);
    await run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', join(root, 'other.pem')]);
    expect(await send('twice', cancelled, { LATCHKEY_KEY: join(root, 'other.pem') })).toBe(22);
    expect(readdirSync(root).filter((name) => name.startsWith('tmp.'))).toEqual([]);
  });
});

describe('Slurm', () => {
  const script = async (name: string, env: Record<string, string>) =>
    await run(join(root, `etc/slurm/latchkey-${name}.sh`), [], {
      env: {
        LATCHKEY_URL: `${house.url}/webhooks/slurm`,
        LATCHKEY_KEY: join(root, 'etc/latchkey/key.pem'),
        TMPDIR: root,
        ...env,
      },
    });
  const job = {
    SLURM_CLUSTER_NAME: 'hpc',
    SLURM_JOB_ID: '4711',
    SLURM_JOB_USER: 'ada',
    SLURM_JOB_PARTITION: 'gpu',
    SLURM_JOB_RESTART_COUNT: '0',
  };
  beforeAll(() => follow('slurm'));

  test('a job is a booking from its prolog to its time limit, and its epilog ends it', async () => {
    const limit = Math.floor(Date.now() / 1000) + 7200;
    await script('prolog', { ...job, SLURM_JOB_END_TIME: String(limit) });
    expect(await booking('slurm', 'hpc-4711-0')).toMatchObject({
      over: false,
      resource: { id: 'gpu', type: 'slurm' },
      holders: [{ id: 'ada' }],
      endsAt: new Date(limit * 1000),
    });
    await script('epilog', job);
    expect(await booking('slurm', 'hpc-4711-0')).toMatchObject({ over: 'ended' });
  });

  test('a job that is requeued is another booking; without a limit it has no end', async () => {
    await script('prolog', { ...job, SLURM_JOB_RESTART_COUNT: '1' });
    expect(await booking('slurm', 'hpc-4711-1')).toMatchObject({ over: false, endsAt: undefined });
  });

  test('a job goes on where Latchkey does not answer', async () => {
    await script('prolog', { ...job, SLURM_JOB_ID: '4712', LATCHKEY_URL: `${house.url}/webhooks/nobody` });
    await script('epilog', { ...job, SLURM_JOB_ID: '4712', LATCHKEY_URL: `${house.url}/webhooks/nobody` });
    expect((await events('slurm')).filter((event) => event.includes('4712'))).toEqual([]);
  });
});

describe('LibreBooking', () => {
  /** As its API documentation shows it. */
  const reservation = (ref: string, change: object = {}) => ({
    referenceNumber: ref,
    startDate: later(1),
    endDate: later(3),
    firstName: 'Ada',
    lastName: 'O\'Neil "the first"',
    resourceName: 'Laser 1',
    title: 'Cutting',
    requiresApproval: false,
    userId: 11,
    resourceId: 123,
    ...change,
  });
  const later = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\.\d+Z/, '+0000');
  let listed: readonly object[] | undefined;
  let api: Server;
  beforeAll(async () => {
    await follow('librebooking');
    writeFileSync(join(root, 'etc/latchkey/librebooking-password'), 'pass"word\n');
    api = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const path = request.url!.replace('/Web/Services/index.php', '');
        const known = request.headers['x-booked-sessiontoken'] === 'session-1' && request.headers['x-booked-userid'] === '5';
        const answer = (status: number, json: object) => void response.writeHead(status).end(JSON.stringify(json));
        if (path === '/Authentication/Authenticate') {
          const isAuthenticated = (JSON.parse(body) as { password: string }).password === 'pass"word';
          return answer(200, isAuthenticated ? { sessionToken: 'session-1', userId: 5, isAuthenticated } : { isAuthenticated });
        }
        if (!known) return answer(401, {});
        if (path.startsWith('/Reservations/?')) return answer(200, listed ? { reservations: listed } : { message: 'not now' });
        return answer(200, { owner: { userId: 11, emailAddress: 'ada@example.org' } });
      });
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => api.close(resolve)));

  const poll = async (change: Record<string, string> = {}) => {
    const env = environment({
      LATCHKEY_URL: `${house.url}/webhooks/librebooking`,
      LATCHKEY_KEY: join(root, 'etc/latchkey/key.pem'),
      LIBREBOOKING_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      LIBREBOOKING_USER: 'latchkey',
      LIBREBOOKING_PASSWORD_FILE: join(root, 'etc/latchkey/librebooking-password'),
      ...change,
    });
    return await run('librebooking-poll', [], { env }).then(
      () => 'done',
      () => 'failed',
    );
  };
  const heard = async () => (await events('librebooking')).length;

  test('what is in its list is booked, once; what changes is updated; what vanishes is cancelled', async () => {
    listed = [reservation('a1'), reservation('b2', { requiresApproval: true })];
    expect(await poll()).toBe('done');
    expect(await events('librebooking')).toEqual(['created a1-123 accepted']);
    expect(await booking('librebooking', 'a1-123')).toMatchObject({
      over: false,
      resource: { id: '123', name: 'Laser 1' },
      holders: [{ id: '11', name: 'Ada O\'Neil "the first"', email: 'ada@example.org' }],
    });
    expect(await poll()).toBe('done');
    expect(await heard()).toBe(1);

    const longer = reservation('a1', { endDate: later(5) });
    listed = [longer];
    expect(await poll()).toBe('done');
    expect((await booking('librebooking', 'a1-123')).endsAt).toEqual(new Date(longer.endDate));

    listed = [];
    expect(await poll()).toBe('done');
    expect(await booking('librebooking', 'a1-123')).toMatchObject({ over: 'cancelled' });
    expect(await heard()).toBe(3);
  });

  test('an answer that is no list, or another password, or no Latchkey, cancels and forgets nothing', async () => {
    listed = [reservation('c3')];
    expect(await poll({ LATCHKEY_URL: `${house.url}/webhooks/nobody` })).toBe('failed');
    expect(await poll()).toBe('done');
    listed = undefined;
    expect(await poll()).toBe('failed');
    listed = [];
    writeFileSync(join(root, 'etc/latchkey/another'), 'guessed');
    expect(await poll({ LIBREBOOKING_PASSWORD_FILE: join(root, 'etc/latchkey/another') })).toBe('failed');
    expect(await booking('librebooking', 'c3-123')).toMatchObject({ over: false });
  });

  test('what is over is not cancelled when it leaves the list', async () => {
    listed = [reservation('d4', { startDate: later(-3), endDate: later(-1) })];
    expect(await poll()).toBe('done');
    listed = [reservation('c3')];
    expect(await poll()).toBe('done');
    expect(await booking('librebooking', 'd4-123')).toMatchObject({ over: false });
  });
});
