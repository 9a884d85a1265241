import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriverError, type Failure, type KeyRef, type Standing } from '../providers/driver.ts';
import type { KeyRow } from '../src/ledger/schema.ts';
import { describeEngines } from './engines.ts';
import { clockAt, openWorkshop, type TestWorkshop } from './workshop.ts';

type Said = Standing | DriverError;
const failure = (kind: Failure) => new DriverError(kind, `campus: says ${kind}`);

describeEngines('proof of revocation', (engine) => {
  let shop: TestWorkshop;
  beforeAll(async () => {
    shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z'), timeout: '20s' });
  });
  afterAll(async () => {
    expect(shop.errors).toEqual([]);
    await shop.close();
  });

  let bookings = 0;
  /** A key for each of the answers that its provider will give, one after the other, when it is asked for it; after them it is gone. */
  async function keysOf(answers: readonly (readonly Said[])[]): Promise<KeyRow[]> {
    const startsAt = shop.clock.now();
    const before = new Set((await shop.keys()).map(({ id }) => id));
    for (const _ of answers) {
      const id = String((bookings += 1));
      await shop.hear({
        type: 'created',
        reservationId: id,
        version: 1,
        resource: { id, name: `lab-${id}`, type: 'API Key' },
        holders: [{ id: 'ann' }],
        startsAt,
        endsAt: new Date(startsAt.getTime() + 3_600_000),
      });
    }
    await shop.settleAll();
    const keys = (await shop.keys()).filter(({ id }) => !before.has(id));
    const left = new Map(keys.map(({ name }, index) => [name, [...answers[index]!]]));
    const probe = async ({ name }: KeyRef<unknown>) => {
      const said = left.get(name)?.shift() ?? 'gone';
      if (said instanceof DriverError) throw said;
      return said;
    };
    Object.assign(shop.shop.providers('campus')!.driver, { probe });
    return keys;
  }
  const now = async (keys: readonly KeyRow[]) => {
    const all = await shop.keys();
    return keys.map(({ id }) => all.find((key) => key.id === id)!);
  };
  const revocations = () => shop.manager.requests.filter(({ method }) => method === 'DELETE').length;
  const closeWindows = async () => {
    shop.clock.forward(3_600_000);
    await shop.settleAll();
  };

  test('what the provider says of the key afterwards is written down; where it may not be asked, that is', async () => {
    const cases: [Said, object][] = [
      ['gone', { readBack: 'gone' }],
      ['held', { readBack: 'held' }],
      [failure('gone'), { readBack: 'gone' }],
      [failure('denied'), { readBack: null, readBackFailed: 'denied' }],
      [failure('rejected'), { readBack: null, readBackFailed: 'rejected' }],
    ];
    const keys = await keysOf(cases.map(([said]) => [said]));
    await closeWindows();
    const common = { revokedAt: shop.clock.now().toISOString(), attempts: 1, by: 'campus', tookMs: 0 };
    expect((await now(keys)).map(({ proof }) => proof)).toEqual(cases.map(([, proof]) => ({ ...common, ...proof })));
    expect(revocations()).toBe(cases.length);
  });

  test('a provider that cannot be asked is believed, and that is written down', async () => {
    const keys = await keysOf([[]]);
    Object.assign(shop.shop.providers('campus')!.driver, { probe: undefined });
    await closeWindows();
    expect(await now(keys)).toMatchObject([{ state: 'revoked', proof: { readBack: null } }]);
  });

  test('a key that still works, or of which that cannot be told now, is revoked again until it is proved dead', async () => {
    const answers: Said[] = ['works', failure('transient'), failure('rate-limited')];
    const keys = await keysOf(answers.map((said) => [said, said]));
    const done = revocations();
    shop.proofs.splice(0);
    await closeWindows();
    const owed = { state: 'revoking', proof: null, attempts: 1 };
    expect(await now(keys)).toMatchObject(answers.map(() => owed));
    expect(shop.proofs).toEqual([]);
    for (let minute = 0; minute < 2; minute += 1) {
      shop.clock.forward(60_000);
      await shop.settleAll();
    }
    const proof = { readBack: 'gone', attempts: 3, tookMs: 120_000, revokedAt: shop.clock.now().toISOString() };
    expect(await now(keys)).toMatchObject(answers.map(() => ({ state: 'revoked', proof })));
    expect(revocations() - done).toBe(9);
    expect(shop.proofs).toEqual(answers.map(() => ({ provider: 'campus', seconds: 120 })));
    for (const { id } of keys)
      expect(shop.notices.filter(({ kind, keyId }) => kind === 'revoked' && keyId === id)).toHaveLength(1);
  });
});
