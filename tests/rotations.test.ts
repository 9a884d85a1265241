import { afterEach, expect, test } from 'vitest';
import { createRotations, type Rotations } from '../src/lease/rotations.ts';
import { startJobs, type Jobs } from '../src/ledger/jobs.ts';
import { findRotation, progressOf } from '../src/ledger/rotations.ts';
import { describeEngines } from './engines.ts';
import { openWorkshop, type TestWorkshop } from './workshop.ts';

const WISH = { filter: { plan: 'lab' }, overlapMs: 0, reason: 'yearly', actor: 'eve' };

describeEngines('a rotation of many leases', (engine) => {
  let shop: TestWorkshop;
  let jobs: Jobs;
  afterEach(async () => {
    expect(shop.errors).toEqual([]);
    await jobs.stop();
    await shop.close();
  });

  /** Three active leases, and the rotations of a process that just started. */
  async function open(crashPoint?: (name: string) => void): Promise<void> {
    shop = await openWorkshop(engine, { crashPoint });
    jobs = await startJobs(shop.ledger);
    for (const number of [1, 2, 3])
      await shop.hear({
        type: 'created',
        reservationId: String(number),
        version: 1,
        resource: { id: `r${number}`, name: `lab-${number}`, type: 'API Key' },
        holders: [{ id: 'ann' }],
        startsAt: new Date('2026-01-01T09:00:00Z'),
        endsAt: new Date('2026-01-01T12:00:00Z'),
      });
    await shop.settleAll();
  }
  const rotations = (): Rotations =>
    createRotations({ ledger: shop.ledger, jobs, operations: shop.operations, now: shop.clock.now });
  const progress = async (id: string) => ({
    state: (await findRotation(shop.ledger.db, id))?.state,
    ...(await progressOf(shop.ledger.db, id)),
  });
  const late = async (): Promise<void> => {
    shop.clock.forward(600_000);
    await shop.settleAll();
  };

  test('is done where the new key works', async () => {
    await open();
    const id = await rotations().start(WISH);
    await rotations().run(id);
    expect(await progress(id)).toMatchObject({ state: 'done', total: 3, done: 3, failed: 0, failures: [], delays: [] });
    expect((await shop.leases()).map((lease) => lease.generation)).toEqual([2, 2, 2]);
  });

  test('has failed where the provider refuses the new key for good, and the old one stays', async () => {
    await open();
    shop.manager.fail({ on: 'issue', how: '400', times: Number.POSITIVE_INFINITY });
    const id = await rotations().start(WISH);
    await rotations().run(id);
    const ended = await progress(id);
    expect(ended).toMatchObject({ state: 'done', total: 3, done: 0, failed: 3, delays: [] });
    for (const { error } of ended.failures) expect(error).toMatch(/^campus: /);
    expect(await shop.leases()).toMatchObject(Array.from({ length: 3 }, () => ({ state: 'active', generation: 1 })));
  });

  test('waits, with the reason, for a provider that is out, over a restart, and is done when the keys are there', async () => {
    await open();
    shop.manager.fail({ on: 'issue', how: '500', times: Number.POSITIVE_INFINITY });
    const id = await rotations().start(WISH);
    await rotations().run(id);
    const waiting = await progress(id);
    expect(waiting).toMatchObject({ state: 'running', total: 3, done: 0, failed: 0 });
    expect(waiting.delays.map(({ error }) => error)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^campus/)));

    await shop.restart();
    await rotations().run(id);
    expect((await shop.leases()).map((lease) => lease.generation)).toEqual([2, 2, 2]);
    shop.manager.heal();
    await late();
    await rotations().look();
    expect(await progress(id)).toMatchObject({ state: 'done', done: 3, failed: 0, delays: [] });
    expect(shop.manager.keys()).toHaveLength(3);
  });

  test('has failed for a lease that ends before its new key is there', async () => {
    await open();
    shop.manager.fail({ on: 'issue', how: '500', times: Number.POSITIVE_INFINITY });
    const id = await rotations().start(WISH);
    await rotations().run(id);
    shop.clock.set('2026-01-01T12:00:00Z');
    await shop.settleAll();
    await late();
    await rotations().look();
    const ended = await progress(id);
    expect(ended).toMatchObject({ state: 'done', done: 0, failed: 3 });
    expect(ended.failures[0]!.error).toBe('the lease is revoked: the window closed');
  });

  test('asks once for each lease, also when it runs twice at once', async () => {
    await open();
    const id = await rotations().start(WISH);
    await Promise.all([rotations().run(id), rotations().run(id)]);
    await late();
    await rotations().look();
    expect(await progress(id)).toMatchObject({ state: 'done', done: 3, failed: 0 });
    expect((await shop.leases()).map((lease) => lease.generation)).toEqual([2, 2, 2]);
  });

  test('loses no lease to a process that dies between the wish and the key', async () => {
    let dies = false;
    await open((point) => {
      if (dies && point === 'issue-intent:before-write') throw new Error('died');
    });
    const id = await rotations().start(WISH);
    dies = true;
    await expect(rotations().run(id)).rejects.toThrow('died');
    dies = false;
    await shop.restart();
    await rotations().run(id);
    await late();
    await rotations().look();
    expect(await progress(id)).toMatchObject({ state: 'done', done: 3, failed: 0 });
    expect((await shop.leases()).map((lease) => lease.generation)).toEqual([2, 2, 2]);
  });
});
