import { afterEach, expect, test } from 'vitest';
import { bulkProgress, findBulk, pageItems } from '../src/ledger/bulks.ts';
import { startJobs, type Jobs } from '../src/ledger/jobs.ts';
import { createBulks, type BulkAsked, type Bulks } from '../src/managed/bulk/bulks.ts';
import { newId } from '../src/ledger/ids.ts';
import { describeEngines } from './engines.ts';
import { DAY, openManagedHouse, type ManagedHouse } from './managed-house.ts';

const MANY = { limit: 100_000, per: 'hour' } as const;

describeEngines('work on many keys', (engine) => {
  let house: ManagedHouse;
  let jobs: Jobs;
  let bulks: Bulks;
  afterEach(async () => {
    await jobs.stop();
    await house.close();
  });

  async function open(crashPoint?: (name: string) => void): Promise<void> {
    house = await openManagedHouse(engine);
    house.rules('lab', { created: MANY });
    jobs = await startJobs(house.ledger);
    bulks = createBulks({ house: house.house, ledger: house.ledger, jobs, crashPoint });
  }

  const creation = (count: number, bad: readonly number[] = []): BulkAsked => ({
    project: 'lab',
    verb: 'create',
    actor: 'eve',
    items: Array.from({ length: count }, (_, at) => {
      const asked = { name: `key ${at + 1}`, owner: `pupil-${at % 20}`, scopes: [bad.includes(at + 1) ? 'root' : 'read'] };
      return { place: at + 1, work: { verb: 'create' as const, id: newId('pky'), asked } };
    }),
  });

  const keys = async (): Promise<number> => {
    const { count } = await house.ledger.db
      .selectFrom('projectKey')
      .select((of) => of.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  };
  const bulkOf = async (id: string) => (await findBulk(house.ledger.db, id))!;

  test('many are made, but the one that asks for too much; every value opens the door, and can be fetched once', async () => {
    await open();
    const count = engine.name === 'embedded' ? 150 : 600;
    const id = await bulks.start(creation(count, [100]));
    await expect(bulks.fetchValues(await bulkOf(id), 'eve')).rejects.toMatchObject({ code: 'conflict' });
    await Promise.all([bulks.run(id), bulks.run(id)]);
    expect(await bulkProgress(house.ledger.db, id)).toEqual({ done: count - 1, failed: 1, values: count - 1 });
    expect(await keys()).toBe(count - 1);
    const [failed] = await pageItems(house.ledger.db, id, { state: 'failed', after: 0, limit: 10 });
    expect(failed).toMatchObject({ place: 100, error: expect.stringContaining('scope "root" does not exist') as string });
    const values = await bulks.fetchValues(await bulkOf(id), 'eve');
    expect(values.map(({ place }) => place)).toEqual(Array.from({ length: count }, (_, at) => at + 1).filter((at) => at !== 100));
    expect(new Set(await Promise.all(values.slice(0, 100).map(({ value }) => house.door(value))))).toEqual(new Set(['VALID']));
    await expect(bulks.fetchValues(await bulkOf(id), 'eve')).rejects.toMatchObject({ code: 'gone' });
    const audit = (await house.audited(id)).map(({ action }) => action);
    expect(audit).toEqual(['bulk.started', 'bulk.done', 'bulk.revealed']);
  });

  test('a dry run says of each what would become of it, and writes nothing', async () => {
    await open();
    const { key } = await house.make({ owner: 'ann' });
    const before = await house.ledger.db.selectFrom('audit').selectAll().execute();
    const judged = await bulks.judge({
      project: 'lab',
      verb: 'update',
      actor: 'eve',
      items: [
        { place: 1, work: { verb: 'update', id: key.id, changes: { owner: 'bob' } } },
        { place: 2, work: { verb: 'update', id: key.id, changes: { scopes: ['root'] } } },
        { place: 3, work: { verb: 'update', id: 'pky_none', changes: {} } },
        { place: 4, problem: { error: 'cannot be read', at: 'name' } },
      ],
    });
    expect(judged.map(({ problem }) => problem?.error)).toEqual([
      undefined,
      expect.stringContaining('scope "root" does not exist'),
      'there is no key pky_none in project lab',
      'cannot be read',
    ]);
    const problems = (await bulks.judge(creation(3, [2]))).map(({ problem }) => problem?.at);
    expect(problems).toEqual([undefined, 'scopes', undefined]);
    expect(await keys()).toBe(1);
    expect(await house.ledger.db.selectFrom('audit').selectAll().execute()).toEqual(before);
    expect(await house.ledger.db.selectFrom('bulk').selectAll().execute()).toEqual([]);
  });

  test.each(['bulk:before-commit', 'bulk:after-commit'])('a death at %s makes no key twice and loses none', async (point) => {
    let turns = 0;
    await open((name) => {
      if (name === point && ++turns === 2) throw new Error('died');
    });
    const id = await bulks.start(creation(70));
    await expect(bulks.run(id)).rejects.toThrow('died');
    expect((await bulkOf(id)).state).toBe('running');
    const planned = (await pageItems(house.ledger.db, id, { after: 0, limit: 1000 })).map(({ asked }) => asked['id']);
    await jobs.work('bulk', { concurrency: 1 }, (one) => bulks.run(one));
    await bulks.resume();
    await expect.poll(async () => (await bulkOf(id)).state, { timeout: 20_000 }).toBe('done');
    const made = await house.ledger.db.selectFrom('projectKey').select('id').execute();
    expect(new Set(made.map((row) => row.id))).toEqual(new Set(planned));
    expect(made).toHaveLength(planned.length);
    expect(await bulks.fetchValues(await bulkOf(id), 'eve')).toHaveLength(70);
  });

  test('more than the project may make now is refused at once, also for keys that another bulk is going to make', async () => {
    await open();
    house.rules('lab', { created: { limit: 10, per: 'hour' } });
    await house.make();
    await expect(bulks.start(creation(10))).rejects.toMatchObject({
      code: 'too_many',
      message: expect.stringContaining('9 more now') as string,
    });
    const first = await bulks.start(creation(6));
    await expect(bulks.judge(creation(4))).rejects.toMatchObject({ code: 'too_many' });
    // Somebody else was faster: what is over waits for its turn.
    for (let made = 0; made < 5; made++) await house.make();
    await bulks.run(first);
    expect(await bulkProgress(house.ledger.db, first)).toMatchObject({ done: 4, failed: 0 });
    house.clock.forward(DAY);
    await bulks.run(first);
    expect([(await bulkOf(first)).state, await keys()]).toEqual(['done', 12]);
  });

  test('many are revoked at once, and keys of another project are not touched', async () => {
    await open();
    const made = await Promise.all([house.make({ name: 'a' }), house.make({ name: 'b' }), house.make({}, { project: 'other' })]);
    const items = made.map(({ key }, at) => ({ place: at + 1, work: { verb: 'revoke' as const, id: key.id } }));
    const id = await bulks.start({ project: 'lab', verb: 'revoke', actor: 'eve', reason: 'the course is over', items });
    await bulks.run(id);
    expect(await Promise.all(made.map(({ value }) => house.door(value)))).toEqual(['REVOKED', 'REVOKED', 'VALID']);
    const rows = await pageItems(house.ledger.db, id, { after: 0, limit: 10 });
    expect(rows.map(({ state, error }) => [state, error])).toEqual([
      ['done', null],
      ['done', null],
      ['failed', `there is no key ${made[2].key.id} in project lab`],
    ]);
    expect((await house.audited(made[0].key.id)).at(-1)).toMatchObject({ detail: { reason: 'the course is over' } });
  });

  test('values that nobody fetched in a day are wiped', async () => {
    await open();
    const id = await bulks.start(creation(2));
    await bulks.run(id);
    house.clock.forward(DAY);
    await expect(bulks.fetchValues(await bulkOf(id), 'eve')).rejects.toMatchObject({ code: 'gone' });
    expect((await bulkProgress(house.ledger.db, id)).values).toBe(2);
    await bulks.wipe();
    expect((await bulkProgress(house.ledger.db, id)).values).toBe(0);
  });
});
