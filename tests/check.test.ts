import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { judge } from '../src/intake/check.ts';
import type { Lens } from '../src/lease/look.ts';
import type { Source } from '../src/reservation/source.ts';
import { describeEngines } from './engines.ts';
import { plan } from './fixtures/plan.ts';
import { sourceOf } from './fixtures/source.ts';
import { openHouse, policyWith, type House } from './intake-house.ts';

/** Booking systems that ask before they make a booking. */

const NOW = '2026-01-01T12:00:00.000Z';
const TOKEN = 'the token of who asks';
const entry = {
  auth: { token: { header: 'X-Auth-Token' } },
  secrets: [TOKEN],
  timezone: 'UTC',
  map: [
    {
      match: { expr: 'request.path', in: ['may-i'] },
      action: 'check',
      fields: {
        resource: 'machine',
        startsAt: 'iso(from)',
        endsAt: 'iso(to)',
        holders: 'people',
        scopes: 'wants',
        quota: 'quota',
      },
    },
    {
      match: { expr: 'request.path', in: ['may-we'] },
      action: 'check',
      forEach: 'slots',
      fields: { resource: 'item.machine', startsAt: 'iso(item.from)', endsAt: 'iso(item.to)', holders: 'people' },
    },
    { match: { expr: 'request.path', in: ['news'] }, action: 'created', fields: { reservationId: 'id', resource: 'machine' } },
  ],
};
const asks = (change: object = {}): Source => sourceOf({ ...entry, ...change }, { name: 'asks' });
const question = { machine: 'lab-1', from: '2026-01-02 09:00', to: '2026-01-02 11:00', people: ['ada'] };

describeEngines('a policy hook', (engine) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(engine, NOW);
  });
  afterAll(() => house.close());
  beforeEach(() => house.setPolicy({ sources: { asks: asks() } }));

  const ask = (document: unknown, { path = 'may-i', token = TOKEN } = {}) =>
    house.post(`/webhooks/asks/${path}`, typeof document === 'string' ? document : JSON.stringify(document), {
      'X-Auth-Token': token,
      'Content-Type': 'application/json',
    });
  const refusal = async (change: object, path?: string) => {
    const answer = await ask({ ...question, ...change }, { path });
    expect(answer.status).toBe(403);
    return (answer.body as { message?: string }).message!;
  };
  const rows = async () => {
    const counted = await sql<{
      n: string;
    }>`select (select count(*) from event) + (select count(*) from reservation) + (select count(*) from lease) as n`.execute(
      house.db,
    );
    return Number(counted.rows[0]!.n);
  };
  const counted = async (status: string) => {
    const { values } = await house.metrics.acks.get();
    return values.find(({ labels }) => labels.source === 'asks' && labels.status === status)?.value ?? 0;
  };

  test('says yes to what would be granted, with 204 and nothing else, and records nothing', async () => {
    const [before, yes] = [await rows(), await counted('check-granted')];
    const answer = await ask({ ...question, people: ['ada', 'bob'] });
    expect([answer.status, answer.body]).toEqual([204, {}]);
    expect(await rows()).toBe(before);
    expect(await counted('check-granted')).toBe(yes + 1);
  });

  test.each([
    [{ wants: ['admin'] }, 'scope "admin" is not granted by plan lab; allowed: read, write'],
    [{ quota: 9999 }, 'quota 9999 is more than plan lab grants (5000 per reservation)'],
    [{ to: '2026-01-02 23:00' }, 'the booking lasts 14 h; plan lab grants at most 8 h'],
    [{ to: '2026-01-02 08:00' }, 'the booking ends'],
    [{ from: '2026-01-01 08:00', to: '2026-01-01 10:00' }, 'its time is already over'],
    [{ people: [] }, 'the booking names nobody to give a key to'],
    [{ machine: null }, 'the booking names no resource'],
    [{ from: 'tomorrow' }, 'it cannot be understood: map[0].fields.startsAt (iso(from)) '],
    [{ people: 'everybody' }, 'it cannot be understood: map[0].fields.holders (people) '],
    [{ from: null }, 'the booking has no start yet'],
  ])('says no to %j, and why', async (change, want) => {
    const [before, no] = [await rows(), await counted('check-refused')];
    const message = await refusal(change);
    expect(message).toContain(want);
    expect(message).not.toMatch(/tomorrow|everybody/);
    expect(await rows()).toBe(before);
    expect(await counted('check-refused')).toBe(no + 1);
  });

  test('says no where no plan is for it, and tells all the reasons at once', async () => {
    house.setPolicy({ sources: { asks: asks() }, plans: [{ ...plan, match: { resource: 'lab-2' } }] });
    expect(await refusal({})).toBe(
      'No key would be given for this booking: no plan matches resource "lab-1" (id lab-1, type "").',
    );
    house.setPolicy({ sources: { asks: asks() } });
    expect(await refusal({ wants: ['admin', 'nothing'], quota: 9999 })).toMatch(/"admin".*; .*"nothing".*; .*9999/);
  });

  test('says yes to several only where each would be granted', async () => {
    const slot = (machine: string, hours: number) => ({ machine, from: '2026-01-02 09:00', to: `2026-01-02 ${9 + hours}:00` });
    const several = (...slots: object[]) => ask({ people: ['ada'], slots }, { path: 'may-we' });
    expect((await several(slot('a', 2), slot('b', 3))).status).toBe(204);
    expect((await several(slot('a', 2), slot('b', 12))).status).toBe(403);
    expect((await several()).status).toBe(403);
    expect((await several(...Array.from({ length: 101 }, () => slot('a', 2)))).body).toMatchObject({
      message: 'No key would be given for this booking: more than 100 bookings were asked about at once.',
    });
  });

  test('answers as its source says', async () => {
    house.setPolicy({ sources: { asks: asks({ answers: { granted: 200, refused: 409 } }) } });
    expect(await ask(question)).toMatchObject({ status: 200, body: { status: 'granted' } });
    expect(await ask({ ...question, quota: 9999 })).toMatchObject({ status: 409, body: { status: 'refused' } });
  });

  test('believes nobody else, and never takes another failure for a yes', async () => {
    expect((await ask(question, { token: 'another token' })).status).toBe(401);
    expect((await ask('{')).status).toBe(400);
    expect((await ask(question, { path: 'may-i-not' })).status).toBe(202);
  });

  test('news of the same source is recorded as ever', async () => {
    const before = await rows();
    expect(await ask({ id: 'r1', machine: 'lab-1' }, { path: 'news' })).toMatchObject({
      status: 202,
      body: { status: 'accepted' },
    });
    expect(await rows()).toBe(before + 2);
  });
});

describe('what is asked', () => {
  const asking = (limits: object) => ({
    policy: policyWith({}),
    now: () => new Date(NOW),
    providers: (() => ({ driver: { limits } })) as unknown as Lens['providers'],
  });
  const kept = { by: 'gateway' };
  const all = { scopes: kept, endpoints: kept, methods: kept, quota: kept, rate: kept, expiry: kept, notBefore: kept };
  const questions = asks().mapping.questions!(question, { now: new Date(NOW), path: 'may-i' })!;

  test('is refused where the provider would not enforce it', () => {
    expect(judge('own', questions, asking(all))).toEqual({ status: 'granted' });
    expect(judge('own', questions, asking({ ...all, quota: { by: 'none' } }))).toMatchObject({
      status: 'refused',
      message: expect.stringContaining('provider local does not enforce quota') as string,
    });
  });

  test('is no news: mapped all the same, it is ignored, and says why', () => {
    expect(asks().mapping.map(question, { now: new Date(NOW), path: 'may-i' })).toMatchObject([
      { outcome: 'ignored', reason: 'it asks beforehand whether a booking would be granted' },
    ]);
    expect(asks().mapping.questions!({ id: 'r1' }, { now: new Date(NOW), path: 'news' })).toBeUndefined();
    expect(sourceOf({ preset: 'standard' }).mapping.questions).toBeUndefined();
  });
});

test.each([
  [{ granted: 202 }, 'answers.quarantined is answered as granted is (202)'],
  [{ refused: 204 }, 'answers.refused is answered as granted is (204)'],
])('answers %j would be taken for a yes', (answers, want) => {
  expect(() => asks({ answers })).toThrow(want);
});
