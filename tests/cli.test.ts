import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { TrialAnswer } from '../src/cli/answers.ts';
import { key, lease, plan, provider, reply, story, trial } from './cli-answers.ts';
import { CLI, latchkey, problem, startStandIn, type Answered, type StandIn } from './cli-world.ts';

const TOKEN = 'lko_token-of-an-operator';
const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

let service: StandIn;
afterEach(async () => await service?.close());

const serve = async (routes: Parameters<typeof startStandIn>[0]) => (service = await startStandIn(routes));
/** A command against the stand-in. */
const run = (args: string, env: Record<string, string> = {}) =>
  latchkey(args.split(' '), { env: { PUBLIC_URL: service.url, LATCHKEY_ADMIN_TOKEN: TOKEN, ...env } });

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('every command', () => {
  test('is listed by --help, with the exit codes that scripts can rely on', async () => {
    const { code, stdout } = await latchkey(['--help']);
    expect(code).toBe(0);
    for (const verb of 'serve check demo send explain leases keys events deliveries debts strays revoke rotate retime inventory replay audit'.split(
      ' ',
    ))
      expect(stdout).toContain(`\n  ${verb}`);
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}4 .*\n {2}5 /);
  });

  test.each([
    ['an unknown command', ['nonsense'], 'unknown command'],
    ['nothing at all', [], 'Usage:'],
    ['an act without its reason', ['revoke', 'lse_1'], '--reason'],
    ['a time without a zone', ['retime', 'lse_1', '--ends', '2026-01-01T10:00'], 'Write 2026'],
    ['a URL that is none', ['leases', 'list', '--url', 'nowhere'], '--url is not a URL'],
    ['an anchor that is none', ['audit', 'verify', '--anchor', 'x'], '1234:mac'],
    ['one lease and a plan at once', ['rotate', 'lse_1', '--plan', 'lab'], 'Give one lease'],
  ])('%s is a mistake of usage: code 2, and stdout stays empty', async (_name, args, said) => {
    const ran = await latchkey(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
  });

  test.each([
    ['an unknown command', ['nonsense', '--json'], "unknown command 'nonsense'"],
    ['no command', ['--json'], 'see --help'],
    ['half a command', ['leases', '--json'], 'see --help'],
    ['an act without its reason', ['revoke', 'lse_1', '--json'], "required option '--reason <text>' not specified"],
    ['a wrong value', ['--json', 'retime', 'lse_1', '--ends', 'x'], "'--ends <instant>' argument 'x' is invalid"],
    ['what the command itself finds', ['rotate', '--json'], 'Give one lease'],
  ])('with --json a mistake of usage is one JSON value on stdout: %s', async (_name, args, said) => {
    const { code, stdout, stderr } = await latchkey(args);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: { message: expect.stringContaining(said) } });
    expect(stderr).not.toBe('');
  });

  test('wrong settings are told all at once, and nothing is done', async () => {
    const ran = await latchkey(['leases', 'list'], { env: { PORT: 'many', API_MANAGEMENT_TIMEOUT: 'long' } });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(/PORT must be[\s\S]*API_MANAGEMENT_TIMEOUT must be/);
  });

  test.each<[string, Answered, number, string]>([
    ['an unknown token', problem(401, 'This operator token is not known.'), 4, 'not known. Give the token with --token'],
    ['a role that may not', problem(403, 'The role viewer may not do this.'), 4, 'The role viewer may not do this.'],
    ['a service that is not ready', problem(503, 'Not ready.'), 4, 'Not ready. (request req_1)'],
    ['a fault of the service', problem(500, 'Something went wrong.'), 1, 'Something went wrong. (request req_1)'],
    ['a refusal, with its place', problem(400, 'must be one of these', { at: 'state' }), 1, 'must be one of these (at state)'],
    ['another service there', { status: 404, body: '<html>' }, 1, "is not Latchkey's"],
    ['a page instead of an answer', { status: 200, body: '<html>' }, 1, "is not Latchkey's"],
    ['a redirect', { status: 301, headers: { location: 'https://keys.example' } }, 4, 'give that as --url'],
  ])('%s ends in one clear line and its code', async (_name, answer, code, said) => {
    await serve({ 'GET /api/v1/leases': () => answer });
    const ran = await run('leases list');
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
    expect(ran.stderr).not.toContain(TOKEN);
  });

  test('a service out of reach is code 4', async () => {
    await serve({});
    await service.close();
    const ran = await run('leases list');
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toContain('cannot be reached (ECONNREFUSED)');
  });

  test('with --json a failure is JSON on stdout too', async () => {
    await serve({ 'GET /api/v1/leases': () => problem(400, 'no', { at: 'state' }) });
    const { code, stdout } = await run('leases list --json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { detail: 'no', at: 'state', requestId: 'req_1' } });
  });

  test.each<[string, string[], Record<string, string>]>([
    ['--token', ['--token', TOKEN], {}],
    ['LATCHKEY_ADMIN_TOKEN', [], { LATCHKEY_ADMIN_TOKEN: TOKEN }],
    ['LATCHKEY_ADMIN_TOKEN_FILE', [], { LATCHKEY_ADMIN_TOKEN_FILE: file('a-token', `${TOKEN}\n`) }],
    ['DATA_DIR/admin.token', [], { DATA_DIR: (file('admin.token', `${TOKEN}\n`), folder) }],
  ])('takes the token from %s', async (_name, args, env) => {
    await serve({ 'GET /api/v1/leases': () => ({ body: { items: [], next: null } }) });
    const { code } = await latchkey(['leases', 'list', '--url', service.url, ...args], { env });
    expect(code).toBe(0);
    expect(service.asked.map(({ authorization }) => authorization)).toEqual([`Bearer ${TOKEN}`]);
  });
});

describe('lists', () => {
  const pages: Record<string, Answered> = {
    '': { body: { items: [lease, { ...lease, id: 'lse_2' }], next: 'c2' } },
    c2: { body: { items: [{ ...lease, id: 'lse_3', reason: 'evil \u001b[2J\ntext' }], next: 'c3' } },
  };
  const paged = {
    'GET /api/v1/leases': ({ query }: { query: Readonly<Record<string, string>> }) => pages[query['cursor'] ?? '']!,
  };

  test('show a table, page after page until the limit, and say where more begins', async () => {
    await serve(paged);
    const { code, stdout, stderr } = await run('leases list --limit 3 --state active --plan lab');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^ID +STATE +PLAN/);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toContain('--cursor c3');
    expect(service.asked.map(({ query }) => query)).toEqual([
      { state: 'active', plan: 'lab', limit: '3' },
      { state: 'active', plan: 'lab', limit: '1', cursor: 'c2' },
    ]);
  });

  test('are one JSON value with --json', async () => {
    await serve(paged);
    const { stdout } = await run('leases list --limit 3 --json');
    const { items, next } = JSON.parse(stdout) as { items: { id: string }[]; next: string };
    expect([items.map(({ id }) => id), next]).toEqual([['lse_1', 'lse_2', 'lse_3'], 'c3']);
  });

  test('have the filters of the API as options', async () => {
    await serve({ 'GET /api/v1/events': () => ({ body: { items: [], next: null } }) });
    const { code, stdout, stderr } = await run('events list --external-id 42 --outcome quarantined --source lab');
    expect([code, stdout, stderr]).toEqual([0, '', 'No events.\n']);
    expect(service.asked[0]!.query).toEqual({ externalId: '42', outcome: 'quarantined', source: 'lab', limit: '50' });
  });

  test("never cut a source's own id of a booking: it is what explain takes", async () => {
    const externalId = `https://api.calendly.com/scheduled_events/${'0'.repeat(36)}/invitees/${'1'.repeat(36)}`;
    for (const noun of ['reservations', 'events', 'quarantine']) {
      await serve({
        [`GET /api/v1/${noun}`]: () => ({ body: { items: [{ id: 'x_1', source: 'lab', externalId }], next: null } }),
      });
      expect((await run(`${noun} list`)).stdout).toContain(` ${externalId}`);
    }
  });

  test.each(['plans', 'providers', 'sources'])('of what is configured come whole: %s', async (noun) => {
    await serve({ [`GET /api/v1/${noun}`]: () => ({ body: { items: [], next: null } }) });
    expect((await run(`${noun} list`)).code).toBe(0);
    expect(service.asked[0]!.query).toEqual({});
  });

  test('providers show how they are and what waits for them', async () => {
    await serve({ 'GET /api/v1/providers': () => ({ body: { items: [provider], next: null } }) });
    expect((await run('providers list')).stdout).toMatch(
      /campus +generic +no, at 2026-01-01 10:00:00Z +2026-01-01 09:00:00Z +12 leases, 3 keys put off +until 2026-01-01 10:00:05Z, 4.5\/s +2 +2026-01-01 10:00:00Z campus: answered 503 +campus: answered 503; look here\n/,
    );
  });

  test('plans show who enforces their limits', async () => {
    await serve({ 'GET /api/v1/plans': () => ({ body: { items: [plan], next: null } }) });
    expect((await run('plans list')).stdout).toMatch(/ENFORCED BY.*\nlab .*gateway: scopes; approximate: quota; none: rate\n/);
  });
});

describe('a provider is tried', () => {
  const tried = (changed: Partial<TrialAnswer>) => ({
    'POST /api/v1/providers/campus/test': () => ({ body: { ...trial, ...changed } }),
  });

  test('with each request on a line, and what was sent below it', async () => {
    await serve(tried({}));
    const { code, stdout } = await run('providers test campus --plan lab');
    expect(code).toBe(0);
    expect(service.asked[0]!.body).toEqual({ plan: 'lab' });
    expect(stdout).toBe(
      `  ok   issue    made (12 ms)
         POST keys.example/api/keys 201 (11 ms)
           {"api_key":"***"}
  ok   revoke   taken away (9 ms)
         DELETE keys.example/api/keys/*** no answer (8 ms)

Key lk-test-1 of plan lab: nothing of it works at campus.
`,
    );
  });

  test('and a failure has its exit code, and a key that is left its name', async () => {
    await serve(tried({ ok: false, left: true, steps: [{ ...trial.steps[1]!, ok: false, says: 'campus: answered 500' }] }));
    const { code, stdout } = await run('providers test campus');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED revoke +campus: answered 500/);
    expect(stdout).toContain('Key lk-test-1 MAY STILL WORK at campus');
  });
});

describe('acts on one lease', () => {
  test.each([
    ['revoke lse_1 --reason leaked', 'revoke', { reason: 'leaked' }],
    ['rotate lse_1 --overlap 1h', 'rotate', { overlap: '1h', reason: 'rotated by an operator' }],
    ['suspend lse_1 --reason look', 'suspend', { reason: 'look' }],
    ['resume lse_1', 'resume', {}],
    ['retry lse_1', 'retry', {}],
    ['retime lse_1 --ends 2026-01-01T13:00:00+01:00', 'retime', { endsAt: '2026-01-01T12:00:00.000Z' }],
  ])('%s', async (args, act, body) => {
    await serve({ [`POST /api/v1/leases/lse_1/${act}`]: () => ({ body: reply() }) });
    const { code, stdout } = await run(args);
    expect([code, stdout]).toEqual([0, 'lse_1 is active until 2026-01-01 12:00:00Z\n']);
    expect(service.asked.map((asked) => asked.body)).toEqual([body]);
  });

  test('a revocation that the provider has not confirmed yet says so', async () => {
    await serve({
      'POST /api/v1/leases/lse_1/revoke': () => ({ status: 202, body: reply({ state: 'revoking', reason: 'by admin' }) }),
    });
    const { code, stdout, stderr } = await run('revoke lse_1 --reason leaked');
    expect([code, stdout]).toEqual([5, 'lse_1 is revoking: by admin\n']);
    expect(stderr).toMatch(/still has to answer.*latchkey explain default 42/);
  });

  test('a rotation whose new key is not there yet has a code of its own, also with --json', async () => {
    await serve({ 'POST /api/v1/leases/lse_1/rotate': () => ({ status: 202, body: reply() }) });
    const { code, stdout } = await run('rotate lse_1 --overlap 0 --json');
    expect([code, JSON.parse(stdout)]).toEqual([5, reply()]);
  });

  test('a retry after which the lease is still refused is a failure', async () => {
    await serve({ 'POST /api/v1/leases/lse_1/retry': () => ({ body: reply({ state: 'refused', reason: 'no' }) }) });
    expect(await run('retry lse_1')).toMatchObject({ code: 1, stdout: 'lse_1 is refused: no\n' });
  });

  test('a dry run of a rotation lists the lease, and asks for nothing else', async () => {
    await serve({ 'GET /api/v1/leases/lse_1': () => ({ body: reply().lease }) });
    const { code, stdout } = await run('rotate lse_1 --overlap 0 --dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/LEASE +PLAN[^\n]*\nlse_1 +lab +campus +ada *\nOne lease would get a new key\./);
    expect(JSON.parse((await run('rotate lse_1 --dry-run --json')).stdout)).toEqual({
      leases: 1,
      items: [{ id: 'lse_1', plan: 'lab', provider: 'campus', holderId: 'ada' }],
    });
    expect(service.asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('a dry run says when there is no active key to rotate', async () => {
    const gone = { ...reply({ state: 'revoked' }).lease, keys: [{ ...key, state: 'revoked' }] };
    await serve({ 'GET /api/v1/leases/lse_1': () => ({ body: gone }) });
    const ran = await run('rotate lse_1 --dry-run');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('has no active key to rotate; it is revoked');
  });

  test('an id cannot lead to another path', async () => {
    await serve({});
    await run('resume ../../x?y');
    expect(service.asked[0]!.path).toBe('/api/v1/leases/..%2F..%2Fx%3Fy/resume');
  });

  test('a new claim link is the only thing on stdout', async () => {
    const link = { url: 'https://keys.example/claim/t', confirm: 'email', expiresAt: lease.closesAt };
    await serve({ 'POST /api/v1/leases/lse_1/claim-link': () => ({ body: link }) });
    expect(await run('claim-link lse_1')).toMatchObject({ code: 0, stdout: 'https://keys.example/claim/t\n' });
  });
});

describe('rotation of many', () => {
  const preview = { leases: 2, items: [{ id: 'lse_1', plan: 'lab', provider: 'campus', holderId: 'ada' }] };
  const rotating = (end: object) => {
    let looks = 0;
    return {
      'POST /api/v1/rotations': ({ body }: { body: unknown }) =>
        (body as { dryRun?: boolean }).dryRun ? { body: preview } : { status: 202, body: { id: 'rot_1' } },
      'GET /api/v1/rotations/rot_1': () => ({
        body: {
          id: 'rot_1',
          total: 2,
          ...(looks++ < 2 ? { state: 'running', done: 0, failed: 0, failures: [], delays: [] } : end),
        },
      }),
    };
  };
  const allDone = { state: 'done', done: 2, failed: 0, failures: [], delays: [] };
  const oneFailed = {
    state: 'done',
    done: 1,
    failed: 1,
    failures: [{ leaseId: 'lse_9', error: 'the provider is full' }],
    delays: [],
  };

  test('shows what it would do, and does nothing without --yes', async () => {
    await serve(rotating(allDone));
    const { code, stderr } = await run('rotate --plan lab --overlap 24h');
    expect(code).toBe(2);
    expect(stderr).toMatch(/lse_1[\s\S]*and 1 more[\s\S]*2 leases would get a new key[\s\S]*add --yes/);
    expect(service.to('POST /api/v1/rotations').map(({ body }) => (body as { dryRun?: boolean }).dryRun)).toEqual([true]);
  });

  test('only lists with --dry-run', async () => {
    await serve(rotating(allDone));
    const { code, stdout } = await run('rotate --provider campus --dry-run --json');
    expect([code, JSON.parse(stdout)]).toEqual([0, preview]);
    expect(service.asked).toHaveLength(1);
  });

  test('is followed to its end with --yes', async () => {
    await serve(rotating(allDone));
    const { code, stdout, stderr } = await run('rotate --plan lab --overlap 24h --reason leak --yes');
    expect([code, stdout]).toEqual([0, 'rot_1: 2 rotated, 0 failed\n']);
    expect(stderr).toContain('latchkey rotate --resume rot_1');
    expect(service.to('POST /api/v1/rotations').at(-1)!.body).toEqual({ plan: 'lab', overlap: '24h', reason: 'leak' });
  });

  test('says once what is waited for, and where to look later', async () => {
    let looks = 0;
    const late = { delays: [{ leaseId: 'lse_7', error: 'campus: answered 500' }], failures: [], done: 1, failed: 0 };
    await serve({
      'GET /api/v1/rotations/rot_1': () => ({
        body: { id: 'rot_1', total: 2, ...(looks++ < 3 ? { state: 'running', ...late } : allDone) },
      }),
    });
    const { code, stderr } = await run('rotate --resume rot_1');
    expect(code).toBe(0);
    expect(stderr.match(/lse_7: campus: answered 500/g)).toHaveLength(1);
    expect(stderr).toContain('latchkey rotate --resume rot_1');
  });

  test('reports each failure, with code 3, also when it is taken up again', async () => {
    await serve(rotating(oneFailed));
    const { code, stdout } = await run('rotate --resume rot_1');
    expect(code).toBe(3);
    expect(stdout).toMatch(/lse_9 +the provider is full\nrot_1: 1 rotated, 1 failed/);
    expect(service.to('POST /api/v1/rotations')).toEqual([]);
  });
});

test('usage shows what each provider says, and why one says nothing', async () => {
  const common = { keyId: 'key_1', state: 'active', provider: 'campus' };
  const keys = [
    {
      ...common,
      generation: 1,
      hint: 'temp_…x7Qa',
      used: 12,
      limit: 1000,
      refused: 3,
      lastUsedAt: '2026-01-01T09:00:00Z',
      lastIp: '192.0.2.7',
    },
    { ...common, generation: 2, hint: 'temp_…b2Zz', lastUsedAt: null, lastIp: null, unknown: 'campus: answered 500' },
  ];
  const days = [{ day: '2026-01-01', counts: { VALID: 6, RATE_LIMITED: 2 } }];
  await serve({ 'GET /api/v1/leases/lse_1/usage': () => ({ body: { leaseId: 'lse_1', verified: { VALID: 7 }, days, keys } }) });
  const { code, stdout } = await run('usage lse_1');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /x7Qa +active +campus +12 +1000 +3 +2026-01-01.*192\.0\.2\.7[\s\S]*b2Zz .*campus: answered 500\nVerified here: VALID 7\n +2026-01-01 +VALID 6, RATE_LIMITED 2/,
  );
});

test('a budget is shown, added to and frozen', async () => {
  const budget = {
    id: 'lse_1',
    project: 'default',
    limits: [{ name: 'hour', limit: 5, used: 2, remaining: 3, windowSeconds: 3600, freesAt: '2026-01-01T09:00:00Z' }],
    quota: { per: 'day', limit: 150, extra: 50, used: 120, remaining: 30, resetsAt: '2026-01-02T00:00:00Z' },
    frozen: { at: '2026-01-01T08:00:00Z', reason: 'a loop' },
  };
  await serve({
    'GET /api/v1/budgets/lse_1': () => ({ body: budget }),
    'POST /api/v1/budgets/lse_1/top-up': () => ({ body: budget }),
    'POST /api/v1/budgets/lse_1/freeze': () => ({ body: budget }),
  });
  const { code, stdout } = await run('budget show lse_1');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /hour +5 +2 +3 +2026[\s\S]*quota per day +150 +120 +30 +2026[\s\S]*added 50[\s\S]*Frozen since .*: a loop/,
  );
  expect((await run('budget top-up lse_1 50 --reason asked')).code).toBe(0);
  expect(service.to('POST /api/v1/budgets/lse_1/top-up').map(({ body }) => body)).toEqual([{ amount: 50, reason: 'asked' }]);
  expect((await run('budget freeze lse_1 --reason loop --json')).code).toBe(0);
  expect(service.to('POST /api/v1/budgets/lse_1/freeze').map(({ body }) => body)).toEqual([{ reason: 'loop' }]);
});

describe('explain', () => {
  test('tells the story on a terminal: events, keys, claims, deliveries, debts, what is next', async () => {
    await serve({ 'GET /api/v1/explain': () => ({ body: story }) });
    const { code, stdout } = await run('explain default 42');
    expect(code).toBe(0);
    expect(service.asked[0]!.query).toEqual({ source: 'default', booking: '42' });
    for (const part of [
      'Booking 42 of default',
      'started accepted, seen 3 times',
      'key 1 temp_…x7Qa revoking',
      'missing at campus since 2026-01-01 11:30:00Z, otherwise at campus: rate is 9000/hour',
      'revoked at 2026-01-01 11:00:00Z, read back as gone 0.4 s after it was due',
      'claimed at 2026-01-01 10:01:00Z, from 192.0.2.x, 2 refused',
      'told "issued" by email: delivered',
      'debt: key 1 may still work',
      'due now: revoke, the window is over',
      'lease.active by latchkey, generation 1',
      'Next: A key is a debt. The next try is at 2026-01-01 12:05:00 UTC.',
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain('\u001b');
  });

  test('passes the whole answer on with --json', async () => {
    await serve({ 'GET /api/v1/explain': () => ({ body: story }) });
    expect(JSON.parse((await run('explain default 42 --json')).stdout)).toEqual(story);
  });
});

describe('the rest', () => {
  test.each([
    [{ ok: true, rows: 7, head: '7:abc' }, 0, '7:abc'],
    [{ ok: false, seq: 3, what: 'removed' }, 1, 'Broken at row 3: removed'],
  ])('audit verify: %j', async (body, code, said) => {
    await serve({ 'POST /api/v1/audit/verify': () => ({ body }) });
    const ran = await run('audit verify --anchor 2:xyz');
    expect(ran.code).toBe(code);
    expect(ran.stdout).toContain(said);
    expect(service.asked[0]!.body).toEqual({ anchor: '2:xyz' });
  });

  test('replay --all goes on until nothing is left, and says what still is not understood', async () => {
    const page = (next: string | null, quarantined: number) => ({
      body: { replayed: 2, accepted: 2 - quarantined, ignored: 0, quarantined, failures: [], left: next ? 2 : 0, next },
    });
    await serve({
      'POST /api/v1/events/replay': ({ body }) => ((body as { cursor?: string }).cursor ? page(null, 1) : page('c2', 0)),
    });
    const { code, stdout } = await run('replay --all --source lab');
    expect([code, stdout]).toEqual([3, '4 replayed: 3 accepted, 0 ignored, 1 still quarantined, 0 failed\n']);
    expect(service.asked.map(({ body }) => body)).toEqual([{ source: 'lab' }, { source: 'lab', cursor: 'c2' }]);
  });

  test.each([
    [
      'replay evt_1',
      'POST /api/v1/events/evt_1/replay',
      { eventId: 'evt_1', status: 'accepted', reservations: ['42'] },
      'evt_1 is accepted\n',
    ],
    ['resend dlv_1', 'POST /api/v1/deliveries/dlv_1/resend', { delivery: { state: 'pending' } }, 'dlv_1 is pending\n'],
    [
      'debts close key_1 --reason gone',
      'POST /api/v1/debts/key_1/close',
      reply({ state: 'revoked' }),
      'key_1 is closed; its lease is revoked\n',
    ],
    ['openapi', 'GET /api/v1/openapi.json', { openapi: '3.1.0' }, '{\n  "openapi": "3.1.0"\n}\n'],
  ])('%s', async (args, route, body, said) => {
    await serve({ [route]: () => ({ body }) });
    expect(await run(args)).toEqual({ code: 0, stdout: said, stderr: '' });
  });

  test('a debt that is tried again and stays one is a failure', async () => {
    const still = { lease: { ...reply().lease, keys: [{ ...key, state: 'revoking' }] } };
    await serve({ 'POST /api/v1/debts/key_1/retry': () => ({ body: still }) });
    expect(await run('debts retry key_1')).toMatchObject({ code: 1, stdout: 'key_1 is revoking\n' });
  });
});

describe('the launcher', () => {
  // Node sets its version before anything else runs; so does this.
  const pretend = ['--import', 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})'];

  test('hands over to the Node that came with the project when it is started by an old one', async () => {
    const ran = await latchkey(['rotate'], { execArgv: pretend });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('Give one lease');
  });

  test('says what to do when there is none', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere, { recursive: true });
    const cli = join(elsewhere, 'cli.mjs');
    copyFileSync(CLI, cli);
    copyFileSync(join(dirname(CLI), 'compile-cache.mjs'), join(elsewhere, 'compile-cache.mjs'));
    const ran = await latchkey(['--help'], { execArgv: pretend, cli });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/needs Node 24.* and this is 20\.1\.0.*npm ci/);
  });
});
