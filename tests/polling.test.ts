import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createOutgoing } from '../src/handover/outgoing.ts';
import { startJobs, type Jobs } from '../src/ledger/jobs.ts';
import { openPolling, type Pollings } from '../src/polling/open.ts';
import type { ProviderAlert } from '../src/reservation/notice.ts';
import { describeEngines, type TestLedger } from './engines.ts';
import { sourceOf } from './fixtures/source.ts';
import { policyWith } from './intake-house.ts';

/* Sources that are read: a real server to read from, a real database; only the clock is ours. */

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = '2026-03-10T08:00:00Z';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let url = '';
let answer: Answer;
let asked: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => void (asked = []));

interface Booked {
  readonly id: string;
  readonly from?: string;
  readonly to?: string;
  readonly more?: readonly string[];
}

function calendar(...bookings: readonly Booked[]): string {
  const stamp = (iso: string) => iso.replaceAll(/[-:]/g, '');
  const events = bookings.flatMap(({ id, from = '2026-03-10T10:00:00Z', to = '2026-03-10T12:00:00Z', more = [] }) => [
    'BEGIN:VEVENT',
    `UID:${id}`,
    `DTSTART:${stamp(from)}`,
    `DTEND:${stamp(to)}`,
    'ATTENDEE;CN=Ann:mailto:ann@example.org',
    ...more,
    'END:VEVENT',
  ]);
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR', ''].join('\r\n');
}

const gives =
  (body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(200, headers).end(body);
const many = (count: number): Booked[] => Array.from({ length: count }, (_, index) => ({ id: `b${index}` }));

describeEngines('a source that is read', (engine) => {
  let open: TestLedger;
  let jobs: Jobs;
  let now = new Date(START);
  let alerts: ProviderAlert[] = [];
  let polling: Pollings;
  const build = (
    entry: object = { ical: { url: `${url}/secret-path.ics`, zone: 'Europe/Rome', resource: 'lab-1' } },
    ledger = open.ledger,
  ) =>
    openPolling({
      ledger,
      jobs,
      sealer: open.sealer,
      policy: () => policyWith({ sources: { lab: sourceOf(entry, { name: 'lab' }) } }),
      now: () => now,
      outgoing: createOutgoing({ now: () => now }),
      alert: async (_tx, alert) => void alerts.push(alert),
      random: () => 1,
      log: () => {},
    });

  beforeAll(async () => {
    open = await engine.open({ now: () => now });
    jobs = await startJobs(open.ledger);
  }, 120_000);
  afterAll(async () => {
    await jobs.stop();
    await open.close();
  });
  beforeEach(() => {
    now = new Date(START);
    alerts = [];
    polling = build();
  });
  afterEach(async () => {
    for (const table of ['poll', 'polledBooking', 'event', 'lease', 'reservation'] as const)
      await open.ledger.db.deleteFrom(table).execute();
  });

  const forward = (ms: number): void => void (now = new Date(now.getTime() + ms));
  /** The next reading of such a calendar. */
  const next = async (body: string | Answer, options: { insists?: string } = {}) => {
    forward(5 * MINUTE);
    answer = typeof body === 'string' ? gives(body) : body;
    return await polling.pollNow('lab', options);
  };
  const events = async (): Promise<string[]> => {
    const rows = await open.ledger.db
      .selectFrom('event')
      .select(['type', 'externalId', 'outcome'])
      .orderBy('receivedAt')
      .orderBy('id')
      .execute();
    return rows.map(({ type, externalId, outcome }) =>
      [type, externalId, ...(outcome === 'accepted' ? [] : [outcome])].join(' '),
    );
  };
  const state = async () => (await polling.states(['lab'])).get('lab')!;
  const reservation = async (id: string) =>
    (await open.ledger.db.selectFrom('reservation').selectAll().where('externalId', '=', id).executeTakeFirst())
      ?.state as unknown as Record<string, { value: unknown } | undefined>;

  test('what is booked there is a booking, and what did not change costs nothing', async () => {
    expect(await next(calendar({ id: 'a' }, { id: 'b' }))).toMatchObject({
      outcome: 'read',
      bookings: 2,
      recorded: 2,
      error: null,
    });
    expect(await reservation('a')).toMatchObject({
      resource: { value: { id: 'lab-1' } },
      holders: { value: ['ann@example.org'] },
      startsAt: { value: '2026-03-10T10:00:00.000Z' },
    });
    expect(await next(calendar({ id: 'b' }, { id: 'a' }))).toMatchObject({ recorded: 0 });
    expect(
      await next(calendar({ id: 'a', to: '2026-03-10T13:00:00Z' }, { id: 'b', more: ['DTSTAMP:20260310T080000Z'] })),
    ).toMatchObject({ recorded: 1 });
    expect(await next(calendar({ id: 'a' }, { id: 'b' }))).toMatchObject({ recorded: 1 });
    expect(await events()).toEqual(['created a', 'created b', 'updated a', 'updated a']);
    expect(await reservation('a')).toMatchObject({ endsAt: { value: '2026-03-10T12:00:00.000Z' } });
  });

  test('what is over, tentative or cancelled when it is first read is no booking', async () => {
    const over = { id: 'over', from: '2026-03-10T06:00:00Z', to: '2026-03-10T07:00:00Z' };
    await next(calendar(over, { id: 'tentative', more: ['STATUS:TENTATIVE'] }, { id: 'off', more: ['STATUS:CANCELLED'] }));
    expect(await events()).toEqual([]);
  });

  test('a booking that vanishes is cancelled by the second reading without it; one missing once is not', async () => {
    await next(calendar({ id: 'a' }, { id: 'b' }));
    expect(await next(calendar({ id: 'b' }))).toMatchObject({ missing: 1, cancelled: 0 });
    await next(calendar({ id: 'a' }, { id: 'b' }));
    expect(await next(calendar({ id: 'b' }))).toMatchObject({ missing: 1, cancelled: 0 });
    expect(await next(calendar({ id: 'b' }))).toMatchObject({ missing: 1, cancelled: 1 });
    expect(await next(calendar({ id: 'b' }))).toMatchObject({ missing: 0 });
    expect(await events()).toEqual(['created a', 'created b', 'cancelled a']);
  });

  test('one that comes back after that is another booking; so is one whose cancellation is taken back', async () => {
    await next(calendar({ id: 'a' }));
    await next(calendar({ id: 'a', more: ['STATUS:CANCELLED'] }));
    await next(calendar({ id: 'a' }));
    await next(calendar());
    await next(calendar());
    await next(calendar({ id: 'a' }));
    expect(await events()).toEqual(['created a', 'cancelled a', 'created a~2', 'cancelled a~2', 'created a~3']);
  });

  test('one that is over does not vanish', async () => {
    await next(calendar({ id: 'a' }));
    now = new Date('2026-03-10T12:00:00Z');
    await next(calendar());
    expect(await next(calendar())).toMatchObject({ missing: 0 });
    expect(await events()).toEqual(['created a']);
  });

  test('an answer that nothing changed is a reading, and says nothing of what is missing', async () => {
    const conditional =
      (body: string, etag: string): Answer =>
      (request, response) =>
        void (request.headers['if-none-match'] === etag
          ? response.writeHead(304).end()
          : response.writeHead(200, { etag }).end(body));
    const first = calendar({ id: 'a' }, { id: 'b' });
    await next(conditional(first, '"1"'));
    expect(await next(conditional(first, '"1"'))).toMatchObject({ outcome: 'unchanged', bookings: 2 });
    expect(await state()).toMatchObject({ readAt: now, failures: 0 });
    // Without b it is asked for in full until it is clear that b is gone.
    expect(await next(conditional(calendar({ id: 'a' }), '"2"'))).toMatchObject({ outcome: 'read', missing: 1 });
    expect(await next(conditional(calendar({ id: 'a' }), '"2"'))).toMatchObject({ outcome: 'read', cancelled: 1 });
    expect(await next(conditional(calendar({ id: 'a' }), '"2"'))).toMatchObject({ outcome: 'unchanged' });
    // Days come into sight though the file is the same.
    forward(DAY);
    expect(await next(conditional(calendar({ id: 'a' }), '"2"'))).toMatchObject({ outcome: 'read' });
  });

  test.each([
    ['an error', (_request, response) => void response.writeHead(500).end('secret'), 'it was answered with 500'],
    [
      'a redirect',
      (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/token' }).end(),
      'it was moved (302) to http://169.254.169.254, and redirects are not followed: give the address that it has now',
    ],
    [
      'a refusal',
      (_request, response) => void response.writeHead(401).end(),
      'it may not be read with what the configuration gives (401)',
    ],
    ['a page', gives('<html>maintenance</html>'), 'it is no calendar: it does not begin with BEGIN:VCALENDAR'],
    ['half a calendar', gives(calendar(...many(3)).slice(0, 200)), 'it is cut off: BEGIN:VEVENT without its END'],
    [
      'an answer that is cut off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '9999' }).write(calendar());
        setTimeout(() => response.destroy(), 50);
      },
      'no connection (ECONNRESET)',
    ],
    [
      'an endless answer',
      (_request, response) => {
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
      'the answer is larger than 5242880 bytes',
    ],
    [
      'an answer that inflates to too much',
      gives(gzipSync(Buffer.alloc(8_000_000)), { 'content-encoding': 'gzip' }),
      'the answer is larger than 5242880 bytes',
    ],
    [
      'a compression that nobody asked for',
      gives('x', { 'content-encoding': 'br' }),
      'the answer is compressed in a way that was not asked for',
    ],
  ] satisfies [string, Answer, string][])(
    '%s is a failure, costs no booking, and is tried again later and later',
    async (_words, bad, error) => {
      await next(calendar({ id: 'a' }));
      for (const [failures, minutes] of [
        [1, 5],
        [2, 10],
        [3, 20],
      ] as const) {
        expect(await next(bad)).toMatchObject({ outcome: 'failed', error, missing: 0 });
        expect(await state()).toMatchObject({ failures, error, nextAt: new Date(now.getTime() + minutes * MINUTE) });
      }
      expect(await events()).toEqual(['created a']);
      expect(await next(calendar({ id: 'a' }))).toMatchObject({ outcome: 'read', error: null });
      expect(await state()).toMatchObject({ failures: 0, failingSince: null, error: null });
    },
  );

  test('a server that says when to ask again is not asked before', async () => {
    await next((_request, response) => void response.writeHead(429, { 'retry-after': '7200' }).end());
    expect((await state()).nextAt).toEqual(new Date(now.getTime() + 120 * MINUTE));
  });

  test('operators are told once of a source that could not be read for half an hour', async () => {
    const down: Answer = (_request, response) => void response.writeHead(503).end();
    for (let minutes = 0; minutes <= 40; minutes += 5) await next(down);
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
    expect(alerts[0]).toMatchObject({
      provider: 'source lab',
      reason: expect.stringMatching(/^source lab could not be read since 2026-03-10T08:05:00.000Z: it was answered with 503$/),
    });
  });

  test('neither its address nor what it is asked with is told', async () => {
    polling = build({
      ical: {
        url: `${url}/secret-path.ics?token=hush`,
        zone: 'Europe/Rome',
        bearer: 'hush-hush',
        headers: { 'X-Api-Key': 'hush-too' },
      },
    });
    const polled = await next((_request, response) => void response.writeHead(404).end('secret-path'));
    expect(asked[0]!.headers).toMatchObject({
      authorization: 'Bearer hush-hush',
      'x-api-key': 'hush-too',
      accept: 'text/calendar',
    });
    expect(JSON.stringify([polled, await state(), alerts])).not.toMatch(/hush|secret/);
  });

  test('of ten or more, more than half do not vanish at once, unless it stays so for a day', async () => {
    await next(calendar(...many(12).map((one) => ({ ...one, from: '2026-03-20T10:00:00Z', to: '2026-03-20T12:00:00Z' }))));
    for (let reading = 0; reading < 4; reading += 1)
      expect(await next(calendar())).toMatchObject({ missing: 12, cancelled: 0, held: 12 });
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
    expect((await state()).error).toMatch(
      /^12 of 12 bookings are missing at once: none of them is cancelled before 2026-03-11T08:10/,
    );
    forward(DAY);
    expect(await next(calendar())).toMatchObject({ cancelled: 12, held: 0 });
    expect((await events()).filter((event) => event.startsWith('cancelled'))).toHaveLength(12);
  });

  test('an operator who insists need not wait, and it is in the audit', async () => {
    await next(calendar(...many(12)));
    expect(await next(calendar(), { insists: 'ada' })).toMatchObject({ cancelled: 12 });
    const trail = await open.ledger.db
      .selectFrom('audit')
      .select(['actor', 'action', 'subject'])
      .where('action', '=', 'source.polled')
      .execute();
    expect(trail.at(-1)).toEqual({ actor: 'ada', action: 'source.polled', subject: 'lab' });
  });

  test('occurrences that their planner moved are no accident', async () => {
    const weekly = (from: string, to: string) => calendar({ id: 's', from, to, more: ['RRULE:FREQ=DAILY;COUNT=20'] });
    await next(weekly('2026-03-10T10:00:00Z', '2026-03-10T12:00:00Z'));
    await next(weekly('2026-03-10T14:00:00Z', '2026-03-10T16:00:00Z'));
    expect(await next(weekly('2026-03-10T14:00:00Z', '2026-03-10T16:00:00Z'))).toMatchObject({
      cancelled: 20,
      held: 0,
      bookings: 20,
    });
  });

  test('an event that cannot be read does not vanish, and is told', async () => {
    await next(calendar({ id: 'a' }, { id: 'b' }));
    const broken = calendar({ id: 'a', more: ['RRULE:FREQ=SOMETIMES'] }, { id: 'b' });
    await next(broken);
    expect(await next(broken)).toMatchObject({
      missing: 0,
      error: '1 event of it cannot be read, such as a: a line of it is not iCalendar',
    });
    expect(await events()).toEqual(['created a', 'created b']);
  });

  test('a list in JSON is read by its map; one without the list is no empty list', async () => {
    polling = build({
      timezone: 'Europe/Rome',
      poll: { url: `${url}/bookings`, every: '10m', basic: { username: 'us', password: 'pw' } },
      map: [
        {
          action: 'created',
          forEach: 'reservations',
          fields: {
            reservationId: 'item.id',
            resource: 'item.room',
            startsAt: 'item.from',
            endsAt: 'item.to',
            holderEmail: 'item.mail',
          },
        },
      ],
    });
    const row = (id: number, to = '2026-03-10T12:00:00') => ({
      id,
      room: 'r1',
      from: '2026-03-10T10:00:00',
      to,
      mail: 'ann@example.org',
    });
    const zoned = (one: ReturnType<typeof row>) => ({ ...one, from: `${one.from}+01:00`, to: `${one.to}+01:00` });
    const list = (...rows: object[]) => JSON.stringify({ reservations: rows });
    expect(await next(list(zoned(row(1)), zoned(row(2)), { id: 3, from: 'soon' }))).toMatchObject({
      bookings: 2,
      recorded: 2,
      error: '1 event of it cannot be mapped: see what is quarantined',
    });
    expect(asked[0]!.headers.authorization).toBe(`Basic ${Buffer.from('us:pw').toString('base64')}`);
    expect(await events()).toEqual(expect.arrayContaining(['created 1', 'created 2', 'created 3 quarantined']));
    await next(JSON.stringify({ error: 'maintenance' }));
    expect(await next(JSON.stringify({ error: 'maintenance' }))).toMatchObject({ missing: 0, cancelled: 0 });
    expect(await next('{"reservations": [')).toMatchObject({ outcome: 'failed', error: 'it is no JSON: not valid JSON' });
    await next(list(zoned(row(1))));
    expect(await next(list(zoned(row(1))))).toMatchObject({ cancelled: 1 });
  });

  test('a list of a thousand is within what one reading may cost', async () => {
    polling = build({
      poll: { url: `${url}/bookings` },
      map: [
        {
          action: 'created',
          forEach: 'body',
          fields: {
            reservationId: 'item.id',
            resource: 'item.room',
            startsAt: 'item.from',
            endsAt: 'item.to',
            holderEmail: 'item.mail',
            title: 'item.title',
          },
        },
      ],
    });
    const rows = Array.from({ length: 1000 }, (_, id) => ({
      id,
      room: 'r1',
      from: '2026-03-10T10:00:00Z',
      to: '2026-03-10T12:00:00Z',
      mail: 'ann@example.org',
      title: 'x'.repeat(100),
    }));
    expect(await next(JSON.stringify(rows))).toMatchObject({ bookings: 1000, recorded: 1000, error: null });
  }, 60_000);

  test('what is due is read by one node, and one that died in the middle is followed by another', async () => {
    answer = gives(calendar({ id: 'a' }));
    const [one, other] = [build(), build()];
    await Promise.all([one.sweep(), other.sweep()]);
    await Promise.all([one.drain(), other.drain()]);
    expect(asked).toHaveLength(1);
    await one.sweep();
    await one.drain();
    expect(asked).toHaveLength(1);
    forward(5 * MINUTE);
    let transactions = 0;
    const dying = new Proxy(open.ledger, {
      get: (target, name) =>
        name === 'transact'
          ? async (...given: Parameters<typeof target.transact>) => {
              transactions += 1;
              // The first records; then the process is gone.
              if (transactions > 1) throw new Error('gone');
              return await target.transact(...given);
            }
          : Reflect.get(target, name),
    });
    answer = gives(calendar({ id: 'a', to: '2026-03-10T13:00:00Z' }));
    const dead = build(undefined, dying);
    await dead.sweep();
    await dead.drain();
    await expect(one.pollNow('lab')).rejects.toMatchObject({ code: 'conflict' });
    forward(5 * MINUTE);
    expect(await one.pollNow('lab')).toMatchObject({ outcome: 'read', recorded: 0 });
    expect(await events()).toEqual(['created a', 'updated a']);
  });
});

test.each([
  ['a password in the address', { ical: { url: 'https://ann:pw@example.org/x.ics', zone: 'UTC' } }, 'is not a URL'],
  ['no zone', { ical: { url: 'https://example.org/x.ics' } }, 'names no zone'],
  ['an unknown zone', { ical: { url: 'https://example.org/x.ics', zone: 'Europe/Turin' } }, 'is no time zone'],
  ['too often', { ical: { url: 'https://example.org/x.ics', zone: 'UTC', every: '5s' } }, 'is too short or too long'],
  [
    'both',
    { ical: { url: 'https://example.org/x.ics', zone: 'UTC' }, poll: { url: 'https://example.org' } },
    'stands beside ical',
  ],
  ['a list without a map', { poll: { url: 'https://example.org' } }, 'says neither a preset nor map'],
])('%s is a mistake in the configuration', (_words, entry, message) => {
  expect(() => sourceOf(entry, { name: 'lab' })).toThrow(message);
});

test('a calendar is offered as webcal, and needs neither auth nor secrets', () => {
  const source = sourceOf({ ical: { url: 'webcal://example.org/x.ics', zone: 'Europe/Rome' } }, { name: 'lab' });
  expect(source).toMatchObject({ auth: { kind: 'none' }, secrets: [], poll: { kind: 'ical', everyMs: 5 * MINUTE } });
  expect(source.poll?.url.reveal()).toBe('https://example.org/x.ics');
  expect(JSON.stringify(source)).not.toContain('x.ics');
});

test('the metadata service of a cloud is read for nobody', async () => {
  const outgoing = createOutgoing({
    now: () => new Date(START),
    resolve: async () => [{ address: '169.254.169.254', family: 4 }],
  });
  await expect(
    outgoing.get({ url: 'http://innocent.example/', headers: {}, timeoutMs: 1000, mostBytes: 10 }),
  ).rejects.toMatchObject({ code: 'forbidden' });
});
