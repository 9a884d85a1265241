import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootstrapAdmin } from '../src/access/operators.ts';
import { mintToken } from '../src/access/tokens.ts';
import { canonical, createChain } from '../src/audit/chain.ts';
import { parseAnchor, verifyAudit } from '../src/audit/verify.ts';
import { openLedger } from '../src/ledger/database.ts';
import { describeEngines, type TestLedger } from './engines.ts';

describeEngines('the audit trail', (engine) => {
  let open: TestLedger;
  beforeEach(async () => {
    open = await engine.open({ now: () => new Date('2026-03-01T10:00:00.123Z') });
  });
  afterEach(() => open.close());

  async function write(count: number, subject = 's'): Promise<void> {
    for (let index = 0; index < count; index++)
      await open.ledger.transact(async (tx) => {
        const detail = { z: 1, a: { y: [1, { d: 1, c: null }], b: 'Zürich "x"' }, at: new Date(0), none: undefined, big: 1e21 };
        tx.audit({ actor: 'test', action: 'thing.done', subject: `${subject}${index}`, detail });
      });
  }
  const verify = (anchor?: { seq: number; mac: string }) => verifyAudit(open.ledger, open.chain, { anchor });
  const tamper = (statement: string) => sql.raw(statement).execute(open.ledger.db);

  test('an empty trail and an untouched one are in order', async () => {
    expect(await verify()).toEqual({ ok: true, rows: 0, head: { seq: 0, mac: open.chain.heads('', 0)[0] } });
    expect(open.chain.heads('', 0)[0]).toMatch(/^[\w-]{43}$/);
    await write(5);
    expect(await verify()).toMatchObject({ ok: true, rows: 5, head: { seq: 5 } });
  });

  test('a trail longer than a page is in order, and its progress is told', async () => {
    await open.ledger.transact(async (tx) => {
      for (let index = 0; index < 2_100; index++) tx.audit({ actor: 'test', action: 'thing.done', subject: `s${index}` });
    });
    const told: [number, number][] = [];
    const answer = await verifyAudit(open.ledger, open.chain, { onProgress: (rows, total) => told.push([rows, total]) });
    expect(answer).toMatchObject({ ok: true, rows: 2_100 });
    expect(told).toEqual([
      [1_000, 2_100],
      [2_000, 2_100],
      [2_100, 2_100],
    ]);
    await tamper(`update audit set subject = 's' where seq = 1500`);
    expect(await verify()).toEqual({ ok: false, seq: 1_500, what: 'changed' });
  });

  test.each([
    `actor = 'someone'`,
    `action = 'other.thing'`,
    `subject = 'other'`,
    `at = at + interval '1 millisecond'`,
    `detail = jsonb_set(detail, '{a,y,1,d}', '2')`,
    `detail = detail || '{"more": 1}'`,
    `detail = detail - 'z'`,
    `mac = 'x' || mac`,
  ])('a row changed by %s is named', async (change) => {
    await write(4);
    await tamper(`update audit set ${change} where seq = 3`);
    expect(await verify()).toEqual({ ok: false, seq: 3, what: 'changed' });
  });

  test('a removed row is named, whether it was the first, in the middle, or the rest was renumbered over it', async () => {
    await write(5);
    await tamper(`delete from audit where seq = 3`);
    expect(await verify()).toEqual({ ok: false, seq: 3, what: 'removed' });
    await tamper(`update audit set seq = seq - 1 where seq > 3`);
    await tamper(`update audit_head set seq = 4`);
    expect(await verify()).toEqual({ ok: false, seq: 3, what: 'changed' });
    await tamper(`delete from audit where seq = 1`);
    expect(await verify()).toEqual({ ok: false, seq: 1, what: 'removed' });
  });

  test('two rows in each other’s place are named', async () => {
    await write(5);
    await tamper(`update audit set seq = case seq when 2 then -4 else -2 end where seq in (2, 4)`);
    await tamper(`update audit set seq = -seq where seq < 0`);
    expect(await verify()).toEqual({ ok: false, seq: 2, what: 'reordered' });
  });

  test('a row pushed in between is noticed', async () => {
    await write(4);
    await tamper(`update audit set seq = -seq where seq >= 3`);
    await tamper(`update audit set seq = -seq + 1 where seq < 0`);
    await tamper(`insert into audit select 3, at, actor, action, 'forged', detail, mac from audit where seq = 2`);
    await tamper(`update audit_head set seq = 5`);
    expect(await verify()).toMatchObject({ ok: false, seq: 3 });
  });

  test('a cut tail is noticed, and also when the head is set to the row that is last now', async () => {
    await write(5);
    await tamper(`delete from audit where seq > 3`);
    expect(await verify()).toEqual({ ok: false, seq: 4, what: 'tail cut' });
    await tamper(`update audit_head set seq = 3, mac = (select mac from audit where seq = 3)`);
    expect(await verify()).toEqual({ ok: false, seq: 3, what: 'head forged' });
  });

  test('a cut tail stays visible after more was written on top of it', async () => {
    await write(5);
    await tamper(`delete from audit where seq > 3`);
    await tamper(`update audit_head set seq = 3, mac = (select mac from audit where seq = 3)`);
    await write(2);
    expect(await verify()).toMatchObject({ ok: false, seq: 4 });
  });

  test('an emptied trail is noticed, and stays so after a restart and more entries', async () => {
    const first = await open.ledger.db.selectFrom('auditHead').selectAll().executeTakeFirstOrThrow();
    await bootstrapAdmin(open.ledger, mintToken(), () => new Date());
    await tamper(`delete from audit`);
    await tamper(`update audit_head set seq = 0, mac = '${first.mac}'`);
    expect(await verify()).toEqual({ ok: false, seq: 1, what: 'tail cut' });
    await tamper(`update audit_head set mac = ''`);
    expect(await verify()).toEqual({ ok: false, seq: 1, what: 'tail cut' });

    await open.ledger.close();
    const ledger = await openLedger({ ...open.place, now: () => new Date(), mac: open.chain.mac });
    expect(await verifyAudit(ledger, open.chain)).toEqual({ ok: false, seq: 1, what: 'tail cut' });
    await ledger.transact(async (tx) => tx.audit({ actor: 'test', action: 'thing.done', subject: 'new' }));
    expect(await verifyAudit(ledger, open.chain)).toEqual({ ok: false, seq: 1, what: 'changed' });
    await ledger.close();
  });

  test('a trail that was emptied where nothing else is left has no head that fits', async () => {
    await write(2);
    await tamper(`delete from audit`);
    await tamper(`update audit_head set seq = 0, mac = ''`);
    expect(await verify()).toEqual({ ok: false, seq: 0, what: 'head forged' });
  });

  test('rows beyond the head are noticed', async () => {
    await write(2);
    await tamper(`insert into audit select 3, at, actor, action, subject, detail, mac from audit where seq = 2`);
    expect(await verify()).toEqual({ ok: false, seq: 2, what: 'head forged' });
  });

  test('a head rolled back together with its tail is noticed by an anchor, and by nothing else', async () => {
    await write(3);
    const before = await open.ledger.db.selectFrom('auditHead').selectAll().executeTakeFirstOrThrow();
    await write(2);
    const later = await verify();
    const anchor = later.ok ? later.head : undefined;
    await tamper(`delete from audit where seq > 3`);
    await tamper(`update audit_head set seq = ${before.seq}, mac = '${before.mac}'`);
    expect(await verify()).toMatchObject({ ok: true, rows: 3 });
    expect(await verify(anchor)).toEqual({ ok: false, seq: 4, what: 'rolled back' });
    await write(2, 'instead');
    expect(await verify()).toMatchObject({ ok: true, rows: 5 });
    expect(await verify(anchor)).toMatchObject({ ok: false, seq: 5, what: 'rolled back' });
  });

  test('an anchor of the same trail holds while it grows', async () => {
    await write(2);
    const answer = await verify();
    const anchor = answer.ok ? parseAnchor(`${answer.head.seq}:${answer.head.mac}`) : undefined;
    await write(3);
    expect(await verify(anchor)).toMatchObject({ ok: true, rows: 5 });
  });

  test('another key makes no valid entry; a key from before a change of master key still verifies its own', async () => {
    await write(2);
    const fresh = randomBytes(32);
    expect(await verifyAudit(open.ledger, createChain(fresh))).toEqual({ ok: false, seq: 1, what: 'changed' });

    const changed = createChain(fresh, [open.sealer.derive('audit')]);
    const place = open.place;
    await open.ledger.close();
    const ledger = await openLedger({ ...place, now: () => new Date(), mac: changed.mac });
    await ledger.transact(async (tx) => tx.audit({ actor: 'test', action: 'thing.done', subject: 'new' }));
    expect(await verifyAudit(ledger, changed)).toMatchObject({ ok: true, rows: 3 });
    expect(await verifyAudit(ledger, open.chain)).toMatchObject({ ok: false, seq: 3 });
    await ledger.close();
  });
});

test('objects are the same whatever the order of their keys, at any depth; lists are not', () => {
  expect(canonical({ b: { d: 1, c: [{ z: 1, y: 2 }] }, a: null })).toBe(canonical({ a: null, b: { c: [{ y: 2, z: 1 }], d: 1 } }));
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
});

test.each(['', '5', 'five:abc', '5:a b', '-1:abc'])('%j is no anchor', (text) => {
  expect(() => parseAnchor(text)).toThrow('an anchor looks like');
});
