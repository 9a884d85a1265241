import { afterEach, expect, test } from 'vitest';
import { verifyAudit } from '../src/audit/verify.ts';
import { openCrashHouse, type CrashHouse } from './crash-house.ts';
import { describeEngines } from './engines.ts';

/*
 * The process dies before and after each of its writes and calls, for an issue, a rotation and a revocation, and is started again. The
 * points are not listed here: a first life, in which nobody dies, tells them.
 */

const soon = { timeout: 30_000, interval: 10 };

/**
 * With PostgreSQL, where other nodes may live, what a dead one held is free only after its turn: ten seconds for a lease, minutes for a
 * mail that was on its way. So a few deaths, before the mail.
 */
const SAMPLE = {
  issue: ['receive:after-commit', 'issue:after-call'],
  rotate: ['issue:after-call'],
  revoke: ['revoke-intent:after-write', 'revoke:after-call'],
};

interface Death {
  readonly point: string;
  readonly times: number;
  readonly isSameAsNext: boolean;
}

describeEngines('a crash', (engine) => {
  let house: CrashHouse;
  afterEach(async () => await house.close());

  test('at any point of a life loses nothing, leaves nothing, and hands nothing incomplete out', async () => {
    house = await openCrashHouse(engine.name);
    const deaths = await listDeaths(house);
    const chosen = (act: keyof typeof SAMPLE) =>
      engine.name === 'embedded'
        ? deaths[act].filter(({ isSameAsNext }) => !isSameAsNext)
        : deaths[act].filter(({ point }) => SAMPLE[act].includes(point));
    let id = 1;
    for (const death of chosen('issue')) await dieIssuing(house, ++id, death);
    for (const death of chosen('rotate')) await dieRotating(house, ++id, death);
    for (const death of chosen('revoke')) await dieRevoking(house, ++id, death);
    await assertNothingLost(house, id);
  }, 600_000);
});

/** A first life, in which nobody dies. */
async function listDeaths(house: CrashHouse): Promise<Record<'issue' | 'rotate' | 'revoke', Death[]>> {
  await house.tell(1, 'EVENT_START');
  await expect.poll(() => atRest(house, 1), soon).toBe(1);
  const issue = house.points.splice(0);
  expect((await house.rotate(1))?.status).toBe(200);
  await expect.poll(() => atRest(house, 1), soon).toBe(1);
  const rotate = house.points.splice(0);
  await house.tell(1, 'EVENT_END');
  await expect.poll(() => atRest(house, 1), soon).toBe(0);
  const deaths = { issue: deathsAt(issue), rotate: deathsAt(rotate), revoke: deathsAt(house.points.splice(0)) };
  expect(deaths.issue.map(({ point }) => point)).toEqual(
    expect.arrayContaining([
      'receive:before-commit',
      'issue-intent:after-write',
      'issue:before-call',
      'issue-active:before-write',
    ]),
  );
  expect(deaths.revoke.map(({ point }) => point)).toEqual(
    expect.arrayContaining(['revoke-intent:before-write', 'revoke:after-call', 'revoke-proof:after-write']),
  );
  return deaths;
}

async function dieIssuing(house: CrashHouse, id: number, death: Death): Promise<void> {
  await house.dieAt(death.point, death.times);
  await tellUntilHeard(house, id, 'EVENT_START');
  const key = await theOneKey(house, id, death);
  expect((await house.claim(id)).key, at(death)).toBe(key);
  await end(house, id, death);
}

async function dieRotating(house: CrashHouse, id: number, death: Death): Promise<void> {
  await house.tell(id, 'EVENT_START');
  const old = await theOneKey(house, id, death);
  const claimed = await house.claim(id);
  await house.dieAt(death.point, death.times);
  expect(await house.rotate(id), at(death)).toBeUndefined();
  await house.revive();
  await expect.poll(() => house.opens(old), { ...soon, message: at(death) }).toBe(false);
  const fresh = await theOneKey(house, id, death);
  expect(fresh, at(death)).not.toBe(old);
  expect((await house.claim(id, (link) => link !== claimed.link)).key, at(death)).toBe(fresh);
  await end(house, id, death);
}

async function dieRevoking(house: CrashHouse, id: number, death: Death): Promise<void> {
  await house.tell(id, 'EVENT_START');
  const key = await theOneKey(house, id, death);
  await house.dieAt(death.point, death.times);
  if (id % 2 === 0 && !death.point.startsWith('receive:')) {
    expect(await house.revoke(id), at(death)).toBeUndefined();
    await house.revive();
  } else await tellUntilHeard(house, id, 'EVENT_END');
  await expect.poll(() => atRest(house, id), { ...soon, message: at(death) }).toBe(0);
  expect(house.opens(key), at(death)).toBe(false);
}

/** As a sender does: what was not acknowledged is sent again. */
async function tellUntilHeard(house: CrashHouse, id: number, type: 'EVENT_START' | 'EVENT_END'): Promise<void> {
  const heard = await house.tell(id, type);
  await house.revive();
  if (!heard) expect(await house.tell(id, type)).toBe(true);
}

async function theOneKey(house: CrashHouse, id: number, death: Death): Promise<string> {
  await expect.poll(() => atRest(house, id), { ...soon, message: at(death) }).toBe(1);
  const [key] = house.living(id);
  expect(key, at(death)).toMatchObject({ complete: true });
  expect(house.opens(key!.api_key), at(death)).toBe(true);
  return key!.api_key;
}

async function end(house: CrashHouse, id: number, death: Death): Promise<void> {
  expect(await house.tell(id, 'EVENT_END')).toBe(true);
  await expect.poll(() => atRest(house, id), { ...soon, message: at(death) }).toBe(0);
}

/** How many keys live, once the service has come to rest. */
function atRest(house: CrashHouse, id: number): number | undefined {
  const last = house.points.findLast((point) => !point.startsWith('receive:'));
  return last === 'rest:after-write' ? house.living(id).length : undefined;
}

async function assertNothingLost(house: CrashHouse, bookings: number): Promise<void> {
  expect(house.manager.keys()).toEqual([]);
  const { ledger, chain } = await house.read();
  try {
    const events = await ledger.db.selectFrom('event').select(['externalId', 'type']).where('outcome', '=', 'accepted').execute();
    for (let id = 1; id <= bookings; id += 1)
      expect(events.filter(({ externalId }) => externalId === String(id)).map(({ type }) => type)).toContain('started');
    const leases = await ledger.db.selectFrom('lease').select(['id', 'state', 'wakeAt', 'heldUntil']).execute();
    expect(leases).toHaveLength(bookings);
    expect(leases.filter(({ state, heldUntil }) => state !== 'revoked' || heldUntil !== null)).toEqual([]);
    const keys = await ledger.db.selectFrom('key').select(['leaseId', 'state', 'sealedSecret']).execute();
    expect(keys.filter(({ state, sealedSecret }) => state !== 'revoked' || sealedSecret !== null)).toEqual([]);
    expect(await verifyAudit(ledger, chain)).toMatchObject({ ok: true });
  } finally {
    await ledger.close();
  }
}

function deathsAt(points: readonly string[]): Death[] {
  return points.map((point, index) => ({
    point,
    times: points.slice(0, index + 1).filter((other) => other === point).length,
    isSameAsNext: isSame(point, points[index + 1]),
  }));
}

/** Between what is done and what is not yet begun nothing happens that outlives the process, but for a sender who waits for its answer. */
function isSame(point: string, next = ''): boolean {
  return /:after-/.test(point) && /:before-/.test(next) && !point.startsWith('receive:');
}

function at({ point, times }: Death): string {
  return `after dying at ${point} (${times})`;
}
