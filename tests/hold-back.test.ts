import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtin } from '../providers/builtin/driver.ts';
import { evaluateAlerts } from '../src/alerts/evaluate.ts';
import { addRule } from '../src/alerts/rules.ts';
import { suspendOwed } from '../src/alerts/suspend.ts';
import { createHoldBack } from '../src/hold-back.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import { createKey } from '../src/managed/create.ts';
import type { House } from '../src/managed/house.ts';
import { createMint } from '../src/managed/mint.ts';
import { revokeKey } from '../src/managed/revoke.ts';
import type { Secret } from '../src/secret/secret.ts';
import { describeEngines } from './engines.ts';
import { ofDefault, plan, projects, scopes, tokenRules } from './fixtures/plan.ts';
import { clockAt, openWorkshop, type TestWorkshop } from './workshop.ts';

/* From requests that are refused, over the alert, to a door that stays shut: nothing in between is ours but the clock. */

describeEngines('an alert that holds back', (engine) => {
  const clock = clockAt('2026-03-02T10:00:00Z');
  const far: { keys?: Keys } = {};
  let work: TestWorkshop;
  let keys: Keys;
  let house: House;
  beforeAll(async () => {
    work = await openWorkshop(engine, {
      clock,
      far: {
        driver: (tools) => builtin.open({}, { ...tools, ...(far.keys && { keys: far.keys.manager }) }),
        parseHandle: (stored) => builtin.handle.parse(stored),
      },
    });
    far.keys = keys = await openKeys({ ledger: work.ledger, now: clock.now, log: () => {} });
    await work.restart();
    const policy = () => ({ projects, sources: {}, providers: {}, scopes, plans: [plan], tokens: tokenRules, ...ofDefault });
    const { within, manager } = keys;
    house = { within, usage: manager.usage, sealer: work.sealer, policy, mint: createMint(), now: clock.now };
    const rule = { name: 'prying', type: 'SCOPE_VIOLATION', operator: 'gte', threshold: 3 } as const;
    const how = { channels: [], cooldownMs: 0, severity: 'critical', disabled: false } as const;
    const asked = { ...rule, ...how, autoSuspend: true };
    await addRule({ ledger: work.ledger, now: clock.now }, { project: 'default', actor: 'ada', asked });
  });
  afterAll(async () => {
    await keys.close();
    await work.close();
  });

  const door = async (key: Secret, method = 'GET') =>
    (await keys.verify({ key: key.reveal(), method, path: '/api/x', ip: '192.0.2.1' })).code;
  const make = (name: string) =>
    work.ledger.transact((tx) => createKey(house, tx, { project: 'default', actor: 'eve', asked: { name, scopes: ['read'] } }));
  const pry = async (key: Secret, times = 3) => {
    for (let time = 0; time < times; time++) expect(await door(key, 'POST')).toBe('INSUFFICIENT_SCOPE');
    await keys.flush();
  };
  const look = async () => {
    const { ledger, operations } = work;
    const told = await evaluateAlerts({ ledger, projects: () => ['default'], announce: async () => {} }, clock.now());
    const suspend = createHoldBack({ ledger, operations, within: keys.within, now: clock.now });
    await suspendOwed({ ledger, suspend, log: (message) => expect.unreachable(message) }, clock.now());
    return told;
  };
  const alertsOf = (subject: string) =>
    work.ledger.db.selectFrom('alert').select(['suspend', 'suspendAttempts']).where('subject', '=', subject).execute();
  const audited = async (subject: string) =>
    (await work.ledger.db.selectFrom('audit').select(['action', 'actor']).where('subject', '=', subject).orderBy('seq').execute())
      .map(({ action, actor }) => `${action} by ${actor}`)
      .filter((act) => /alert|suspend/.test(act));

  test('a lease and a key of a project open nothing any more, and what did nothing goes on', async () => {
    await work.hear({
      type: 'created',
      reservationId: '7',
      version: 1,
      resource: { id: '1', name: 'lab-1', type: 'API Key' },
      holders: [{ id: 'ann', name: 'Ann', email: 'ann@example.org' }],
      startsAt: clock.now(),
      endsAt: new Date('2026-03-02T17:00:00Z'),
    });
    await work.settleAll();
    const [booked] = await work.keys();
    const ofLease = await work.valueOf(booked!.id);
    const [prying, good] = [await make('prying'), await make('good')];
    await pry(good.value, 2);
    await pry(ofLease);
    await pry(prying.value);
    expect([await door(ofLease), await door(prying.value), await door(good.value)]).toEqual(['VALID', 'VALID', 'VALID']);

    expect(await look()).toBe(2);
    expect([await door(ofLease), await door(prying.value), await door(good.value)]).toEqual(['SUSPENDED', 'SUSPENDED', 'VALID']);
    expect(await work.leases()).toMatchObject([{ state: 'suspended' }]);
    for (const subject of [booked!.leaseId, prying.key.id])
      expect(await alertsOf(subject)).toEqual([{ suspend: 'done', suspendAttempts: 1 }]);
    expect(await audited(prying.key.id)).toEqual(['alert.raised by latchkey', 'project-key.suspended by latchkey']);
    expect(await audited(booked!.leaseId)).toContain('lease.suspend by latchkey');
    await keys.flush();
    expect(await look(), 'the same crossing').toBe(0);
  });

  test('of a key that is dead by then nothing is held back, and it is not tried again', async () => {
    const gone = await make('gone');
    await pry(gone.value);
    const { id } = gone.key;
    await work.ledger.transact((tx) => revokeKey(house, tx, { id, project: 'default', actor: 'eve', reason: 'a leak' }));
    expect(await look()).toBe(1);
    expect(await alertsOf(id)).toEqual([{ suspend: 'dead', suspendAttempts: 1 }]);
    expect(await audited(id)).toEqual(['alert.raised by latchkey']);
  });
});
