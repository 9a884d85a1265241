import { describe, expect, test } from 'vitest';
import { expectLive, failureOf, issue } from './contract-acts.ts';
import {
  aCall,
  type FaultKind,
  type FaultPlace,
  FAULTS,
  hoursFromNow,
  RETRY_AFTER_MS,
  type Rig,
  type Subject,
} from './contract-world.ts';
import type { Call } from './driver.ts';

/** Every fault in every place: the right kind of error, nothing secret in it, and the same call made again gets there. */
export function testFaults(open: () => Promise<Rig>, { faults }: Subject): void {
  for (const [place, kinds] of Object.entries(faults) as [FaultPlace, readonly FaultKind[]][])
    describe(`when ${WHEN[place]} fails`, () => {
      test.for(kinds)(`%s is told apart, and the call can be repeated`, async (how) => {
        const rig = await open();
        const act = await ready(place, rig);
        await rig.world.failNext({ on: place, how });
        const error = await failureOf(rig, act(callFor(how)));
        expect(error.kind).toBe(FAULTS[how]);
        expectRetryAfter(how, error.retryAfterMs);
        await act(aCall());
        await expectLive(rig, place === 'revoke' || place === 'check' ? 0 : 1);
      });

      test.for(place === 'issue' || place === 'policy' ? kinds : [])(
        '%s, then revoke without a handle, leaves nothing',
        async (how) => {
          const rig = await open();
          const { name, secret } = rig.request();
          await rig.world.failNext({ on: place, how });
          await failureOf(rig, rig.driver.issue(rig.request(), callFor(how)));
          await rig.driver.revoke({ name, handle: null, secret }, aCall());
          expect(await rig.world.liveKeys()).toEqual([]);
        },
      );
    });
}

const WHEN: Record<FaultPlace, string> = {
  issue: 'making the key',
  policy: 'attaching a policy',
  revoke: 'revoking',
  retime: 'moving the window',
  usage: 'reading usage',
  list: 'listing',
  check: 'checking',
};

/** The call of that place, with everything in front of it done. */
async function ready(place: FaultPlace, rig: Rig): Promise<(call: Call) => Promise<unknown>> {
  const { driver } = rig;
  if (place === 'issue' || place === 'policy') return (call) => driver.issue(rig.request(), call);
  if (place === 'check') return (call) => driver.check(call);
  const { ref } = await issue(rig);
  if (place === 'revoke') return (call) => driver.revoke(ref, call);
  const window = { opensAt: hoursFromNow(-1), closesAt: hoursFromNow(5) };
  if (place === 'retime') return async (call) => driver.retime?.(ref, rig.request({ window }), call);
  if (place === 'usage') return async (call) => driver.usage?.(ref, { from: hoursFromNow(-1), to: hoursFromNow(1) }, call);
  place satisfies 'list';
  return async (call) => {
    for await (const key of driver.list?.(call) ?? []) expect(key.name).toBe(ref.name);
  };
}

/** HTTP dates have whole seconds. */
function expectRetryAfter(how: FaultKind, retryAfterMs: number | undefined): void {
  const expected = how.startsWith('429') ? RETRY_AFTER_MS : 0;
  expect(Math.abs((retryAfterMs ?? 0) - expected)).toBeLessThanOrEqual(how === '429-date' ? 1000 : 0);
}

const callFor = (how: FaultKind) => aCall(how === 'hang' ? AbortSignal.timeout(250) : undefined);
