import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../engines.ts';
import { openHouse, source, type House } from '../intake-house.ts';
import { PATH, inOneForm, ordersOf, seen, tell } from './bookings.ts';
import { documentOf, unsignedPreset, type Foreign } from './payloads.ts';

/** Habits of OpenStack Blazar: what its filter asks, and what its notifications do to a booking. */

const blazar = unsignedPreset('blazar');
const payload = (file: string): Foreign => documentOf('blazar', `${file}.json`);
const told = (...messages: object[]) => tell(blazar, messages);
const LEASE = '6ee55c78-ac52-41a6-99af-2d2d73bcc466';

const created: Foreign = { ...payload('lease.create.oslo-message.composed'), timestamp: '2017-12-26 10:00:00.000000' };
const event = (n: number, type: string, timestamp: string, over: object = {}): Foreign => ({
  ...created,
  message_id: `message-${n}`,
  event_type: type,
  timestamp,
  payload: { ...created.payload, ...over },
});

describe('the notifications of a lease', () => {
  const extended = { end_date: '2017-12-27T18:00:00.000000' };
  const life = [
    created,
    event(1, 'lease.update', '2017-12-26 11:00:00.000000', extended),
    event(2, 'lease.event.start_lease', '2017-12-26 12:00:03.000000', extended),
    event(3, 'lease.event.end_lease', '2017-12-27 18:00:02.000000', extended),
  ];

  test('in whatever order they come, and twice, add up to the same', () => {
    const expected = inOneForm(told(...life));
    for (const order of ordersOf(life)) expect(inOneForm(told(...order, ...order))).toBe(expected);
    expect(seen(told(...life), LEASE)).toMatchObject({ over: 'ended', to: '2017-12-27T18:00:00.000Z' });
    expect(seen(told(...life.slice(0, 3)), LEASE)).toMatchObject({ over: false, to: '2017-12-27T18:00:00.000Z' });
  });

  test('in the envelope and without it are the same', () => {
    const wrapped = life.map((one) => ({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(one) }));
    expect(inOneForm(told(...wrapped))).toBe(inOneForm(told(...life)));
    expect(inOneForm(told(...life, ...wrapped))).toBe(inOneForm(told(...life)));
  });

  test('a deletion is final, before the start or during it, whichever is heard first', () => {
    const deleted = payload('lease.delete.oslo-message.composed');
    for (const order of ordersOf([...life.slice(0, 3), deleted]))
      expect(seen(told(...order), LEASE)).toMatchObject({ over: 'cancelled' });
  });

  test('and what the filter says of its end is one more word for it', () => {
    const end = { ...payload('on-end.of-a-stored-lease.composed'), [PATH]: 'on-end' };
    const two = [...life.slice(0, 3), end];
    expect(seen(told(...two), LEASE)).toMatchObject({ over: 'ended' });
    expect(seen(told(...two, life[3]), LEASE)).toMatchObject({ over: 'ended' });
  });

  test('as the payload alone, with the event in the path', () => {
    const { payload: bare } = created;
    const alone = (path: string) => ({ ...bare, [PATH]: path });
    expect(seen(told(alone('lease.create')), LEASE)).toMatchObject({ over: false, holders: [bare.user_id] });
    expect(seen(told(alone('lease.create'), alone('lease.delete')), LEASE)).toMatchObject({ over: 'cancelled' });
    expect(told(alone('lease.event.before_end_lease'))).toEqual({});
  });
});

describe('the ExternalServiceFilter', () => {
  const NOW = '2030-05-12T12:00:00.000Z';
  const TOKEN = 'a static token of blazar.conf';
  let house: House;
  beforeAll(async () => {
    house = await openHouse(engines[0]!, NOW);
    house.setPolicy({ sources: { blazar: source('blazar', 'blazar', TOKEN) } });
  });
  afterAll(() => house.close());

  const post = (path: string, file: string, change: object = {}, token = TOKEN) => {
    const document = payload(file);
    const body = JSON.stringify({ ...document, lease: { ...document.lease, ...change } });
    return house.post(`/webhooks/blazar/${path}`, body, { 'Content-Type': 'application/json', 'X-Auth-Token': token });
  };

  test.each(['check-create', 'v1/check-create'])('hears yes at %s: exactly 204, without a body', async (path) => {
    const answer = await post(path, 'check-create.external-service.composed');
    expect([answer.status, answer.body, answer.headers.get('content-length')]).toEqual([204, {}, null]);
  });

  test('hears no as 403 with a message for the person', async () => {
    const answer = await post('check-create', 'check-create.external-service.composed', { end_date: '2030-05-14T00:00:00' });
    expect(answer).toMatchObject({
      status: 403,
      body: { message: 'No key would be given for this booking: the booking lasts 24 h; plan lab grants at most 8 h.' },
    });
    expect((await post('check-create', 'check-create.no-dates.composed')).status).toBe(403);
    expect((await post('check-update', 'check-update.of-a-stored-lease.composed')).status).toBe(403);
  });

  test('hears another no from whoever does not know it', async () => {
    expect((await post('check-create', 'check-create.external-service.composed', {}, 'guessed')).status).toBe(401);
  });

  test('asks, and nothing is recorded; its end of a lease is', async () => {
    const count = async () => (await house.db.selectFrom('event').select('id').execute()).length;
    const before = await count();
    await post('check-create', 'check-create.external-service.composed');
    expect(await count()).toBe(before);
    expect((await post('on-end', 'on-end.of-a-stored-lease.composed')).status).toBe(204);
    expect(await count()).toBe(before + 1);
  });

  test('an end without an id is kept, and is no 204', async () => {
    expect(await post('on-end', 'on-end.external-service.composed')).toMatchObject({
      status: 202,
      body: { status: 'quarantined' },
    });
  });
});
