import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { newId } from '../src/ledger/ids.ts';
import { inOne } from '../src/ledger/in-one.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines, type TestLedger } from './engines.ts';

const at = new Date('2026-03-01T10:00:00.123Z');
const entry = (subject: string) => ({ actor: 'test', action: 'thing.done', subject });

describeEngines('the ledger', (engine) => {
  let open: TestLedger;
  beforeAll(async () => {
    open = await engine.open({ now: () => at });
  });
  afterAll(() => open.close());
  beforeEach(async () => {
    await open.ledger.db.deleteFrom('pace').execute();
  });

  const pace = (provider: string) => ({ provider, action: 'issue', nextAt: at });
  const providers = async () =>
    (await open.ledger.db.selectFrom('pace').select('provider').orderBy('provider').execute()).map((row) => row.provider);
  const subjects = async () =>
    (await open.ledger.db.selectFrom('audit').select('subject').orderBy('seq').execute()).map((row) => row.subject);

  test('is ready once it is migrated', async () => {
    await expect(open.ledger.ready()).resolves.toBeUndefined();
    expect(open.ledger.engine).toBe(engine.name);
  });

  test('a transaction keeps what it wrote, its audit entries, and then runs what waits for the commit', async () => {
    const seen: unknown[] = [];
    const answer = await open.ledger.transact(async (tx) => {
      await tx.db.insertInto('pace').values(pace('a')).execute();
      tx.audit(entry('kept'));
      tx.afterCommit(() => seen.push('after'));
      return 'answer';
    });
    expect(answer).toBe('answer');
    expect(seen).toEqual(['after']);
    expect(await providers()).toEqual(['a']);
    expect(await subjects()).toContain('kept');
  });

  test('a transaction that throws keeps nothing: no rows, no audit, no work after the commit', async () => {
    const seen: unknown[] = [];
    const before = await open.ledger.db.selectFrom('auditHead').selectAll().executeTakeFirst();
    const failing = open.ledger.transact(async (tx) => {
      await tx.db.insertInto('pace').values(pace('lost')).execute();
      tx.audit(entry('lost'));
      tx.afterCommit(() => seen.push('after'));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(seen).toEqual([]);
    expect(await providers()).toEqual([]);
    expect(await subjects()).not.toContain('lost');
    expect(await open.ledger.db.selectFrom('auditHead').selectAll().executeTakeFirst()).toEqual(before);
  });

  test('a statement that fails takes the whole transaction with it, even when its error is swallowed', async () => {
    const failing = open.ledger.transact(async (tx) => {
      await tx.db.insertInto('pace').values(pace('half')).execute();
      await sql`select * from no_such_table`.execute(tx.db).catch(() => {});
    });
    await expect(failing).rejects.toThrow(/rolled back instead of/);
    expect(await providers()).toEqual([]);
    await expect(open.ledger.ready()).resolves.toBeUndefined();
  });

  test('works that are apart ask in one statement; one that fails costs the others nothing, and nothing is done twice', async () => {
    const asked: number[] = [];
    const insert = inOne(async (db, names: readonly string[]) => {
      asked.push(names.length);
      await db.insertInto('pace').values(names.map(pace)).execute();
      return names.map((name) => `${name} is in`);
    });
    const after: string[] = [];
    const works = ['apart-a', 'apart-b', 'apart-c', 'apart-d'].map((name) =>
      open.ledger.transact(
        async (tx) => {
          const answer = await insert(tx.db, name);
          tx.audit(entry(name));
          tx.afterCommit(() => after.push(name));
          if (name === 'apart-b') throw new Error('b does not want to');
          return answer;
        },
        { apart: true },
      ),
    );
    const ends = await Promise.allSettled(works);
    expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error).message))).toEqual([
      'apart-a is in',
      'b does not want to',
      'apart-c is in',
      'apart-d is in',
    ]);
    expect(asked[0]).toBe(4);
    expect(await providers()).toEqual(['apart-a', 'apart-c', 'apart-d']);
    expect((await subjects()).filter((subject) => subject.startsWith('apart-'))).toEqual(['apart-a', 'apart-c', 'apart-d']);
    expect(after).toEqual(['apart-a', 'apart-c', 'apart-d']);
  });

  test('work after the commit that throws harms nobody', async () => {
    const seen: unknown[] = [];
    await open.ledger.transact(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('late');
      });
      tx.afterCommit(() => seen.push('second'));
    });
    expect(seen).toEqual(['second']);
  });

  test('using the ledger outside its transaction while inside one is refused instead of waiting for ever', async () => {
    const nested = open.ledger.transact(async () => open.ledger.db.selectFrom('pace').selectAll().execute());
    await expect(nested).rejects.toThrow('use tx.db');
    await expect(open.ledger.transact(async () => open.ledger.transact(async () => 1))).rejects.toThrow('use tx.db');
    expect(await providers()).toEqual([]);
  });

  test('work started inside a transaction may use the ledger once the transaction is over', async () => {
    let later: Promise<string[]> | undefined;
    await open.ledger.transact(async (tx) => {
      tx.afterCommit(() => {
        later = providers();
      });
    });
    expect(await later).toEqual([]);
  });

  test('fifty writers at once leave one unbroken sequence of audit entries', async () => {
    const first = (await open.ledger.db.selectFrom('auditHead').select('seq').executeTakeFirstOrThrow()).seq + 1;
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        open.ledger.transact(async (tx) => {
          tx.audit(entry(`w${index}a`));
          await tx.db
            .insertInto('pace')
            .values(pace(`w${String(index).padStart(2, '0')}`))
            .execute();
          tx.audit(entry(`w${index}b`));
        }),
      ),
    );
    const rows = await open.ledger.db.selectFrom('audit').selectAll().where('seq', '>=', first).orderBy('seq').execute();
    expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 100 }, (_, index) => first + index));
    for (let pair = 0; pair < rows.length; pair += 2) {
      expect(rows[pair]!.subject.replace('a', 'b')).toBe(rows[pair + 1]!.subject);
      expect(rows[pair]!.at).toEqual(at);
    }
    expect(await providers()).toHaveLength(50);
  });

  test('of thirty at once those that throw keep nothing, and all others everything, once each', async () => {
    const after: number[] = [];
    const fates = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        open.ledger.transact(async (tx) => {
          await tx.db
            .insertInto('pace')
            .values(pace(`n${String(index).padStart(2, '0')}`))
            .execute();
          tx.audit(entry(`n${index}`));
          tx.afterCommit(() => after.push(index));
          if (index % 10 === 3) throw new Error(`no ${index}`);
          return index;
        }),
      ),
    );
    const kept = Array.from({ length: 30 }, (_, index) => index).filter((index) => index % 10 !== 3);
    expect(fates.map((fate) => (fate.status === 'fulfilled' ? fate.value : (fate.reason as Error).message))).toEqual(
      Array.from({ length: 30 }, (_, index) => (index % 10 === 3 ? `no ${index}` : index)),
    );
    expect(after.sort((one, other) => one - other)).toEqual(kept);
    expect(await providers()).toHaveLength(kept.length);
    const told = (await subjects()).filter((subject) => /^n\d/.test(subject));
    expect(told.toSorted()).toEqual(kept.map((index) => `n${index}`).toSorted());
  });

  test('numbers, dates, booleans and JSON come back as what they were', async () => {
    const id = newId('rsv');
    const state = { source: 's', externalId: 'x', contacts: { Some_Id: {} }, snake_case: 1 };
    await open.ledger.transact(async (tx) => {
      const row = { id, source: 's', externalId: 'x', state: JSON.stringify(state), startsAt: at, createdAt: at, updatedAt: at };
      await tx.db.insertInto('reservation').values(row).execute();
      await tx.db.insertInto('usage').values({ leaseId: 'lse_1', hour: at, code: 'VALID', count: 5_000_000_000 }).execute();
    });
    const row = await open.ledger.db.selectFrom('reservation').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ id, externalId: 'x', startsAt: at, endsAt: null, closed: false, createdAt: at });
    expect(row.state).toEqual(state);
    const usage = await open.ledger.db.selectFrom('usage').selectAll().executeTakeFirstOrThrow();
    expect(usage).toEqual({ leaseId: 'lse_1', keyId: '', hour: at, code: 'VALID', count: 5_000_000_000 });
    const counted = await open.ledger.db
      .selectFrom('usage')
      .select(({ fn }) => [fn.countAll<number>().as('rows'), fn.sum<number>('count').as('sum'), fn.max('hour').as('last')])
      .executeTakeFirstOrThrow();
    expect(counted).toEqual({ rows: 1, sum: 5_000_000_000, last: at });
  });

  test('a message reaches its listeners after the commit, and never after a rollback', async () => {
    const heard: string[] = [];
    const elsewhere: string[] = [];
    await open.ledger.listen('news', (payload) => heard.push(payload));
    await open.ledger.listen('other_news', (payload) => elsewhere.push(payload));
    await open.ledger
      .transact(async (tx) => {
        await tx.notify('news', 'rolled back');
        throw new Error('no');
      })
      .catch(() => {});
    await open.ledger.transact(async (tx) => {
      await tx.notify('news', 'one');
      await tx.notify('news', `it's "two"`);
    });
    await vi.waitFor(() => expect(heard).toEqual(['one', `it's "two"`]));
    expect(elsewhere).toEqual([]);
  });

  test('a secret in an audit entry is written as [secret]', async () => {
    await open.ledger.transact(async (tx) => tx.audit({ ...entry('hidden'), detail: { key: new Secret('temp_plain') } }));
    const row = await open.ledger.db.selectFrom('audit').selectAll().where('subject', '=', 'hidden').executeTakeFirstOrThrow();
    expect(row.detail).toEqual({ key: '[secret]' });
  });

  test('closing waits for the running transaction; afterwards everything is refused as unavailable', async () => {
    const other = await engine.open();
    let entered = () => {};
    const inside = new Promise<void>((resolve) => (entered = resolve));
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    const running = other.ledger.transact(async (tx) => {
      await tx.db.insertInto('pace').values(pace('a')).execute();
      entered();
      await held;
      return 'kept';
    });
    await inside;
    const closed = other.close();
    await expect(other.ledger.transact(async () => 1)).rejects.toMatchObject({ code: 'unavailable' });
    finish();
    expect(await running).toBe('kept');
    await closed;
    await expect(other.ledger.ready()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('ids carry what they are and sort by the time they were made', () => {
  const ids = Array.from({ length: 2_000 }, () => newId('lse'));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids[0]).toMatch(/^lse_[0-9a-f]{32}$/);
});
