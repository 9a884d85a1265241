import { expect, test } from 'vitest';
import { INSIDE } from '../contract-acts.ts';
import { aCall, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { IssueRequest, KeyRef } from '../driver.ts';
import { API } from './fake-apis.ts';
import { driverAt, openRig } from './fake-rig.ts';
import type { Handle } from './keys.ts';

/*
 * Each work is stopped at each of its requests, done and not done, and made again by a process that remembers nothing but names and
 * values. Afterwards the world is as if nothing had happened.
 */

type Rig = Awaited<ReturnType<typeof openRig>>;
type Driver = Rig['driver'];

interface Work {
  /** What was done before. */
  readonly before?: (driver: Driver) => Promise<unknown>;
  readonly work: (driver: Driver) => Promise<unknown>;
  /** Which of the requests below open the door in the end, with the burst of their plan. */
  readonly leaves: Readonly<Record<string, number>>;
}

const named = (name: string, overrides: Partial<IssueRequest> = {}) => sampleRequest({ name, secret: newSecret(), ...overrides });
const one = named('lk-1');
const ten = named('lk-10');
const faster = { ...one, rateLimit: { limit: 5, per: 'second' } } as const;
const nameless = ({ name, secret }: IssueRequest): KeyRef<Handle> => ({ name, secret, handle: null });

const WORKS: Record<string, Work> = {
  'a first key': { work: (driver) => driver.issue(one, aCall()), leaves: { 'lk-1': 100 } },
  'a key beside another': {
    before: (driver) => driver.issue(ten, aCall()),
    work: (driver) => driver.issue(one, aCall()),
    leaves: { 'lk-10': 100, 'lk-1': 100 },
  },
  'a key that gets other limits': {
    before: (driver) => driver.issue(one, aCall()),
    work: (driver) => driver.issue(faster, aCall()),
    leaves: { 'lk-1': 5 },
  },
  'a class': {
    before: (driver) => driver.issue(one, aCall()),
    work: (driver) => driver.issueMany!([faster, ten], aCall()),
    leaves: { 'lk-1': 5, 'lk-10': 100 },
  },
  'a revoked key': {
    before: async (driver) => [await driver.issue(one, aCall()), await driver.issue(ten, aCall())],
    work: (driver) => driver.revoke(nameless(one), aCall()),
    leaves: { 'lk-10': 100 },
  },
  'a repaired key': {
    before: async (driver) => {
      await driver.issue(one, aCall());
      await driver.suspend!(nameless(one), aCall());
    },
    work: (driver) => driver.repair!(nameless(one), faster, aCall()),
    leaves: { 'lk-1': 5 },
  },
};

test.for(Object.entries(WORKS))('%s, stopped anywhere', async ([, { before, work, leaves }]) => {
  let stopped = 0;
  for (const how of ['lost-answer', 'refuse'] as const)
    for (let after = 0; ; after += 1) {
      const rig = await openRig({ now: NOW, tools: toolsFor('campus'), request: sampleRequest });
      const process = () => driverAt(rig.fake.url, toolsFor('campus'));
      await before?.(process());
      rig.fake.fail({ on: 'any', how, after });
      const error: unknown = await work(process()).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const finished = rig.fake.faultsWaiting() > 0;
      if (finished) expect(error).toBeUndefined();
      if (error !== undefined) expect(error).toMatchObject({ kind: 'transient' });
      if (!finished) await work(process());
      expect(worldOf(rig)).toEqual(leaves);
      await rig.close();
      if (finished) break;
      stopped += 1;
    }
  expect(stopped).toBeGreaterThanOrEqual(6);
});

/** Every key that opens the door, with what it may do at once. */
function worldOf({ fake }: Rig): Record<string, number | undefined> {
  const keys = fake.keys();
  expect(new Set(keys.map(({ name }) => name)).size).toBe(keys.length);
  for (const { value, plans } of keys) {
    expect(plans).toHaveLength(1);
    expect(fake.knock({ apiKey: value, stage: API, ...INSIDE })).toBe(200);
  }
  return Object.fromEntries(keys.map(({ name, plans }) => [name, plans[0]?.throttle?.burstLimit]));
}
