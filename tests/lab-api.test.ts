import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { booking, openApiHouse, type ApiHouse } from './api-house.ts';
import { describeEngines } from './engines.ts';

describeEngines('the lab of a source', (engine) => {
  let house: ApiHouse;

  beforeAll(async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('known-1'));
  });
  afterAll(async () => {
    expect(house.errors).toEqual([]);
    await house.close();
  });

  /** How many rows each table has. */
  async function rows(): Promise<Record<string, number>> {
    const { rows: tables } = await sql<{ name: string }>`
      select table_schema || '.' || quote_ident(table_name) as name from information_schema.tables
      where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE' order by 1`.execute(house.ledger.db);
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const { rows: found } = await sql<{ n: number }>`select count(*)::int as n from ${sql.raw(name)}`.execute(house.ledger.db);
      counts[name] = found[0]!.n;
    }
    return counts;
  }

  test('stores nothing, sends nothing and calls no provider', async () => {
    const before = await rows();
    const keys = house.manager.keys().length;
    const { status, body } = await house.post('/sources/lab/test', { body: booking('new-1') });
    expect([status, body.ok]).toEqual([200, true]);
    expect(body.bookings).toMatchObject([{ booking: 'new-1', known: false, leases: [{ id: null, holder: { id: 'ann' } }] }]);
    expect(body.bookings[0].leases[0].next).toMatchObject([
      { at: '2026-01-01T09:00:00.000Z', does: 'issue' },
      { at: '2026-01-01T10:45:00.000Z', does: 'ending' },
      { at: '2026-01-01T11:00:00.000Z', does: 'revoke', reason: 'the window closed' },
    ]);
    expect(await rows()).toEqual(before);
    expect(before['public.event']).toBeGreaterThan(0);
    expect(house.manager.keys()).toHaveLength(keys);
  });

  test('looks at what is known of the booking: a shorter one moves the window of the key that lives, an end takes it away', async () => {
    const [lease] = (await house.get('/leases?source=lab')).body.items;
    const shorter = { type: 'reservation.updated', timestamp: '2026-01-01T09:30:00Z', endsAt: '2026-01-01T10:00:00Z' };
    const { body } = await house.post('/sources/lab/test', { body: booking('known-1', shorter) });
    expect(body.bookings).toMatchObject([{ known: true, leases: [{ id: lease.id, state: 'active' }] }]);
    expect(body.bookings[0].leases[0].next.map(({ does }: { does: string }) => does)).toEqual(['retime', 'ending', 'revoke']);
    const over = { type: 'reservation.cancelled', timestamp: '2026-01-01T09:30:00Z' };
    const cancelled = (await house.post('/sources/lab/test', { body: booking('known-1', over) })).body;
    expect(cancelled.bookings[0]).toMatchObject({ closed: 'cancelled', leases: [{ next: [{ does: 'revoke' }] }] });
    expect((await house.get(`/leases/${lease.id}`)).body).toMatchObject({
      state: 'active',
      closesAt: '2026-01-01T11:00:00.000Z',
    });
  });

  test('says what had been recorded before', async () => {
    const { body } = await house.post('/sources/lab/test', { body: booking('known-1') });
    expect(body.samples[0].observations).toMatchObject([{ outcome: 'accepted', booking: 'known-1', recorded: true }]);
  });

  test('takes a text byte for byte, and tells why it cannot be read', async () => {
    const { body } = await house.post('/sources/lab/test', { body: '{"a":1,"a":2}' });
    expect(body).toMatchObject({
      ok: false,
      samples: [{ body: { bytes: 13, problem: 'an object names the same member twice' } }],
    });
  });

  test('shows what cannot be mapped with expression, value and reason', async () => {
    const { body } = await house.post('/sources/lab/test', { body: booking('bad-1', { startsAt: 'tomorrow' }) });
    expect(body.samples[0].observations).toMatchObject([
      { outcome: 'quarantined', booking: 'bad-1', problems: [{ expression: 'data.startsAt', value: '"tomorrow"' }] },
    ]);
  });

  test('a source that is not there is not found; a request that says more than it may is refused', async () => {
    expect((await house.post('/sources/none/test', { body: {} })).status).toBe(404);
    expect((await house.post('/sources/lab/test', { body: {}, store: true })).status).toBe(400);
    expect((await house.post('/sources/lab/test', { body: {} }, { as: null })).status).toBe(401);
  });
});
