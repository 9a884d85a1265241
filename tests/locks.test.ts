import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLock } from '../src/ledger/locks.ts';
import { describeEngines } from './engines.ts';
import { clockAt } from './workshop.ts';

const calm = () => AbortSignal.timeout(10_000);

describeEngines('a lock', (engine) => {
  const clock = clockAt('2026-01-15T10:00:00Z');
  let opened: Awaited<ReturnType<typeof engine.open>>;
  beforeAll(async () => {
    opened = await engine.open({ now: clock.now });
  });
  afterAll(() => opened.close());

  function twoNodes() {
    const { db } = opened.ledger;
    return { db, here: createLock(db, clock.now), there: createLock(db, clock.now) };
  }

  test('lets one work in at a time, over all nodes, and others under another name beside it', async () => {
    const { here, there, db } = twoNodes();
    const inside: string[] = [];
    const log: string[] = [];
    const work = (who: string) => async () => {
      inside.push(who);
      log.push(inside.join('+'));
      await new Promise((resolve) => setImmediate(resolve));
      inside.pop();
      return who;
    };
    const names = ['a', 'b', 'c', 'd'];
    const locks = [here, there, here, there];
    const done = await Promise.all(names.map((who, index) => locks[index]!('plans', calm(), work(who))));
    expect(done).toEqual(names);
    expect(log.toSorted()).toEqual(names);
    await here('plans', calm(), () => there('other', calm(), async () => {}));
    expect(await db.selectFrom('lock').selectAll().execute()).toEqual([]);
  });

  test('is free again after a work that failed', async () => {
    const { here, there } = twoNodes();
    await expect(here('plans', calm(), async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await there('plans', calm(), async () => 'in')).toBe('in');
  });

  test('of a node that died is free when it was not renewed for long enough, not before', async () => {
    const { db, there } = twoNodes();
    const until = new Date(clock.now().getTime() + 15_000);
    await db.insertInto('lock').values({ name: 'plans', holder: 'dead', until }).execute();
    const gaveUp = there('plans', AbortSignal.timeout(400), async () => 'in');
    await expect(gaveUp).rejects.toThrow();
    clock.set(until.toISOString());
    expect(await there('plans', calm(), async () => 'in')).toBe('in');
  });

  test('is not waited for by a call that is over', async () => {
    const { here } = twoNodes();
    await expect(here('plans', AbortSignal.abort(), async () => 'in')).rejects.toThrow();
    expect(await here('plans', calm(), async () => 'in')).toBe('in');
  });
});
