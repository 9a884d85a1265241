import { afterEach, expect, test } from 'vitest';
import type { InventoryAnswer } from '../src/cli/answers.ts';
import { latchkey, problem, startStandIn, type Asked, type StandIn } from './cli-world.ts';

let service: StandIn;
afterEach(async () => await service.close());
const run = (args: string) =>
  latchkey(args.split(' '), { env: { PUBLIC_URL: service.url, LATCHKEY_ADMIN_TOKEN: 'lko_token-of-an-operator' } });

const none: InventoryAnswer = {
  provider: 'campus',
  lists: true,
  rules: { inventory: 'report', strays: 'report' },
  asked: null,
  running: null,
  failed: null,
  takenAt: null,
  report: null,
};
type Report = NonNullable<InventoryAnswer['report']>;
const nothing: Report = {
  by: 'admin',
  fix: false,
  seconds: 1,
  listed: 3,
  expected: 3,
  counts: { dead: 0, missing: 0, drifted: 0, stray: 0 },
  done: 0,
  failed: 0,
  suspicious: null,
  findings: [],
};
const missing: Report['findings'][number] = {
  kind: 'missing',
  name: 'lk-1',
  keyId: 'key_1',
  leaseId: 'lse_1',
  since: '2026-01-01T09:00:00.000Z',
  differs: [],
  remedy: 'reissue',
  done: false,
  note: null,
};
const drifted = {
  ...missing,
  kind: 'drifted' as const,
  keyId: 'key_2',
  differs: ['rate is 9000/hour'],
  remedy: 'repair' as const,
};
const stray = {
  ...missing,
  kind: 'stray' as const,
  name: 'lk-9',
  keyId: null,
  leaseId: null,
  remedy: null,
  note: 'only reported',
};

/** A service whose inventory runs for two looks and then ends in this. */
async function serve(
  end: (wish: { fix: boolean }) => Partial<InventoryAnswer>,
  names: readonly string[] = ['campus'],
): Promise<void> {
  const asked = new Map<string, { looks: number; wish: { fix: boolean } }>();
  const item = (provider: string): InventoryAnswer => {
    const one = asked.get(provider);
    if (!one) return { ...none, provider, lists: provider !== 'mute' };
    one.looks += 1;
    const at = '2026-01-01T09:00:00.000Z';
    if (one.looks > 2) return { ...none, provider, takenAt: at, ...end(one.wish) };
    const running = { since: at, by: 'admin', fix: one.wish.fix, phase: 'listing' as const, count: 25, of: null };
    return { ...none, provider, asked: { by: 'admin', at, evenIfMost: false, ...one.wish }, running };
  };
  const post =
    (provider: string) =>
    ({ body }: Asked) => {
      asked.set(provider, { looks: 0, wish: body as { fix: boolean } });
      return { status: 202, body: none };
    };
  service = await startStandIn({
    'GET /api/v1/inventory': ({ query }) => ({
      body: { items: names.filter((name) => !query.provider || query.provider === name).map(item), next: null },
    }),
    ...Object.fromEntries(names.map((name) => [`POST /api/v1/providers/${name}/inventory`, post(name)])),
  });
}

test('without --fix it tells what was found and what --fix would do', async () => {
  const report = {
    ...nothing,
    counts: { ...nothing.counts, missing: 1, drifted: 1, stray: 1 },
    findings: [missing, drifted, stray],
  };
  await serve(() => ({ report }), ['campus', 'mute']);
  const { code, stdout } = await run('inventory');
  expect(code).toBe(0);
  expect(stdout).toContain('campus: 3 listed under our names, 3 should work, at 2026-01-01 09:00:00Z');
  expect(stdout).toMatch(/missing +key_1 +lse_1 +2026-01-01 09:00:00Z +reissue/);
  expect(stdout).toMatch(/drifted +key_2 .* repair +rate is 9000\/hour/);
  expect(stdout).toMatch(/stray +lk-9 .* nothing +only reported/);
  expect(stdout).toContain('--fix would reissue 1, repair 1.');
  expect(service.to('POST /api/v1/providers/campus/inventory').map(({ body }) => body)).toEqual([
    { fix: false, evenIfMostAreMissing: false },
  ]);
  expect(service.asked.some(({ path }) => path.includes('mute'))).toBe(false);
});

test('with --fix it does so, tells what was done, and has a code of its own for what could not be', async () => {
  await serve(({ fix }) => ({
    report: {
      ...nothing,
      fix,
      counts: { ...nothing.counts, missing: 2 },
      done: 1,
      failed: 1,
      findings: [
        { ...missing, done: true },
        { ...missing, keyId: 'key_3', note: 'campus: answered 500' },
      ],
    },
  }));
  const { code, stdout } = await run('inventory campus --fix --even-if-most-are-missing');
  expect(code).toBe(3);
  expect(stdout).toMatch(/key_1 .* replaced\n/);
  expect(stdout).toMatch(/key_3 .* not yet +campus: answered 500/);
  expect(stdout).toContain('1 set right, 1 not yet, 0 only reported.');
  expect(service.to('POST /api/v1/providers/campus/inventory')[0]!.body).toEqual({ fix: true, evenIfMostAreMissing: true });
});

test('with --json it is the answers of the service', async () => {
  await serve(() => ({ report: { ...nothing, suspicious: '7 of 12 keys' } }));
  const { code, stdout } = await run('inventory campus --json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ items: [{ provider: 'campus', report: { suspicious: '7 of 12 keys' } }] });
});

test('one that was not taken says why, and fails', async () => {
  await serve(() => ({ failed: { at: '2026-01-01T09:00:00.000Z', by: 'admin', error: 'campus: answered 503' } }));
  const { code, stdout } = await run('inventory');
  expect([code, stdout]).toEqual([1, 'campus: not taken: campus: answered 503\n']);
});

test.each([
  ['nowhere', 'there is no provider nowhere'],
  ['mute', 'provider mute does not list its keys'],
])('nothing is asked of %s', async (provider, said) => {
  await serve(() => ({}), ['mute']);
  const ran = await run(`inventory ${provider}`);
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(said);
});

test('one that is asked for already is a refusal', async () => {
  service = await startStandIn({
    'GET /api/v1/inventory': () => ({ body: { items: [none], next: null } }),
    'POST /api/v1/providers/campus/inventory': () => problem(409, 'an inventory of campus is asked for already'),
  });
  const ran = await run('inventory campus');
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toContain('asked for already');
});
