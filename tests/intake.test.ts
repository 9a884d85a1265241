import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { findEvent, insertEvents, listEvents } from '../src/ledger/events.ts';
import { newId } from '../src/ledger/ids.ts';
import { findBooking, listReservations, lockReservations, unheardOf } from '../src/ledger/reservations.ts';
import type { NewEvent } from '../src/ledger/schema.ts';
import { fingerprintOf, hmacSha256 } from '../src/secret/hmac.ts';
import { Secret } from '../src/secret/secret.ts';
import { plan } from './fixtures/plan.ts';
import { describeEngines } from './engines.ts';
import { openHouse, policyWith, recorded, SECRET, source, type Answer, type House } from './intake-house.ts';

const NOW = '2026-01-01T12:55:00Z';
let count = 0;
/** A booking of its own for each test. */
const booking = () => `B-${(count += 1)}`;

const flat = (eventId: string, change: object = {}) => ({
  ...recorded('EVENT_START.head-2025-07.RECONSTRUCTED'),
  eventId,
  timestamp: NOW,
  eventStart: '2026-01-01T13:00:00Z',
  eventEnd: '2026-01-01T15:00:00Z',
  ...change,
});
const entity = (id: string, eventType: string, data: object = {}) => {
  const known = recorded('EVENT_DELETED.be-entity.RECONSTRUCTED');
  const times = { start: '2026-01-01T13:00:00Z', end: '2026-01-01T15:00:00Z', updatedAt: '2026-01-01T12:00:00Z' };
  return { ...known, eventType, timestamp: NOW, data: { ...(known.data as object), ...times, id, ...data } };
};
const standard = (reservationId: string, change: object = {}) => ({
  type: 'reservation.created',
  timestamp: NOW,
  data: {
    reservationId,
    resource: { id: 'lab-1', name: 'Lab 1' },
    holders: [{ id: 'ada', name: 'Ada' }],
    startsAt: '2026-01-01T13:00:00Z',
    endsAt: '2026-01-01T15:00:00Z',
    ...change,
  },
});
const statuses = (answers: readonly Answer[]) => {
  const seen: Record<string, number> = {};
  for (const { body } of answers) seen[String(body.status)] = (seen[String(body.status)] ?? 0) + 1;
  return seen;
};

describeEngines('intake', (engine) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(engine, NOW);
  });
  afterAll(() => house.close());
  beforeEach(() => {
    house.setNow(NOW);
    house.setPolicy({});
  });

  const stored = (id: string) => house.db.selectFrom('event').selectAll().where('id', '=', id).executeTakeFirst();
  const events = (externalId: string) => listEvents(house.db, { externalId, limit: 100 });
  const reservation = (externalId: string, from = 'default') => findBooking(house.db, { source: from, externalId });
  const leases = async (externalId: string, from = 'default') =>
    await house.db
      .selectFrom('lease')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .selectAll('lease')
      .where('reservation.externalId', '=', externalId)
      .where('reservation.source', '=', from)
      .orderBy('lease.id')
      .execute();
  const trail = async (subject: string) =>
    await house.db.selectFrom('audit').select(['action', 'actor']).where('subject', '=', subject).orderBy('seq').execute();
  const total = async () =>
    Number(
      (
        await house.db
          .selectFrom('event')
          .select((row) => row.fn.countAll().as('n'))
          .executeTakeFirstOrThrow()
      ).n,
    );

  test('a booking that is acknowledged has its event, its reservation, a lease that waits, a job and an audit entry', async () => {
    const id = booking();
    const answer = await house.send(flat(id));
    expect(answer).toMatchObject({ status: 202, body: { status: 'accepted', reservations: [id] } });
    expect(Object.keys(answer.body).sort()).toEqual(['eventId', 'reservations', 'status']);

    const kept = (await reservation(id))!;
    expect(kept).toMatchObject({
      resourceName: 'Lab Server A1',
      closed: false,
      problem: null,
      startsAt: new Date('2026-01-01T13:00:00Z'),
    });
    expect(await events(id)).toMatchObject([
      {
        id: answer.body.eventId,
        outcome: 'accepted',
        type: 'started',
        seen: 1,
        reservationId: kept.id,
        requestId: answer.headers.get('x-request-id'),
      },
    ]);
    const [lease, ...others] = await leases(id);
    expect(others).toEqual([]);
    expect(lease).toMatchObject({ plan: 'lab', provider: 'local', state: 'pending', resourceId: '1' });
    expect(lease!.wakeAt!.getTime() - house.now().getTime()).toBeLessThan(10_000);
    expect(await house.settleJobs()).toContain(lease!.id);
    expect(await trail(kept.id)).toEqual([{ action: 'reservation.created', actor: 'source:default' }]);
  });

  test.each([2, 5, 100])('the same event %i times at once is one row, one lease, and everybody is told so', async (times) => {
    const id = booking();
    const answers = await Promise.all(Array.from({ length: times }, () => house.send(flat(id))));
    expect(answers.every((answer) => answer.status === 202)).toBe(true);
    expect(statuses(answers)).toEqual({ accepted: 1, duplicate: times - 1 });
    expect(new Set(answers.map((answer) => answer.body.eventId)).size).toBe(1);
    expect(await events(id)).toMatchObject([{ seen: times }]);
    expect((await leases(id)).length).toBe(1);
    expect((await trail((await reservation(id))!.id)).length).toBe(1);
  });

  test('a copy with a new sending time is the same event, also after its end; nothing grows with it (U7)', async () => {
    const id = booking();
    await house.send(entity(id, 'EVENT_UPDATED'));
    await house.send(entity(id, 'EVENT_DELETED'));
    const [before, jobs] = [await reservation(id), (await house.settleJobs()).length];
    for (let minute = 0; minute < 5; minute += 1) {
      const again = { ...entity(id, 'EVENT_UPDATED'), timestamp: `2026-01-01T12:5${minute}:30Z` };
      expect((await house.send(again)).body).toMatchObject({ status: 'duplicate', reservations: [id] });
    }
    expect(await reservation(id)).toEqual(before);
    expect((await events(id)).map((event) => event.seen)).toEqual([1, 6]);
    expect((await house.settleJobs()).length).toBe(jobs);
  });

  test('two nodes that are sent the same bookings in opposite order agree, and neither waits for ever', async () => {
    const ids = Array.from({ length: 20 }, booking);
    const other = house.neighbour();
    house.setPolicy({ sources: { default: source('default', 'cloud-resource-reservation') } });
    const batch = (order: string[]) => {
      const { eventId: _, ...around } = flat('');
      return Buffer.from(JSON.stringify({ ...around, events: order.map((eventId) => ({ eventId })) }));
    };
    const request = (order: string[]) => ({ source: 'default', rawHeaders: [], body: batch(order), requestId: 'r' });
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const receiver = index % 2 ? other : house.receiver;
        return receiver.receive(request(index % 2 ? ids : ids.toReversed()));
      }),
    );
    expect(outcomes.filter((one) => one.kind === 'recorded' && one.outcome.status === 'accepted').length).toBe(1);
    for (const id of ids) expect(await events(id)).toMatchObject([{ seen: 8 }]);
  });

  test('two transactions that want the same rows in opposite order never wait for each other', async () => {
    const ids = Array.from({ length: 300 }, booking);
    const row = (externalId: string): NewEvent => ({
      id: newId('evt'),
      source: 'default',
      dedupe: externalId,
      outcome: 'ignored',
      requestId: 'r',
      receivedAt: house.now(),
      lastSeenAt: house.now(),
      seen: 1,
      reason: null,
      type: null,
      externalId: null,
      event: null,
      sealedBody: null,
    });
    const bookings = ids.map((externalId) => unheardOf({ source: 'default', externalId }));
    const lock = (order: typeof bookings) =>
      house.ledger.transact(async (tx) => void (await lockReservations(tx.db, order, house.now())));
    const insert = (order: string[]) => house.ledger.transact(async (tx) => void (await insertEvents(tx.db, order.map(row))));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([lock(bookings), lock(bookings.toReversed()), lock(bookings)]);
      await Promise.all([insert(ids), insert(ids.toReversed()), insert(ids)]);
    }
    const [counted] = await house.db.selectFrom('event').select('seen').where('dedupe', '=', ids[0]!).execute();
    expect(counted!.seen).toBe(15);
  });

  test('in a batch with a bad booking the others are accepted, and the bad one is kept for itself, sealed', async () => {
    const ids = Array.from({ length: 10 }, booking);
    const batch = {
      ...recorded('EVENT_START.batch'),
      timestamp: NOW,
      username: 'carla.neri',
      events: ids.map((eventId, index) => ({
        eventId,
        resourceId: 1,
        eventStart: index === 3 ? 'soon' : '2026-01-01T13:00:00Z',
        eventEnd: '2026-01-01T15:00:00Z',
      })),
    };
    const answer = await house.send(batch);
    expect(answer.body).toMatchObject({ status: 'accepted', reservations: ids });
    for (const [index, id] of ids.entries()) {
      expect(await events(id)).toMatchObject([{ outcome: index === 3 ? 'quarantined' : 'accepted' }]);
      expect((await leases(id)).length).toBe(index === 3 ? 0 : 1);
    }
    const [bad] = await events(ids[3]!);
    expect(bad).toMatchObject({ reason: expect.stringContaining('eventStart'), event: null });
    const row = (await stored(bad!.id))!;
    expect(row.sealedBody).toBeTruthy();
    expect(JSON.stringify(row)).not.toContain('carla.neri');
    expect(house.sealer.open(row.sealedBody!, `event:${row.id}`).reveal()).toContain('carla.neri');
  });

  test('the same event twice in one batch is one event', async () => {
    const id = booking();
    const { eventId: _, ...around } = flat('');
    const answer = await house.send({ ...around, events: [{ eventId: id }, { eventId: id }] });
    expect(answer.body).toMatchObject({ status: 'accepted', reservations: [id] });
    expect(await events(id)).toMatchObject([{ seen: 2 }]);
  });

  test('a batch of 2 000 bookings is recorded whole, and the answer stays short', async () => {
    const ids = Array.from({ length: 2000 }, booking);
    const { eventId: _, ...around } = flat('');
    const answer = await house.send({ ...around, events: ids.map((eventId) => ({ eventId })) });
    expect(answer).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(JSON.stringify(answer.body).length).toBeLessThan(4000);
    const last = await reservation(ids.at(-1)!);
    expect(last).toMatchObject({ closed: false, problem: null });
    expect((await leases(ids[500]!)).length).toBe(1);
  });

  test('more events in one request than we take are kept aside as they came', async () => {
    const { eventId: _, ...around } = flat('');
    const answer = await house.send({ ...around, events: Array.from({ length: 2001 }, (_, n) => ({ eventId: n })) });
    expect(answer.body.status).toBe('quarantined');
    expect((await house.send({ ...around, events: Array.from({ length: 2001 }, (_, n) => ({ eventId: n })) })).body.status).toBe(
      'duplicate',
    );
  });

  test.each([
    ['a day old', '2025-12-31T12:55:00Z'],
    ['eleven minutes ahead', '2026-01-01T13:06:00Z'],
  ])('a replay %s is recorded once and has no effect', async (_name, timestamp) => {
    const id = booking();
    for (const want of ['ignored', 'duplicate'])
      expect(await house.send(flat(id, { timestamp }))).toMatchObject({ status: 202, body: { status: want } });
    expect(await reservation(id)).toBeUndefined();
    expect(await events(id)).toMatchObject([{ outcome: 'ignored', seen: 2, reason: expect.stringContaining('replay') }]);
    expect((await house.send(flat(id))).body.status).toBe('accepted');
  });

  test('the same body again after its end has no effect', async () => {
    const id = booking();
    await house.send(flat(id));
    expect((await house.send(flat(id, { eventType: 'EVENT_END' }))).body.status).toBe('accepted');
    const ended = await reservation(id);
    expect(ended).toMatchObject({ closed: true, problem: null });
    expect((await house.send(flat(id))).body.status).toBe('duplicate');
    expect(await reservation(id)).toEqual(ended);
    expect((await trail(ended!.id)).map((entry) => entry.action)).toEqual(['reservation.created', 'reservation.closed']);
  });

  test('an end that comes first leaves a closed booking, and the start that follows opens no lease (U11)', async () => {
    const id = booking();
    await house.send(flat(id, { eventType: 'EVENT_END', timestamp: '2026-01-01T12:56:00Z' }));
    expect((await house.send(flat(id))).body.status).toBe('accepted');
    expect(await reservation(id)).toMatchObject({ closed: true });
    expect(await leases(id)).toEqual([]);
  });

  test('a cancellation before the start (U10), and a booking that never gets a start (U2)', async () => {
    const id = booking();
    await house.send(entity(id, 'EVENT_CREATED'));
    expect((await leases(id)).map((lease) => lease.holderId)).toEqual(['4f2c7f0e-6d1c-4c6f-9a55-0a7a3f3b1c11']);
    await house.db.updateTable('lease').set({ wakeAt: null }).execute();
    await house.send(entity(id, 'EVENT_DELETED'));
    expect(await reservation(id)).toMatchObject({ closed: true });
    expect((await leases(id))[0]!.wakeAt).not.toBeNull();
  });

  test('a new owner gets a lease of their own, and the old one is looked at (U9)', async () => {
    const id = booking();
    await house.send(entity(id, 'EVENT_CREATED'));
    await house.db.updateTable('lease').set({ wakeAt: null }).execute();
    await house.send(entity(id, 'EVENT_UPDATED', { keycloakId: 'new-owner', updatedAt: '2026-01-01T12:30:00Z' }));
    const now = await leases(id);
    expect(now.map((lease) => lease.holderId)).toEqual(['4f2c7f0e-6d1c-4c6f-9a55-0a7a3f3b1c11', 'new-owner']);
    expect(now.every((lease) => lease.wakeAt !== null)).toBe(true);
    expect(await house.settleJobs()).toEqual(expect.arrayContaining(now.map((lease) => lease.id)));
  });

  test('several holders get a lease each', async () => {
    const id = booking();
    await house.sendStandard(`msg_${id}`, standard(id, { holders: [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'a' }] }));
    expect((await leases(id, 'own')).map((lease) => lease.holderId).sort()).toEqual(['a', 'b', 'c']);
  });

  test.each<[string, object, RegExp]>([
    ['no plan for its resource', { resourceName: 'Coffee machine', resourceId: 99 }, /no plan matches resource "Coffee machine"/],
    ['nobody to give a key to', { userId: undefined }, /names nobody/],
    ['no resource', { resourceId: undefined, resourceName: undefined }, /names no resource/],
    ['no start', { eventStart: undefined }, /no start/],
  ])('a booking with %s is accepted, opens no lease and says why', async (_name, change, problem) => {
    house.setPolicy({ plans: [{ ...plan, match: { resource: 'Lab*' } }] });
    const id = booking();
    expect((await house.send(flat(id, change))).body.status).toBe('accepted');
    expect(await reservation(id)).toMatchObject({ problem: expect.stringMatching(problem) });
    expect(await leases(id)).toEqual([]);
    expect((await listReservations(house.db, { troubled: true, limit: 1 }))[0]).toMatchObject({ externalId: id });
    await house.send(flat(id, { timestamp: '2026-01-01T12:56:00Z' }));
    expect(await reservation(id)).toMatchObject({ problem: null });
    expect((await leases(id)).length).toBe(1);
  });

  test('a booking for another day waits for its time without a job; one that asks for too much is settled at once', async () => {
    const [later, greedy] = [booking(), booking()];
    const tomorrow = { eventStart: '2026-01-02T13:00:00Z', eventEnd: '2026-01-02T15:00:00Z' };
    await house.send(flat(later, tomorrow));
    await house.send(flat(greedy, { ...tomorrow, customParameters: '{"scopes":["admin"]}' }));
    const [waits] = await leases(later);
    const [settles] = await leases(greedy);
    const at = new Date(Date.parse('2026-01-02T13:00:00Z') - plan.window.issueBeforeMs);
    expect(waits).toMatchObject({ state: 'pending', wakeAt: at, closesAt: new Date('2026-01-02T15:00:00Z') });
    const jobs = await house.settleJobs();
    expect(jobs).toContain(settles!.id);
    expect(jobs).not.toContain(waits!.id);
  });

  test('parameters that cannot be read refuse the key, not the news of the booking', async () => {
    const id = booking();
    expect((await house.send(flat(id, { customParameters: '{"scopes":' }))).body.status).toBe('accepted');
    expect(JSON.stringify((await reservation(id))!.state)).toContain('parameters: not valid JSON');
    expect((await leases(id)).length).toBe(1);
  });

  test('when the plans are renamed, a booking that has a key keeps its lease and gets no second one', async () => {
    const id = booking();
    await house.send(entity(id, 'EVENT_CREATED'));
    const [lease] = await leases(id);
    await house.db.updateTable('lease').set({ state: 'active' }).where('id', '=', lease!.id).execute();
    house.setPolicy({ plans: [{ ...plan, name: 'renamed' }] });
    await house.send(entity(id, 'EVENT_UPDATED', { end: '2026-01-01T16:00:00Z', updatedAt: '2026-01-01T12:30:00Z' }));
    expect((await leases(id)).map((lease) => lease.plan)).toEqual(['lab']);
  });

  test('a signed id that is used again for another event has no effect', async () => {
    const [first, second] = [booking(), booking()];
    expect((await house.sendStandard('msg_reused', standard(first))).body.status).toBe('accepted');
    const kept = await reservation(first, 'own');
    const answers = [
      await house.sendStandard('msg_reused', standard(second)),
      await house.sendStandard('msg_reused', {
        ...standard(first, { endsAt: '2026-01-01T20:00:00Z' }),
        type: 'reservation.updated',
      }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 202, body: { status: 'duplicate' } });
    expect(await reservation(second, 'own')).toBeUndefined();
    expect(await reservation(first, 'own')).toEqual(kept);
  });

  test('a booking remembers which secret its event was signed with, not the secret; by another it is still the same event', async () => {
    const id = booking();
    const secrets = ['an old one', SECRET, 'of another registration'].map((text) => new Secret(text));
    const both = { ...source('default', 'cloud-resource-reservation'), secrets: secrets.map((secret) => ({ secret })) };
    house.setPolicy({ sources: { default: both } });
    expect((await house.send(flat(id))).body.status).toBe('accepted');
    const { state } = (await reservation(id))!;
    expect(state.reply?.value).toMatchObject({ webhookId: '7', signedWith: fingerprintOf(secrets[1]!) });
    const body = JSON.stringify(flat(id, { timestamp: '2026-01-01T12:56:00Z' }));
    const signature = hmacSha256('of another registration', body).toString('base64');
    expect((await house.post('/webhook', body, { 'X-Webhook-Signature': signature })).body.status).toBe('duplicate');
    expect((await reservation(id))?.state).toEqual(state);
    expect(JSON.stringify([state, await events(id)])).not.toContain(SECRET);
  });

  test('a bad signature is refused before anything is parsed, and leaves nothing behind', async () => {
    const before = await total();
    const bodies = ['{"eventType":', '{"a":1,"a":2}', '[['.repeat(1000), JSON.stringify(flat(booking()))];
    for (const body of bodies)
      for (const headers of [{}, { 'X-Webhook-Signature': 'x' }] as Record<string, string>[]) {
        const answer = await house.post('/webhook', body, headers);
        expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      }
    expect(await house.post('/webhooks/own', JSON.stringify(standard('x')))).toMatchObject({ status: 401 });
    expect(await total()).toBe(before);
  });

  test.each<[string, string]>([
    ['half a document', '{"eventType":'],
    ['no document', ''],
    ['a name twice', '{"eventType":"ALL","eventType":"EVENT_START"}'],
    ['a tower of brackets', '['.repeat(5000) + ']'.repeat(5000)],
  ])('%s, well signed, is malformed', async (_name, body) => {
    const before = await total();
    expect(await house.send(body)).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(await total()).toBe(before);
  });

  test('a body above 256 kB is refused, whatever length it claims; one of 256 kB is read', async () => {
    const padded = (size: number) => ' '.repeat(size - 2) + '{}';
    expect((await house.send(padded(256 * 1024))).status).toBe(202);
    expect(await house.send(padded(256 * 1024 + 1))).toMatchObject({ status: 413, body: { code: 'too_large' } });
    let sent = 0;
    const endless = new ReadableStream({
      pull(stream) {
        sent += 16_384;
        if (sent > 8_000_000) stream.close();
        else stream.enqueue(new Uint8Array(16_384));
      },
    });
    const answer = await house.post('/webhook', endless).catch(() => ({ status: 413 }));
    expect(answer.status).toBe(413);
  });

  test('a compressed body is refused', async () => {
    const answer = await house.post('/webhook', new Uint8Array([31, 139, 8, 0]), { 'Content-Encoding': 'gzip' });
    expect(answer.status).toBe(415);
  });

  test.each(['nobody', 'constructor', '__proto__', 'toString', '%00'])('there is no source "%s"', async (name) => {
    expect((await house.post(`/webhooks/${name}`, '{}')).status).toBe(404);
  });

  test('a source without a secret, which only an insecure start allows, takes unsigned events by their meaning', async () => {
    house.setPolicy({ sources: { own: source('own', 'standard') } });
    const [first, second] = [booking(), booking()];
    const unsigned = (id: string) => house.post('/webhooks/own', JSON.stringify(standard(id)), { 'webhook-id': 'same' });
    expect((await unsigned(first)).body.status).toBe('accepted');
    expect((await unsigned(second)).body.status).toBe('accepted');
    expect((await unsigned(first)).body.status).toBe('duplicate');
  });

  test('what is authentic but cannot be mapped is kept, and replayed once the configuration understands it', async () => {
    const id = booking();
    const misread = await house.sendStandard(`msg_${id}`, entity(id, 'EVENT_CREATED'));
    expect(misread).toMatchObject({ status: 202, body: { status: 'quarantined', reservations: [] } });
    const eventId = misread.body.eventId!;
    expect(await house.receiver.replay(eventId)).toMatchObject({ status: 'quarantined' });
    expect(await stored(eventId)).toMatchObject({ outcome: 'quarantined', sealedBody: expect.any(String) });

    const { sources } = policyWith({});
    house.setPolicy({ sources: { ...sources, own: { ...sources.own!, mapping: sources.default!.mapping } } });
    house.setNow('2026-01-02T12:00:00Z');
    expect(await house.receiver.replay(eventId, 'operator:ada')).toEqual({ status: 'accepted', eventId, reservations: [id] });

    const kept = (await reservation(id, 'own'))!;
    expect(await findEvent(house.db, eventId)).toMatchObject({
      outcome: 'accepted',
      reason: null,
      type: 'created',
      externalId: id,
      reservationId: kept.id,
      dedupe: `id:msg_${id}`,
    });
    expect((await stored(eventId))!.sealedBody).toBeNull();
    expect((await leases(id, 'own')).length).toBe(1);
    expect(await trail(eventId)).toEqual([
      { action: 'event.replayed', actor: 'operator' },
      { action: 'event.replayed', actor: 'operator:ada' },
    ]);
    await expect(house.receiver.replay(eventId)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('what turns out to be several events when it is replayed becomes several', async () => {
    const ids = [booking(), booking(), booking()];
    const { eventId: _, ...around } = flat('');
    const misread = await house.sendStandard(`msg_${ids[0]}`, { ...around, events: ids.map((eventId) => ({ eventId })) });
    const { sources } = policyWith({});
    house.setPolicy({ sources: { ...sources, own: { ...sources.own!, mapping: sources.default!.mapping } } });
    expect(await house.receiver.replay(misread.body.eventId!)).toMatchObject({ status: 'accepted', reservations: ids });
    for (const id of ids) {
      expect((await leases(id, 'own')).length).toBe(1);
      expect(await events(id)).toMatchObject([{ outcome: 'accepted', reservationId: (await reservation(id, 'own'))!.id }]);
    }
  });

  test('only a quarantined event can be replayed', async () => {
    const accepted = await house.send(flat(booking()));
    await expect(house.receiver.replay(accepted.body.eventId!)).rejects.toMatchObject({ code: 'conflict' });
    await expect(house.receiver.replay('evt_none')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an event that the database refuses holds up no other: it is kept aside, and can be replayed', async () => {
    const ids = Array.from({ length: 20 }, booking);
    const poison = ids[7]!;
    await sql`alter table reservation add constraint poison check (external_id <> ${sql.lit(poison)})`.execute(house.db);
    const answers = await Promise.all(ids.map((id) => house.send(flat(id))));
    expect(statuses(answers)).toEqual({ accepted: 19, quarantined: 1 });
    expect(answers[7]!.body.status).toBe('quarantined');
    expect(await reservation(poison)).toBeUndefined();
    await sql`alter table reservation drop constraint poison`.execute(house.db);
    expect(await house.receiver.replay(answers[7]!.body.eventId!)).toMatchObject({ status: 'accepted', reservations: [poison] });
    expect((await leases(poison)).length).toBe(1);
  });

  test('what was acknowledged is counted', async () => {
    const lines = await house.metrics.registry.metrics();
    for (const status of ['accepted', 'duplicate', 'ignored', 'quarantined', 'refused'])
      expect(lines).toMatch(new RegExp(`latchkey_acks_total\\{source="default",status="${status}"\\} [1-9]`));
  });

  test('events are listed page by page, newest first, without what is sealed', async () => {
    const first = await listEvents(house.db, { source: 'default', limit: 3 });
    const second = await listEvents(house.db, { source: 'default', limit: 3, before: first.at(-1)!.id });
    const ids = [...first, ...second].map((event) => event.id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(ids.length).toBe(6);
    expect(first[0]).not.toHaveProperty('sealedBody');
    expect(
      (await listEvents(house.db, { outcome: 'quarantined', limit: 50 })).every((event) => event.outcome === 'quarantined'),
    ).toBe(true);
  });

  test('no secret is in what was answered or recorded', async () => {
    const rows = JSON.stringify([
      await house.db.selectFrom('event').selectAll().execute(),
      await house.db.selectFrom('reservation').selectAll().execute(),
      await house.db.selectFrom('audit').selectAll().execute(),
    ]);
    expect(rows).not.toContain(SECRET);
  });
});

describeEngines('intake without its database', (engine) => {
  test('answers 503 with Retry-After, so that the sender tries again', async () => {
    const house = await openHouse(engine, NOW);
    try {
      expect((await house.send(flat('B-1'))).status).toBe(202);
      await house.ledger.close();
      const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => house.send(flat(`B-${n}`))));
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    } finally {
      await house.close();
    }
  });
});
