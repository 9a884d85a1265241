import { decodeJwt } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { builtin } from '../providers/builtin/driver.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import { createMint } from '../src/managed/mint.ts';
import { changeKey } from '../src/managed/change.ts';
import { forgetDead } from '../src/managed/keeping.ts';
import { revokeKey } from '../src/managed/revoke.ts';
import { rotateKey } from '../src/managed/rotate.ts';
import { signWith } from '../src/managed/sign.ts';
import type { Event } from '../src/reservation/event.ts';
import { describeEngines, type TestEngine } from './engines.ts';
import { DAY, openManagedHouse } from './managed-house.ts';
import { clockAt, openWorkshop, type TestWorkshop } from './workshop.ts';
import { openTokens } from '../src/keys/tokens.ts';
import { tokenRules } from './fixtures/plan.ts';

const booked: Event = {
  type: 'created',
  reservationId: '7',
  version: 1,
  resource: { id: '1', name: 'lab-1', type: '' },
  holders: [{ id: 'ann' }],
  startsAt: new Date('2026-01-01T10:00:00Z'),
  endsAt: new Date('2026-01-01T12:00:00Z'),
};
const moved = (version: number, endsAt: string): Event => ({ ...booked, version, endsAt: new Date(endsAt) });

describeEngines('the life of a token', (engine) => {
  const open: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  /** Bookings whose keys are tokens of the built-in key manager. */
  async function openLab(crashPoint?: (name: string) => void) {
    const clock = clockAt('2026-01-01T10:00:00Z');
    let keys!: Keys;
    let lab!: TestWorkshop;
    const withKeys: TestEngine = {
      ...engine,
      open: async (options) => {
        const opened = await engine.open(options);
        const check: (typeof lab)['signed']['check'] = (...asked) => lab.signed.check(...asked);
        keys = await openKeys({ ledger: opened.ledger, now: clock.now, log: () => {}, checkToken: check });
        return { ...opened, close: () => keys.close().then(opened.close) };
      },
    };
    lab = await openWorkshop(withKeys, {
      clock,
      crashPoint,
      plan: { tokenType: 'jwt' },
      far: {
        driver: (tools) => builtin.open({}, { ...tools, keys: keys.manager }),
        parseHandle: (stored) => builtin.handle.parse(stored),
      },
    });
    open.push(lab.close);
    const values = async () =>
      await Promise.all((await lab.keys()).map(async ({ id, state }) => ({ id, state, text: (await lab.valueOf(id)).reveal() })));
    const door = async (text: string) => (await keys.verify({ key: text, method: 'GET', path: '/api/x' })).code;
    const revoked = async () => decodeJwt<{ revoked: string[]; until: object }>(await lab.signed.revoked());
    const hear = async (event: Event) => {
      await lab.hear(event);
      await lab.settleAll();
    };
    return { lab, clock, hear, values, door, revoked };
  }

  test('a booking becomes a token for its window, and its end takes it away', async () => {
    const { lab, clock, hear, values, door, revoked } = await openLab();
    await hear(booked);
    const [key] = await values();
    const [lease] = await lab.leases();
    expect(decodeJwt(key!.text)).toMatchObject({
      sub: 'ann',
      aud: 'default',
      jti: key!.id,
      lease: lease!.id,
      scope: 'read',
      nbf: booked.startsAt!.getTime() / 1000,
      exp: booked.endsAt!.getTime() / 1000,
    });
    expect(await door(key!.text)).toBe('VALID');
    await hear({ type: 'cancelled', reservationId: '7', version: 2 });
    expect(await door(key!.text)).toBe('REVOKED');
    expect((await revoked()).revoked).toEqual([key!.id]);
    clock.set('2026-01-01T12:00:00Z');
    expect((await revoked()).revoked).toEqual([]);
  });

  test('a longer window is another token beside the first, a shorter one the same in our books', async () => {
    const { clock, hear, values, door, revoked } = await openLab();
    await hear(booked);
    await hear(moved(2, '2026-01-01T11:00:00Z'));
    const [first] = await values();
    expect((await revoked()).until).toEqual({ [first!.id]: Date.parse('2026-01-01T11:00:00Z') / 1000 });
    await hear(moved(3, '2026-01-01T12:00:00Z'));
    expect(await values()).toHaveLength(1);
    await hear(moved(4, '2026-01-01T13:00:00Z'));
    const [, second] = await values();
    expect(decodeJwt(second!.text).exp).toBe(Date.parse('2026-01-01T13:00:00Z') / 1000);
    expect(await Promise.all([first!, second!].map(({ text }) => door(text)))).toEqual(['VALID', 'VALID']);
    clock.set('2026-01-01T12:00:00Z');
    await hear(moved(5, '2026-01-01T13:00:00Z'));
    expect(await Promise.all([first!, second!].map(({ text }) => door(text)))).toEqual(['EXPIRED', 'VALID']);
    expect((await values()).map(({ state }) => state)).toEqual(['revoked', 'active']);
  });

  test.each(['issue-intent:after-write', 'issue-active:before-write'])('a death at %s makes no second token', async (point) => {
    let dies = true;
    const { lab, hear, values, door } = await openLab((name) => {
      if (dies && name === point) throw new Error('died');
    });
    await expect(hear(booked)).rejects.toThrow('died');
    const [before] = await values();
    dies = false;
    await lab.restart();
    lab.clock.forward(60_000);
    await lab.settleAll();
    expect(await values()).toEqual([{ ...before, state: 'active' }]);
    expect(await door(before!.text)).toBe('VALID');
  });

  test('a key without a booking is a token too, and the list names what it says wrongly', async () => {
    const its = await openManagedHouse(engine);
    open.push(its.close);
    const { ledger, sealer, clock, transact } = its;
    const tokens = openTokens({ ledger, sealer, rules: () => tokenRules, now: clock.now });
    const keys = await openKeys({ ledger, now: clock.now, log: () => {}, checkToken: tokens.check });
    open.unshift(() => keys.close());
    const house = { ...its.house, within: keys.within, mint: createMint({ sign: signWith(tokens.mint) }) };
    Object.assign(its.house, house);
    const ends = { inMs: 300 * DAY };
    // The first one, in the transaction that makes the first signing key.
    const { key, value } = await its.make({ tokenType: 'jwt', ends });
    const which = { project: 'lab', id: key.id, actor: 'eve' };
    const said = decodeJwt(value.reveal());
    expect(said).toMatchObject({ aud: 'lab', scope: 'read' });
    const door = async (text: string) => await keys.verify({ key: text, method: 'GET', path: '/api/x' });
    expect(await door(value.reveal())).toMatchObject({ code: 'VALID', keyId: key.id, tokenType: 'jwt' });
    const revoked = async () => (clock.forward(1000), decodeJwt<{ revoked: string[] }>(await tokens.revoked()).revoked);
    await transact((tx) => changeKey(house, tx, { ...which, changes: { name: 'robot-2' } }));
    expect(await revoked()).toEqual([]);
    await transact((tx) => changeKey(house, tx, { ...which, changes: { scopes: ['read', 'labs:read'] } }));
    expect(await revoked()).toEqual([said.jti]);
    expect((await door(value.reveal())).code).toBe('VALID');

    const next = await transact((tx) => rotateKey(house, tx, { ...which, overlapMs: 0, reason: 'leaked' }));
    const renewed = decodeJwt(next.value.reveal());
    expect(renewed).toMatchObject({ scope: 'read labs:read', exp: said.exp });
    expect([(await door(value.reveal())).code, (await door(next.value.reveal())).code]).toEqual(['REVOKED', 'VALID']);
    await transact((tx) => revokeKey(house, tx, { ...which, reason: 'no longer needed' }));
    expect(new Set(await revoked())).toEqual(new Set([said.jti, renewed.jti]));
    clock.forward(200 * DAY);
    expect(await forgetDead(house, ledger)).toBe(0);
    expect(new Set(await revoked())).toEqual(new Set([said.jti, renewed.jti]));
    clock.forward(101 * DAY);
    expect(await forgetDead(house, ledger)).toBe(1);
    expect(await revoked()).toEqual([]);
  });
});
