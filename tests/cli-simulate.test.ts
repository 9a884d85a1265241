import type { ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import type { Report } from '../src/cli/simulate/report.ts';
import { emptyReservation, fold, closedBy } from '../src/reservation/fold.ts';
import type { Reservation } from '../src/reservation/reservation.ts';
import { verifyRequest } from '../src/sources/auth/verify.ts';
import { latchkey, problem, startStandIn, type Answered, type Asked, type Ran, type StandIn } from './cli-world.ts';
import { sourceOf } from './fixtures/source.ts';

/* The command as a process, at a small service that keeps the books in memory: as they are, or otherwise. */

const SECRET = 'c2VjcmV0IG9mIHRoZSBib29raW5nIHN5c3RlbQ==';
const source = sourceOf({ preset: 'cloud-resource-reservation', secrets: [SECRET] });
/** Four seconds; long enough in bookings that most stand still while they are looked at. */
const SHORT = ['--bookings', '12', '--duration', '10m', '--speed', '150x', '--seed', '7', '--first-id', '100'];

let service: StandIn;
afterEach(async () => await service?.close());

interface Books {
  readonly heard: Map<string, Reservation>;
  leases(now: Date): object[];
  keys(now: Date): object[];
}

function openBooks(): Books {
  const heard = new Map<string, Reservation>();
  const idOf = ({ externalId }: Reservation) => `lse_${externalId}`;
  const open = (now: Date) => [...heard.values()].filter((one) => !closedBy(one) && one.endsAt!.value > now);
  const running = (now: Date) => open(now).filter((one) => one.startsAt!.value <= now);
  return {
    heard,
    leases: (now) =>
      open(now).map((one) => ({
        id: idOf(one),
        externalId: one.externalId,
        holderId: one.holders!.value[0]!,
        resourceId: one.resource!.value.id,
        state: running(now).includes(one) ? 'active' : 'pending',
        closesAt: one.endsAt!.value.toISOString(),
        reason: null,
      })),
    keys: (now) =>
      running(now).map((one) => ({ leaseId: idOf(one), state: 'active', closesAt: one.endsAt!.value.toISOString() })),
  };
}

/** It refuses what is not signed, as the real one does. */
function hear({ heard }: Books, { rawHeaders, raw, body }: Asked): Answered {
  const now = new Date();
  if (!verifyRequest({ rawHeaders, body: raw, now }, source).ok) return problem(401, 'The signature is wrong.');
  for (const item of source.mapping.map(body, { now })) {
    if (item.outcome !== 'accepted') continue;
    const { reservationId } = item.event;
    heard.set(reservationId, fold(heard.get(reservationId) ?? emptyReservation('default', reservationId), item.event));
  }
  return { status: 202, body: { status: 'accepted' } };
}

const listOf = (items: readonly object[]): Answered => ({ body: { items, next: null } });

type Change = (books: Books) => Partial<Books>;

async function startService(change: Change = () => ({})): Promise<void> {
  const books = openBooks();
  const { leases, keys } = { ...books, ...change(books) };
  service = await startStandIn({
    'POST /webhook': (asked) => hear(books, asked),
    'GET /api/v1/leases': () => listOf(leases(new Date())),
    'GET /api/v1/keys': ({ query }) => listOf(query.state === 'active' ? keys(new Date()) : []),
  });
}

async function simulate(args: readonly string[], onStart?: (child: ChildProcess) => void): Promise<Ran & { report: Report }> {
  const to = ['--to', service.url, '--secret', SECRET, '--url', service.url, '--token', 'a-token', '--json'];
  const ran = await latchkey(['simulate', 'cloud-resource-reservation', ...to, ...args], { onStart });
  return { ...ran, report: (ran.stdout === '' ? {} : JSON.parse(ran.stdout)) as Report };
}

describe('simulate --check', () => {
  test('passes a service that has every booking as it is', async () => {
    await startService();
    const { code, report, stderr } = await simulate([...SHORT, '--check', '1s']);
    expect(report.check).toMatchObject({ ok: true, mistakes: [], unknowable: 0 });
    expect(Object.values(report.check!.byStanding).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5);
    expect(report).toMatchObject({
      bookings: 12,
      firstId: 100,
      seed: 7,
      faults: [],
      brokenOff: false,
      lost: {},
      undelivered: {},
    });
    const sent = Object.values(report.sent).reduce((sum, counts) => sum + counts.event!, 0);
    expect(service.to('POST /webhook')).toHaveLength(sent);
    expect(report.answers).toEqual({ '202 accepted': sent });
    expect([code, stderr]).toEqual([0, '']);
  });

  test.each<[string, Change]>([
    ['has no lease of anybody', () => ({ leases: () => [], keys: () => [] })],
    ['makes each key twice', ({ keys }) => ({ keys: (now) => [...keys(now), ...keys(now)] })],
  ])('finds out a service that %s', async (_what, change) => {
    await startService(change);
    const { code, report } = await simulate([...SHORT, '--check', '1s']);
    expect(report.check!.ok).toBe(false);
    expect(report.check!.mistakes.length).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  test('says before it sends anything that it may not ask', async () => {
    service = await startStandIn({ 'GET /api/v1/leases': () => problem(401, 'The token is unknown.') });
    const { code, stderr } = await simulate([...SHORT, '--check']);
    expect([code, stderr]).toEqual([4, expect.stringContaining('The token is unknown.')]);
    expect(service.to('POST /webhook')).toEqual([]);
  });
});

describe('simulate', () => {
  test('says what was sent and answered, and fails where nothing was taken', async () => {
    service = await startStandIn({ 'POST /webhook': () => problem(401, 'The signature is wrong.') });
    const args = ['--to', service.url, '--secret', 'another', ...SHORT.with(5, '3600x'), '--faults', 'no-retry,retry-storm'];
    const { code, stdout } = await latchkey(['simulate', 'cloud-resource-reservation', ...args]);
    expect(stdout).toMatch(/^12 bookings from 100 on, in [\d.]+ s, to http:.*\/webhook; seed 7\nFaults: no-retry, retry-storm\n/);
    expect(stdout).toMatch(/^SENT +EVENT +COPY +RETRY +NOISE$/m);
    expect(stdout).toMatch(/^EVENT_CREATED +12 +\d+/m);
    expect(stdout).toMatch(/^Answers: \d+ 401$/m);
    expect(stdout).toMatch(/^Never received: .*12 EVENT_CREATED/m);
    expect(code).toBe(1);
  });

  test('sums up what there was when it is interrupted, also by two signals for one key', async () => {
    let child: ChildProcess;
    service = await startStandIn({
      'GET /api/v1/leases': () => listOf([]),
      'POST /webhook': () => {
        for (const signal of ['SIGINT', 'SIGINT'] as const) child.kill(signal);
        return { status: 202, body: { status: 'accepted' } };
      },
    });
    const { code, report } = await simulate(['--bookings', '500', '--check'], (started) => (child = started));
    expect(report).toMatchObject({ brokenOff: true, answers: { '202 accepted': expect.any(Number) } });
    expect(service.to('POST /webhook').length).toBeLessThan(40);
    expect(report.check).toBeUndefined();
    expect(code).toBe(3);
  });

  test.each([
    [['--faults', 'late-start'], 'There is no fault late-start'],
    [['--speed', '0x'], 'Write a factor from 1x to 3600x'],
    [['--duration', '5m'], 'Write a length of time from 10m on'],
    [['--bookings', '5', '--duration', '2h', '--rate', '5'], 'Give two of'],
  ])('refuses %s', async (args, said) => {
    const ran = await latchkey(['simulate', 'cloud-resource-reservation', '--secret', 'x', ...args]);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
  });
});
