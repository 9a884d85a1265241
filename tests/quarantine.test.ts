import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetOld } from '../src/ledger/retention.ts';
import { quarantinedBySource } from '../src/ledger/lists/quarantined.ts';
import { readSettings } from '../src/settings.ts';
import { sourceOf } from './fixtures/source.ts';
import { openApiHouse, type ApiHouse } from './api-house.ts';
import { describeEngines } from './engines.ts';

const PASSWORD = 'hunter2-in-the-form';
const DAY = 86_400_000;

const map = (startsAt: string) => [
  {
    match: { expr: 'kind', in: ['booked'] },
    action: 'created',
    fields: { reservationId: 'ref', resource: 'machine', startsAt, endsAt: 'till', holderId: 'user.mail' },
  },
];
const deskWith = (startsAt: string) =>
  sourceOf({ auth: { standardWebhooks: {} }, secrets: [], timezone: 'UTC', map: map(startsAt) }, { name: 'desk' });

const booked = (ref: string) => ({
  kind: 'booked',
  ref,
  machine: 'lab-1',
  from: '2026-01-01 10:00',
  till: '2026-01-01T12:00:00Z',
  user: { mail: 'ada@example.org', password: PASSWORD },
  form: JSON.stringify({ api_key: PASSWORD, room: 12 }),
});

describeEngines('quarantine', (engine) => {
  let house: ApiHouse;
  const configure = (startsAt: string) => {
    const { policy } = house.state;
    house.state.policy = { ...policy, sources: { ...policy.sources, desk: deskWith(startsAt) } };
  };
  // What is there, and is no time.
  const wrong = () => configure('epoch(user)');
  const right = () => configure('iso(from)');
  const post = async (ref: string) => await house.receive(booked(ref), 'desk');
  const kept = async () => (await house.get('/quarantine?source=desk')).body.items as { id: string; reason: string }[];

  beforeAll(async () => {
    house = await openApiHouse(engine);
    wrong();
    await post('q-1');
    await post('q-2');
  });
  afterAll(async () => {
    expect(house.errors).toEqual([]);
    for (const { asked, text } of house.answers) expect(text.includes(PASSWORD), asked).toBe(false);
    await house.close();
  });

  test('is listed, the oldest first, with why and until when', async () => {
    const { body } = await house.get('/quarantine?source=desk');
    expect(body.items).toMatchObject([
      { source: 'desk', externalId: 'q-1', seen: 1, keptUntil: '2026-01-15T09:00:00.000Z' },
      { externalId: 'q-2' },
    ]);
    expect(body.items[0].reason).toContain('epoch(user)');
    const viewer = await house.get('/quarantine', { as: house.tokens.viewer });
    expect(viewer.status).toBe(200);
    expect(viewer.text).not.toContain('ada@example.org');
  });

  test('shows the document without secrets and each problem, to those who may act', async () => {
    const { id } = (await kept())[0]!;
    const { body } = await house.get(`/quarantine/${id}`);
    expect(body).toMatchObject({
      id,
      maps: false,
      document: { ref: 'q-1', user: { mail: 'ada@example.org', password: '[secret: 19 base64]' } },
      observations: [{ outcome: 'quarantined', booking: 'q-1', problems: [{ expression: 'epoch(user)' }] }],
      bookings: [],
    });
    expect(JSON.parse(body.document.form)).toEqual({ api_key: '[secret: 19 base64]', room: 12 });
    expect((await house.get(`/quarantine/${id}`, { as: house.tokens.viewer })).status).toBe(403);
  });

  test('says when a corrected mapping would understand it, and what would come of it; showing changes nothing', async () => {
    right();
    const { id } = (await kept())[0]!;
    const { body } = await house.get(`/quarantine/${id}`);
    expect(body).toMatchObject({
      maps: true,
      observations: [{ outcome: 'accepted', said: { startsAt: '2026-01-01T10:00:00.000Z' } }],
      bookings: [{ booking: 'q-1', known: false, leases: [{ holder: { id: 'ada@example.org' } }] }],
    });
    expect((await kept()).length).toBe(2);
    expect((await house.get('/reservations?source=desk')).body.items).toEqual([]);
    wrong();
  });

  test('is counted by source, with the age of the oldest', async () => {
    house.clock.forward(60_000);
    const counted = await quarantinedBySource(house.ledger.db, house.clock.now());
    expect(counted).toEqual([{ source: 'desk', events: 2, oldestSeconds: 60 }]);
  });

  test('what is discarded is wiped, counts as ignored, is in the audit, and its repetition is known', async () => {
    const { eventId } = await post('q-3');
    expect((await house.post(`/quarantine/${eventId}/discard`, {})).status).toBe(400);
    const answer = await house.post(`/quarantine/${eventId}/discard`, { reason: 'a test of theirs' });
    expect(answer.body).toMatchObject({ outcome: 'ignored', reason: 'discarded by admin: a test of theirs' });
    const row = await house.ledger.db.selectFrom('event').select('sealedBody').where('id', '=', eventId).executeTakeFirst();
    expect(row).toEqual({ sealedBody: null });
    const trail = (await house.get(`/audit?subject=${eventId}`)).body.items;
    expect(trail).toMatchObject([
      { actor: 'admin', action: 'event.discarded', detail: { source: 'desk', reason: 'a test of theirs' } },
    ]);
    expect((await house.post(`/quarantine/${eventId}/discard`, { reason: 'again' })).status).toBe(409);
    expect(await post('q-3')).toMatchObject({ status: 'duplicate', eventId });
  });

  test('all of it is replayed once the mapping is right', async () => {
    right();
    expect((await house.post('/events/replay', { source: 'desk' })).body).toMatchObject({ replayed: 2, accepted: 2, left: 0 });
    expect(await kept()).toEqual([]);
    expect((await house.get('/reservations?source=desk')).body.items).toHaveLength(2);
    expect(await quarantinedBySource(house.ledger.db, house.clock.now())).toEqual([]);
  });

  test('is kept for as long as the setting says, then neither listed nor replayed', async () => {
    wrong();
    const { eventId } = await post('q-4');
    const after = (days: number) => new Date(house.clock.now().getTime() + days * DAY + 1);
    await forgetOld(house.ledger.db, after(14), { quarantineKeptMs: 30 * DAY });
    expect(await kept()).toHaveLength(1);
    await forgetOld(house.ledger.db, after(14));
    expect(await kept()).toEqual([]);
    expect((await house.get(`/quarantine/${eventId}`)).status).toBe(404);
    expect(await house.post(`/events/${eventId}/replay`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('it must be sent again') },
    });
    expect((await house.post('/events/replay', {})).body).toMatchObject({ replayed: 0, failures: [] });
  });
});

test('QUARANTINE_KEPT_DAYS is a number of days', () => {
  const env = { WEBHOOK_SECRET: 'unused' };
  expect(readSettings(env).settings.quarantineKeptMs).toBe(14 * DAY);
  expect(readSettings({ ...env, QUARANTINE_KEPT_DAYS: '30' }).settings.quarantineKeptMs).toBe(30 * DAY);
  const wrong = readSettings({ ...env, QUARANTINE_KEPT_DAYS: '0' });
  expect(wrong.ok ? [] : wrong.problems).toEqual([
    'QUARANTINE_KEPT_DAYS must be a whole number of days from 1 to 400, such as 14',
  ]);
});
