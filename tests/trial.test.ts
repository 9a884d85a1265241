import { afterEach, expect, test } from 'vitest';
import { builtin } from '../providers/builtin/driver.ts';
import { createFakeKeys } from '../providers/builtin/fake.ts';
import { toolsFor } from '../providers/contract-world.ts';
import { openApiHouse, type Answered, type ApiHouse } from './api-house.ts';
import { expectNothingSecret } from './api-secrets.ts';
import { describeEngines } from './engines.ts';

describeEngines('a provider tried with a throw-away key', (engine) => {
  let house: ApiHouse;
  afterEach(async () => {
    expect(house.errors).toEqual([]);
    await expectNothingSecret(house);
    // Nothing is kept but what says who did it.
    for (const table of ['key', 'lease', 'reservation', 'event', 'delivery'] as const)
      expect(await house.ledger.db.selectFrom(table).selectAll().execute()).toEqual([]);
    await house.close();
  });
  const trial = async (body: object = {}): Promise<Answered> =>
    await house.post('/providers/campus/test', body, { as: house.tokens.operator });
  const stepsOf = ({ body }: Answered) =>
    body.steps.map(({ name, ok }: { name: string; ok: boolean }) => (ok ? name : `${name} failed`));
  const made = () => house.manager.requests.filter(({ method, path }) => method === 'POST' && path === '/api/keys');

  test('is shown with every request, without the key, and keeps nothing of it', async () => {
    house = await openApiHouse(engine);
    const answered = await trial();
    expect(answered).toMatchObject({
      status: 200,
      body: { provider: 'campus', plan: 'lab', key: expect.stringMatching(/^lk-test[0-9a-f]{12}-1$/), ok: true, left: false },
    });
    expect(stepsOf(answered)).toEqual(['check', 'issue', 'probe', 'usage', 'revoke', 'probe']);
    expect(house.manager.keys()).toEqual([]);
    const { api_key: value, expires_at } = made()[0]!.body as { api_key: string; expires_at: string };
    expect(expires_at).toBe('2026-01-01T09:10:00.000Z');
    expect(answered.text).not.toContain(value);
    const exchanges = answered.body.steps.flatMap(({ exchanges: own }: { exchanges: unknown[] }) => own);
    expect(exchanges).toHaveLength(house.manager.requests.length);
    expect(exchanges).toContainEqual({
      method: 'POST',
      url: expect.stringContaining('/api/keys'),
      body: expect.objectContaining({ api_key: '***' }),
      status: 201,
      ms: expect.any(Number),
    });
    expect(exchanges).toContainEqual(
      expect.objectContaining({ method: 'DELETE', url: expect.stringMatching(/\/api\/keys\/\*\*\*$/) }),
    );
    expect((await house.get('/audit?action=provider.tested')).body.items).toMatchObject([
      { actor: 'operator-1', subject: 'campus', detail: { plan: 'lab', key: answered.body.key } },
    ]);
  });

  test.each([
    ['whose answer is lost', { on: 'issue', how: 'lost-answer' } as const],
    ['that takes no policy', { on: 'policy', how: '400' } as const],
  ])('at a provider %s ends there, and leaves nothing', async (_, fault) => {
    house = await openApiHouse(engine);
    house.manager.fail(fault);
    const answered = await trial();
    expect(answered.body).toMatchObject({ ok: false, left: false });
    expect(stepsOf(answered)).toEqual(['check', 'issue failed', 'revoke', 'probe']);
    expect(answered.body.steps[1].says).toMatch(/^campus: .*\((transient|rejected)\)$/);
    expect(house.manager.keys()).toEqual([]);
  });

  test('a provider that is not reached is asked for no key', async () => {
    house = await openApiHouse(engine);
    house.manager.fail({ on: 'any', how: 'refuse', times: Number.POSITIVE_INFINITY });
    const answered = await trial();
    expect(stepsOf(answered)).toEqual(['check failed']);
    expect(answered.body).toMatchObject({ ok: false, left: false });
    expect(made()).toEqual([]);
  });

  test('a key that cannot be revoked is tried again, and in the end named', async () => {
    house = await openApiHouse(engine);
    house.manager.fail({ on: 'revoke', how: '500', times: 2 });
    const patient = await trial();
    expect(patient.body).toMatchObject({ ok: true, left: false });
    expect(stepsOf(patient).slice(-4)).toEqual(['revoke failed', 'revoke failed', 'revoke', 'probe']);
    house.manager.fail({ on: 'revoke', how: '403', times: Number.POSITIVE_INFINITY });
    const left = await trial();
    expect(left.body).toMatchObject({ ok: false, left: true });
    expect(house.manager.keys()).toHaveLength(1);
    expect(house.errors.splice(0)).toMatchObject([{ message: 'a key of a trial may be left', key: left.body.key }]);
  });

  test('a driver that can hold a key back is asked for that too, and need not tell its requests', async () => {
    house = await openApiHouse(engine);
    const fake = createFakeKeys({ now: house.clock.now });
    Object.assign(house.shop.providers('campus')!.driver, builtin.open({}, toolsFor('campus', fake.keys)));
    const answered = await trial({ plan: 'lab' });
    expect(stepsOf(answered).join(' ')).toBe('check issue probe usage suspend probe resume probe revoke probe');
    expect(answered.body.steps.every(({ exchanges }: { exchanges: unknown[] }) => exchanges.length === 0)).toBe(true);
    expect(fake.live()).toEqual([]);
  });

  test('a provider that nobody has, or that no plan uses, is not tried, and neither by who may only read', async () => {
    house = await openApiHouse(engine);
    expect((await house.post('/providers/campus/test', {}, { as: house.tokens.viewer })).status).toBe(403);
    expect((await house.post('/providers/none/test')).status).toBe(404);
    expect(await trial({ plan: 'desk' })).toMatchObject({
      status: 400,
      body: { at: 'plan', detail: 'plan desk makes no keys at campus; there are lab' },
    });
    house.state.policy = { ...house.state.policy, plans: [] };
    expect(await trial()).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('no plan makes keys at campus') },
    });
    expect(house.manager.requests).toEqual([]);
  });
});
