import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aCall, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Driver, IssueRequest, KeyRef } from '../driver.ts';
import { type FakeRig, openFakeRig } from './fake-rig.ts';
import type { Handle } from './places.ts';

/* One lease through any life: whatever is lost, refused or repeated, exactly the keys that should open the door do. */

interface Step {
  readonly act: 'make' | 'revoke';
  /** Which of the living keys is meant, as far as there are so many. */
  readonly which: number;
  /** What the provider's answers are before one gets through. */
  readonly faults: readonly ('lost-answer' | 'refuse' | '429-seconds' | 'html')[];
  readonly limits: 'same' | 'other';
  /** What the core still has when it calls again. */
  readonly knows: 'all' | 'name and value';
}

const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom('make', 'make', 'revoke'),
    which: fc.nat(3),
    faults: fc.array(fc.constantFrom('lost-answer', 'refuse', '429-seconds', 'html'), { maxLength: 2 }),
    limits: fc.constantFrom('same', 'same', 'other'),
    knows: fc.constantFrom('all', 'name and value'),
  }),
  { minLength: 3, maxLength: 9 },
);

interface Key {
  readonly request: IssueRequest;
  handle: Handle | null;
  lives: boolean;
}

test('any life of a lease', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (life) => {
      const rig = await openFakeRig({ now: () => NOW, tools: toolsFor('campus') });
      try {
        const keys: Key[] = [];
        for (const step of life) {
          await (step.act === 'make' ? make(rig, keys, step) : take(rig, keys, step));
          expectDoors(rig, keys);
        }
        for (const key of keys) await rig.driver.revoke(refOf(key), aCall());
        expect(rig.fake.subscriptions()).toEqual([]);
      } finally {
        await rig.close();
      }
    }),
    { numRuns: 12 },
  );
});

async function make(rig: FakeRig, keys: Key[], step: Step): Promise<void> {
  const living = keys.filter(({ lives }) => lives);
  const previous = living.at(-1);
  const scopes = step.limits === 'same' ? ['read', 'submit'] : ['read'];
  const request = sampleRequest({ name: `lk-lse1-${keys.length + 1}`, secret: newSecret(), scopes, rateLimit: undefined });
  const key: Key = { request, handle: null, lives: true };
  keys.push(key);
  await insist(rig, step, async (driver) => {
    const rotates = previous && step.knows === 'all';
    key.handle = (await (rotates ? driver.rotate!(refOf(previous), request, aCall()) : driver.issue(request, aCall()))).handle;
  });
}

async function take(rig: FakeRig, keys: Key[], step: Step): Promise<void> {
  const living = keys.filter(({ lives }) => lives);
  const key = living[step.which % Math.max(1, living.length)];
  if (!key) return;
  if (step.knows === 'name and value') key.handle = null;
  await insist(rig, step, (driver) => driver.revoke(refOf(key), aCall()));
  key.lives = false;
}

/** Calls again until it gets through, by whichever node, as the core does. */
async function insist(rig: FakeRig, { faults }: Step, work: (driver: Driver<Handle>) => Promise<unknown>): Promise<void> {
  const nodes = [rig.driver, rig.another()];
  for (const [at, how] of faults.entries()) {
    rig.fake.fail({ on: at % 2 === 0 ? 'change' : 'any', how });
    await work(nodes[at % 2]!).then(
      () => rig.fake.heal(),
      (error: unknown) => expect(error).toMatchObject({ kind: how === '429-seconds' ? 'rate-limited' : 'transient' }),
    );
  }
  rig.fake.heal();
  await work(rig.driver);
}

function expectDoors(rig: FakeRig, keys: readonly Key[]): void {
  const knock = { method: 'GET', path: '/api/data' };
  const opens = keys.map(({ request }) => rig.fake.knock({ key: request.secret.reveal(), ...knock }) === 200);
  expect(opens).toEqual(keys.map(({ lives }) => lives));
}

const refOf = ({ request: { name, secret }, handle }: Key): KeyRef<Handle> => ({ name, handle, secret });
