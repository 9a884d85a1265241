import { afterEach, expect, test } from 'vitest';
import { booking, openApiHouse, type ApiHouse } from './api-house.ts';
import { expectNothingSecret } from './api-secrets.ts';
import { describeEngines } from './engines.ts';

describeEngines('providers by the management API', (engine) => {
  let house: ApiHouse;
  afterEach(async () => {
    expect(house.errors).toEqual([]);
    await expectNothingSecret(house);
    await house.close();
  });
  const campus = async (query = '') => (await house.get(`/providers${query}`, { as: house.tokens.operator })).body.items[0];

  test('how one is, and what waits for it, is shown without asking it', async () => {
    house = await openApiHouse(engine);
    expect(await campus()).toMatchObject({
      name: 'campus',
      answeredAt: null,
      lastError: null,
      gate: { restingUntil: null, quietUntil: null, perSecond: null },
      queue: { calls: 0, callsWaiting: 0, leases: 0, leasesWaiting: 0, keysPutOff: 0 },
      debts: 0,
      inventory: null,
      powers: expect.arrayContaining(['retime', 'usage']),
      pace: { operations: {}, batch: null },
    });
    expect(await campus()).not.toHaveProperty('check');

    await house.receive(booking('7'));
    expect(await campus()).toMatchObject({ answeredAt: '2026-01-01T09:00:00.000Z', lastError: null });
    const asked = house.manager.requests.length;
    await campus('?check=true');
    expect(house.manager.requests.length).toBeGreaterThan(asked);
    house.clock.forward(60_000);
    const after = house.manager.requests.length;
    expect(await campus()).toMatchObject({ check: { ok: true, at: '2026-01-01T09:00:00.000Z' } });
    expect(house.manager.requests).toHaveLength(after);

    house.manager.fail({ on: 'revoke', how: '429-seconds', times: Number.POSITIVE_INFINITY });
    await house.receive(booking('7', { type: 'reservation.cancelled', timestamp: '2026-01-01T08:10:00Z' }));
    expect(await campus()).toMatchObject({
      answeredAt: '2026-01-01T09:00:00.000Z',
      lastError: {
        at: '2026-01-01T09:01:00.000Z',
        action: 'revoke',
        kind: 'rate-limited',
        message: expect.stringMatching(/^campus: answered 429/),
      },
      gate: { restingUntil: null, quietUntil: '2026-01-01T09:01:07.000Z', perSecond: expect.any(Number) },
      queue: { keysPutOff: 1 },
      debts: 1,
    });
    house.manager.heal();
    house.clock.forward(600_000);
    await house.settleAll();
    expect(await campus()).toMatchObject({
      gate: { quietUntil: null },
      queue: { keysPutOff: 0 },
      debts: 0,
      lastError: { kind: 'rate-limited' },
    });
  });

  test('one that does not answer is given a rest, and its last inventory stays in sight', async () => {
    house = await openApiHouse(engine);
    house.manager.fail({ on: 'any', how: 'refuse', times: Number.POSITIVE_INFINITY });
    const counts = { dead: 1, stray: 2, missing: 0, drifted: 0 };
    const report = {
      by: 'eve',
      fix: false,
      seconds: 1,
      listed: 9,
      expected: 6,
      counts,
      done: 0,
      failed: 0,
      suspicious: null,
      findings: [],
    };
    await house.ledger.db
      .insertInto('inventory')
      .values({ provider: 'campus', takenAt: house.clock.now(), report: JSON.stringify(report) })
      .execute();
    for (let time = 0; time < 5; time += 1) await campus('?check=1');
    expect(await campus()).toMatchObject({
      check: { ok: false, error: expect.stringContaining('no answer') },
      lastError: { action: 'check', kind: 'transient' },
      gate: { restingUntil: '2026-01-01T09:00:00.250Z' },
      inventory: { takenAt: '2026-01-01T09:00:00.000Z', listed: 9, expected: 6, counts, failed: null },
    });
  });
});
