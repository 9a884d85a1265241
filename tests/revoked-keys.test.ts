import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEngines } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import { CLOSES, DURING, openTokenHouse, OPENS, type TokenHouse } from './tokens-house.ts';

const MINUTE = 60_000;
const later = (date: Date, ms: number): Date => new Date(date.getTime() + ms);

describeEngines('the list of revoked keys', (engine) => {
  let house: TokenHouse;
  beforeAll(async () => (house = await openTokenHouse(engine)));
  afterAll(() => house.close());

  /** As an API reads it: by the public keys alone. */
  async function readList() {
    const { text, headers } = await house.ask('/.well-known/revoked-keys');
    const { body } = await house.ask('/.well-known/jwks.json');
    const { payload } = await jwtVerify(text, createLocalJWKSet(body as unknown as JSONWebKeySet), {
      typ: 'revoked-keys+jwt',
      issuer: tokenRules.issuer,
      currentDate: house.clock.now(),
    });
    const { revoked, until, from } = payload as {
      revoked?: string[];
      until?: Record<string, number>;
      from?: Record<string, number>;
    };
    return { text, headers, payload, revoked: new Set(revoked), until, from };
  }

  test('is signed, says its age, and names nobody while nothing is revoked', async () => {
    await house.put();
    const { headers, payload, revoked, until, from } = await readList();
    expect([[...revoked], until, from]).toEqual([[], {}, {}]);
    expect(payload.iat).toBe(Date.parse(DURING) / 1000);
    expect(payload.exp! - payload.iat!).toBe(60);
    expect(headers.get('cache-control')).toBe('public, max-age=30');
    expect(headers.get('content-type')).toContain('application/revoked-keys+jwt');
  });

  test('names tokens that are good for less than they say, and only as long as they say so', async () => {
    const { manager } = house.keys;
    const [revoked, held, shorter, shifted, whole] = await Promise.all([1, 2, 3, 4, 5].map(() => house.put()));
    const opaque = await house.put({ tokenType: 'opaque' });
    const tomorrow = await house.put({ window: { opensAt: OPENS, closesAt: later(CLOSES, 24 * 60 * MINUTE) } });
    for (const { name } of [revoked!, opaque, tomorrow]) await manager.remove(name);
    await manager.suspend(held!.name);
    const [soon, laterOn] = [later(new Date(DURING), 10 * MINUTE), later(new Date(DURING), 20 * MINUTE)];
    await manager.retime(shorter!.name, { opensAt: OPENS, closesAt: soon });
    await manager.retime(shifted!.name, { opensAt: laterOn, closesAt: CLOSES });
    house.clock.forward(1000);
    const now = await readList();
    expect(now.revoked).toEqual(new Set([revoked!.id, held!.id, tomorrow.id]));
    expect(now.until).toEqual({ [shorter!.id]: soon.getTime() / 1000 });
    expect(now.from).toEqual({ [shifted!.id]: laterOn.getTime() / 1000 });

    await manager.resume(held!.name);
    house.clock.set(laterOn.toISOString());
    const then = await readList();
    expect(then.revoked).toEqual(new Set([revoked!.id, shorter!.id, tomorrow.id]));
    expect([then.until, then.from]).toEqual([{}, {}]);
    expect((await house.verify(whole!.text)).status).toBe(200);

    house.clock.set(CLOSES.toISOString());
    expect((await readList()).revoked).toEqual(new Set([tomorrow.id]));
    house.clock.set(DURING);
  });

  test('is made once a second, the same by every node', async () => {
    const { name, id } = await house.put();
    house.clock.forward(MINUTE);
    const before = await readList();
    await house.keys.manager.remove(name);
    house.clock.forward(999);
    expect((await readList()).text).toBe(before.text);
    house.clock.forward(1);
    const after = await readList();
    expect([before.revoked.has(id), after.revoked.has(id)]).toEqual([false, true]);
    const elsewhere = JSON.parse(Buffer.from((await house.node().revoked()).split('.')[1]!, 'base64url').toString());
    expect(new Set(elsewhere.revoked)).toEqual(after.revoked);
  });

  test('takes 55 characters for each', async () => {
    const { db } = house.ledger;
    const key = await house.put();
    const row = await db.selectFrom('localKey').selectAll().where('id', '=', key.id).executeTakeFirstOrThrow();
    const rows = Array.from({ length: 1000 }, (_, n) => {
      const id = `key_${String(n).padStart(32, '0')}`;
      return {
        ...row,
        rights: JSON.stringify(row.rights),
        id,
        name: `many-${n}`,
        hash: `many-${n}`,
        revokedAt: house.clock.now(),
      };
    });
    await db.insertInto('localKey').values(rows).execute();
    house.clock.forward(1000);
    const { text, revoked } = await readList();
    expect(revoked.size).toBeGreaterThanOrEqual(1000);
    expect(text.length / revoked.size).toBeLessThan(55);
  });
});
