import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRecorder, type Recorder } from '../src/lab/recorder.ts';
import { readSamples, writeSamples, type WrittenSample } from '../src/lab/sample.ts';
import { openSample } from '../src/lab/keep-sample.ts';
import { countSamples, findSample, listSamples } from '../src/ledger/recordings.ts';
import { forgetOld } from '../src/ledger/retention.ts';
import type { Receiver, Reception } from '../src/intake/receive.ts';
import { silentLog } from '../src/observe/log.ts';
import { openApiHouse, type ApiHouse } from './api-house.ts';
import { describeEngines } from './engines.ts';
import { sourceOf } from './fixtures/source.ts';

const SECRET = 'a-secret-of-the-equipment-desk-0001';
const PASSWORD = 'hunter2-in-the-form';
const TOKEN = 'tok_live_51H8x9J2kLmNoPqRsTuVwXyZ0123456789';
const DAY = 86_400_000;

const source = sourceOf(
  {
    auth: { hmac: { algorithm: 'sha256', header: 'x-signature', prefix: 'v1=', signed: '{body}', encoding: 'hex' } },
    secrets: [SECRET],
    timezone: 'UTC',
    map: [
      {
        match: { expr: 'kind', in: ['booked'] },
        action: 'created',
        fields: { reservationId: 'ref', resource: 'machine', startsAt: 'from', endsAt: 'till', holderEmail: 'user.mail' },
      },
      { match: { expr: 'request.headers."x-desk"', in: ['7'] }, action: 'ignore', reason: 'another desk' },
    ],
  },
  { name: 'desk' },
);

const booked = (ref: string, more: object = {}) => ({
  kind: 'booked',
  ref,
  machine: 'lab-1',
  from: '2026-01-01T10:00:00Z',
  till: '2026-01-01T12:00:00Z',
  user: { mail: 'ada@example.org', password: PASSWORD, note: `use Bearer ${TOKEN}` },
  custom: JSON.stringify({ apiKey: PASSWORD, room: 12 }),
  ...more,
});

describeEngines('recording', (engine) => {
  let house: ApiHouse;
  let recorder: Recorder;
  let receiver: Receiver;
  let neighbour: Recorder;

  beforeAll(async () => {
    house = await openApiHouse(engine);
    house.state.policy = { ...house.state.policy, sources: { ...house.state.policy.sources, desk: source } };
    const parts = { ledger: house.ledger, sealer: house.sealer, policy: () => house.state.policy, now: () => house.clock.now() };
    recorder = house.deps.recorder as Recorder;
    receiver = recorder.around(house.deps.receiver as Receiver);
    // A second node, which was told nothing but what the database tells.
    neighbour = createRecorder({ ...parts, log: silentLog });
    await neighbour.open();
  });
  afterAll(async () => {
    await neighbour.close();
    await house.close();
  });

  async function post(document: unknown, { secret = SECRET, headers = [] as string[], path = '', query = '' } = {}) {
    const body = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
    const signature = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const rawHeaders = ['Content-Type', 'application/json', 'X-Signature', signature, ...headers];
    const done: Promise<Reception | undefined> = receiver
      .receive({ source: 'desk', path, query, rawHeaders, body, requestId: 'request-1' })
      .catch(() => undefined);
    const reception = await done;
    await recorder.settled();
    return reception;
  }
  const samples = async () =>
    (await house.get('/sources/desk/samples?limit=200')).body.items as { id: string; outcome: string }[];
  const sample = async (id: string): Promise<WrittenSample> => (await house.get(`/sources/desk/samples/${id}`)).body.sample;
  const record = (length: string) => house.ask('PUT', '/api/v1/sources/desk/recording', { body: { for: length } });

  test('is not on by itself, and nothing is kept then', async () => {
    await post(booked('r-0'));
    expect(await samples()).toEqual([]);
    expect((await house.get('/sources/desk/recording')).status).toBe(404);
  });

  test('begins with one request, is in the audit, and every node hears of it', async () => {
    expect((await record('0')).status).toBe(400);
    expect((await record('25h')).status).toBe(400);
    expect(await record('10m')).toMatchObject({
      status: 200,
      body: { source: 'desk', until: '2026-01-01T09:10:00.000Z', startedBy: 'admin', samples: 0, most: 100 },
    });
    expect((await house.get('/audit?subject=desk')).body.items).toMatchObject([{ action: 'recording.started', actor: 'admin' }]);
    // Only a server has several nodes.
    const other = engine.name === 'postgres' ? neighbour : recorder;
    await expect.poll(() => other.of('desk')?.startedBy, { timeout: 10_000 }).toBe('admin');
  });

  test('keeps what is accepted, ignored, kept aside and refused, each with its outcome and reason', async () => {
    await post(booked('r-1'), { headers: ['X-Desk', '9', 'Authorization', `Bearer ${TOKEN}`, 'Cookie', 'sid=abc'] });
    await post({ kind: 'other' }, { headers: ['X-Desk', '7'] });
    await post(booked('r-2', { from: 'tomorrow' }));
    await post(booked('r-3'), { secret: 'wrong', path: 'below', query: 'token=abc&x=1' });
    expect(await samples()).toMatchObject([
      { outcome: 'accepted', reason: null },
      { outcome: 'ignored', reason: 'another desk' },
      { outcome: 'quarantined', reason: expect.stringContaining('map[0].fields.startsAt') },
      { outcome: 'refused', reason: expect.stringContaining('the signature does not match') },
    ]);
  });

  test('shows no secret: headers tell their form, bodies lose what is called or looks secret, and people stay', async () => {
    const [first, , , refused] = await samples();
    const kept = await sample(first!.id);
    expect(kept.headers).toEqual({
      'content-type': 'application/json',
      'x-signature': 'v1=…64 hex',
      'x-desk': '9',
      authorization: `Bearer …${TOKEN.length} base64`,
      cookie: '…7 base64',
    });
    const body = JSON.parse(kept.body);
    expect(body).toMatchObject({ ref: 'r-1', user: { mail: 'ada@example.org', password: '[secret: 19 base64]' } });
    expect(JSON.parse(body.custom)).toEqual({ apiKey: '[secret: 19 base64]', room: 12 });
    expect(await sample(refused!.id)).toMatchObject({ path: 'below', query: 'token=[secret]&x=[secret]' });
    for (const { asked, text } of house.answers)
      for (const secret of [SECRET, PASSWORD, TOKEN]) expect(text.includes(secret), asked).toBe(false);
    const viewer = { as: house.tokens.viewer };
    expect((await house.get('/sources/desk/samples', viewer)).status).toBe(200);
    expect((await house.get(`/sources/desk/samples/${first!.id}`, viewer)).status).toBe(403);
  });

  test('is sealed at rest: the table tells nobody what was sent', async () => {
    const rows = await house.ledger.db.selectFrom('sample').selectAll().execute();
    expect(rows).toHaveLength(4);
    for (const text of ['ada@example.org', 'lab-1', PASSWORD, TOKEN]) expect(JSON.stringify(rows)).not.toContain(text);
  });

  test('a sample goes into a file that the lab takes, with the verdict of its arrival', async () => {
    const [, , third] = await samples();
    const file = Buffer.from(writeSamples([await sample(third!.id)]));
    const [read] = readSamples(file, { receivedAt: new Date(0), name: 'x.json' });
    expect(read).toMatchObject({
      redacted: true,
      receivedAt: new Date('2026-01-01T09:00:00Z'),
      arrival: { outcome: 'quarantined', reason: expect.stringContaining('startsAt') },
    });
  });

  test('is bounded: so many a minute, of strangers less than of others, and so many in all', async () => {
    house.clock.forward(60_000);
    await record('10m');
    const since = house.clock.now();
    const count = () => countSamples(house.ledger.db, 'desk', since);
    for (let minute = 0; minute < 3; minute += 1) {
      for (let one = 0; one < 40; one += 1) await post(booked(`s-${minute}-${one}`), { secret: 'wrong' });
      house.clock.forward(60_000);
    }
    expect(await count()).toBe(30);
    await post(booked('r-9'));
    expect(await count()).toBe(31);
  });

  test('ends by itself, or when it is stopped', async () => {
    await record('1m');
    house.clock.forward(60_000);
    expect(recorder.of('desk')).toBeUndefined();
    const before = (await samples()).length;
    await post(booked('r-10'));
    await record('10m');
    expect((await house.ask('DELETE', '/api/v1/sources/desk/recording')).status).toBe(204);
    expect((await house.ask('DELETE', '/api/v1/sources/desk/recording')).status).toBe(404);
    await post(booked('r-11'));
    expect((await samples()).length).toBe(before);
    const [last] = (await house.get('/audit?subject=desk')).body.items;
    expect(last).toMatchObject({ action: 'recording.stopped', actor: 'admin' });
  });

  test('what it kept is deleted on request, or after two weeks', async () => {
    const [first] = await samples();
    const row = (await findSample(house.ledger.db, 'desk', first!.id))!;
    expect(openSample(house.sealer, row)).toMatchObject({ source: 'desk' });
    expect(await findSample(house.ledger.db, 'other', first!.id)).toBeUndefined();
    await forgetOld(house.ledger.db, new Date(row.receivedAt.getTime() + 14 * DAY + 1));
    expect((await listSamples(house.ledger.db, 'desk', { limit: 10 })).items.map(({ id }) => id)).not.toContain(first!.id);
    expect((await house.ask('DELETE', '/api/v1/sources/desk/samples')).status).toBe(204);
    expect(await samples()).toEqual([]);
  });
});
