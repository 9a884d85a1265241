import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertRows, updateRows } from '../src/ledger/rows.ts';
import { describeEngines, type TestLedger } from './engines.ts';

describeEngines('rows', (engine) => {
  let open: TestLedger;
  beforeAll(async () => {
    open = await engine.open();
  });
  afterAll(() => open.close());

  const columns = [
    'id',
    'source',
    'dedupe',
    'outcome',
    'requestId',
    'receivedAt',
    'seen',
    'lastSeenAt',
    'event',
    'reason',
  ] as const;
  const row = (id: string, at = new Date('2026-01-01T10:00:00.123Z')) => ({
    id,
    source: 'lab',
    dedupe: id,
    outcome: 'ignored' as const,
    requestId: 'r',
    receivedAt: at,
    seen: 1,
    lastSeenAt: at,
    event: null,
    reason: null,
  });
  const read = (id: string) => open.ledger.db.selectFrom('event').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  test('come back as they went in: JSON, instants to the millisecond and beyond the year 9999, odd texts, nothing', async () => {
    const event = { type: 'created' as const, reservationId: '"7"', version: 1, title: "O'Neil \\ $1 \n{},{}" };
    const far = new Date('+010000-01-01T00:30:00.000Z');
    const rows = [{ ...row('evt_a'), event, reason: event.title }, row('evt_b', far)];
    await open.ledger.transact((tx) => insertRows(tx.db, 'event', { columns, rows }).execute());
    expect(await read('evt_a')).toMatchObject({ event, reason: event.title, receivedAt: rows[0]!.receivedAt, sealedBody: null });
    expect(await read('evt_b')).toMatchObject({ event: null, reason: null, receivedAt: far });
  });

  test('are changed each to its own values, only where it holds, and those that were are told', async () => {
    const rows = [row('evt_c'), row('evt_d'), row('evt_e')];
    await open.ledger.transact((tx) => insertRows(tx.db, 'event', { columns, rows }).execute());
    const changed = await open.ledger.transact((tx) =>
      updateRows(tx.db, 'event', {
        columns: ['seen', 'reason'],
        rows: [
          { id: 'evt_c', seen: 5, reason: 'five' },
          { id: 'evt_d', seen: 6, reason: null },
          { id: 'evt_x', seen: 7, reason: null },
        ],
        holds: sql`held.seen < changed.seen - 4`,
      }),
    );
    expect(changed).toEqual(['evt_d']);
    expect(await read('evt_c')).toMatchObject({ seen: 1, reason: null });
    expect(await read('evt_d')).toMatchObject({ seen: 6, reason: null });
    expect(await read('evt_e')).toMatchObject({ seen: 1 });
  });
});
