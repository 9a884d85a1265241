import { expect, onTestFinished, test } from 'vitest';
import { aCall, hoursFromNow, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Call, IssueRequest, KeyRef } from '../driver.ts';
import { openFakeRig } from './fake-rig.ts';
import type { Handle } from './places.ts';

const KNOCK = { method: 'GET', path: '/api/data' };

async function opened(options: Partial<Parameters<typeof openFakeRig>[0]> = {}) {
  const rig = await openFakeRig({ now: () => NOW, tools: toolsFor('campus'), ...options });
  onTestFinished(() => rig.close());
  const opens = (request: IssueRequest) => rig.world.opensTheDoor(request.secret, KNOCK);
  const sids = () => rig.fake.subscriptions().map(({ sid }) => sid);
  return { ...rig, opens, sids };
}
type Opened = Awaited<ReturnType<typeof opened>>;

const generation = (number: number, overrides: Partial<IssueRequest> = {}) =>
  sampleRequest({ name: `lk-lse0001-${number}`, secret: newSecret(), ...overrides });

const refOf = ({ name, secret }: IssueRequest, handle: Handle | null = null): KeyRef<Handle> => ({ name, handle, secret });

/** Issues the first and rotates to the others, one after the other. */
async function rotated({ driver }: Opened, ...requests: IssueRequest[]): Promise<KeyRef<Handle>[]> {
  const refs: KeyRef<Handle>[] = [];
  for (const request of requests) {
    const previous = refs.at(-1);
    const { handle } = await (previous ? driver.rotate!(previous, request, aCall()) : driver.issue(request, aCall()));
    refs.push(refOf(request, handle));
  }
  return refs;
}

test('a rotation puts the new key beside the old one: both work, with one quota', async () => {
  const rig = await opened();
  const quota = { limit: 3, per: 'reservation' } as const;
  const [first, second] = [generation(1, { quota }), generation(2, { quota })];
  await rotated(rig, first, second);
  expect(rig.sids()).toEqual([first.name]);
  expect([await rig.opens(first), await rig.opens(second), await rig.opens(first)]).toEqual([true, true, true]);
  expect([await rig.opens(first), await rig.opens(second)]).toEqual([false, false]);
});

test.for([
  [0, 1],
  [1, 0],
] as const)('of two keys in one subscription, revoking %i leaves %i, and then the other goes with it', async ([dies, stays]) => {
  const rig = await opened();
  const requests = [generation(1), generation(2)];
  const refs = await rotated(rig, ...requests);
  await rig.driver.revoke(refs[dies]!, aCall());
  await rig.driver.revoke(refs[dies]!, aCall());
  expect([await rig.opens(requests[dies]!), await rig.opens(requests[stays]!)]).toEqual([false, true]);
  expect(await rig.driver.probe!(refs[dies]!, aCall())).toBe('gone');
  expect(await rig.driver.probe!(refs[stays]!, aCall())).toBe('works');
  await rig.driver.revoke(refs[stays]!, aCall());
  expect(rig.sids()).toEqual([]);
});

test('a lease stays in one subscription however often it rotates', async () => {
  const rig = await opened();
  const requests = [generation(1)];
  let [ref] = await rotated(rig, requests[0]!);
  for (const number of [2, 3, 5, 10]) {
    const next = generation(number);
    const { handle } = await rig.driver.rotate!(ref!, next, aCall());
    await rig.driver.revoke(ref!, aCall());
    requests.push(next);
    ref = refOf(next, handle);
  }
  expect(rig.sids()).toEqual(['lk-lse0001-1']);
  expect(await Promise.all(requests.map(rig.opens))).toEqual([false, false, false, false, true]);
});

test('a third living key gets a subscription of its own, and each is revoked by itself', async () => {
  const rig = await opened();
  const requests = [generation(1), generation(2), generation(3)];
  const refs = await rotated(rig, ...requests);
  expect(rig.sids()).toEqual(['lk-lse0001-1', 'lk-lse0001-3']);
  await rig.driver.revoke({ ...refs[1]!, handle: null }, aCall());
  expect(await Promise.all(requests.map(rig.opens))).toEqual([true, false, true]);
});

test('a rotation to other limits is another subscription under another product', async () => {
  const rig = await opened();
  const [first, second] = [generation(1), generation(2, { scopes: ['read'] })];
  const [old] = await rotated(rig, first, second);
  const submits = { ...KNOCK, method: 'POST' };
  expect(await rig.world.opensTheDoor(first.secret, submits)).toBe(true);
  expect(await rig.world.opensTheDoor(second.secret, submits)).toBe(false);
  await rig.driver.revoke(old!, aCall());
  expect(rig.sids()).toEqual(['lk-lse0001-2']);
});

test.for(['lost-answer', 'refuse', '500', '429-seconds', 'html'] as const)(
  'after %s in a rotation: rotate, issue or revoke, each does what it says',
  async (how) => {
    const again = {
      rotate: (rig: Opened, old: KeyRef<Handle>, next: IssueRequest) => rig.driver.rotate!(old, next, aCall()),
      issue: (rig: Opened, _: KeyRef<Handle>, next: IssueRequest) => rig.driver.issue(next, aCall()),
      revoke: (rig: Opened, _: KeyRef<Handle>, next: IssueRequest) => rig.driver.revoke(refOf(next), aCall()),
    };
    for (const [act, work] of Object.entries(again)) {
      const rig = await opened();
      const [first, next] = [generation(1), generation(2)];
      const [old] = await rotated(rig, first);
      rig.fake.fail({ on: 'issue', how });
      await expect(rig.driver.rotate!(old!, next, aCall())).rejects.toThrow('campus');
      await work(rig, old!, next);
      expect([act, await rig.opens(first), await rig.opens(next)]).toEqual([act, true, act !== 'revoke']);
      expect(rig.sids()).toEqual([first.name]);
    }
  },
);

test('a rotation whose old key has gone meanwhile makes a new subscription', async () => {
  const rig = await opened();
  const [first, next] = [generation(1), generation(2)];
  const [old] = await rotated(rig, first);
  await rig.driver.revoke(old!, aCall());
  await rig.driver.rotate!(old!, next, aCall());
  expect([rig.sids(), await rig.opens(next)]).toEqual([[next.name], true]);
});

test('a rotation repeated with other limits after a lost answer: the key leaves the old subscription for one of its own', async () => {
  const rig = await opened();
  const [first, next] = [generation(1), generation(2)];
  const [old] = await rotated(rig, first);
  rig.fake.fail({ on: 'issue', how: 'lost-answer' });
  await expect(rig.driver.rotate!(old!, next, aCall())).rejects.toMatchObject({ kind: 'transient' });
  await rig.driver.issue({ ...next, scopes: ['read'] }, aCall());
  expect([rig.sids(), await rig.opens(first), await rig.opens(next)]).toEqual([[first.name, next.name], true, true]);
  expect((await rig.world.liveKeys()).map(({ name }) => name)).toEqual([first.name, next.name]);
});

test('no key is put into a subscription that is on its way out', async () => {
  const rig = await opened();
  const [first, next] = [generation(1), generation(2)];
  const [old] = await rotated(rig, first);
  rig.fake.edit(first.name, { state: 'suspended' });
  await rig.driver.rotate!(old!, next, aCall());
  await rig.driver.revoke(old!, aCall());
  expect([rig.sids(), await rig.opens(next)]).toEqual([[next.name], true]);
});

test('a subscription that changes between its suspension and its deletion is not deleted', async () => {
  const rig = await opened();
  const first = generation(1);
  const [ref] = await rotated(rig, first);
  const displayName = 'lk-lse0001 p=1 s=2 until=2026-01-15T12:00:00Z';
  const turn: Call['turn'] = async (operation) => {
    if (operation === 'delete') rig.fake.edit(first.name, { displayName });
  };
  await expect(rig.driver.revoke(ref!, { ...aCall(), turn })).rejects.toMatchObject({ kind: 'transient' });
  await rig.driver.revoke(ref!, aCall());
  expect(rig.fake.subscriptions()).toMatchObject([{ sid: first.name, displayName: displayName.replace('p=1', 'p=-') }]);
  expect(await rig.opens(first)).toBe(false);
});

test('a request that arrives late undoes nothing that happened meanwhile', async () => {
  for (const meanwhile of ['issued again', 'revoked'] as const) {
    const rig = await opened();
    const [first, next] = [generation(1), generation(2)];
    const [old] = await rotated(rig, first);
    rig.fake.fail({ on: 'issue', how: 'late' });
    await expect(rig.driver.rotate!(old!, next, aCall(AbortSignal.timeout(50)))).rejects.toMatchObject({ kind: 'transient' });
    if (meanwhile === 'issued again') {
      await rig.driver.issue(next, aCall());
      await rig.driver.revoke(old!, aCall());
    } else await rig.driver.revoke(old!, aCall());
    rig.fake.arrive();
    expect([await rig.opens(first), await rig.opens(next)]).toEqual([false, meanwhile === 'issued again']);
    await rig.driver.revoke(refOf(next), aCall());
    expect(rig.sids()).toEqual([]);
  }
});

test('what a call kept finds the key where the lists come late', async () => {
  const rig = await opened();
  rig.fake.freezeLists();
  // Its subscription is named after the second generation, so the third is looked for in a list.
  const [second, third] = [generation(2), generation(3)];
  const [old] = await rotated(rig, second);
  let kept: unknown;
  const call: Call = { ...aCall(), keep: async (handle) => void (kept = handle) };
  rig.fake.fail({ on: 'issue', how: 'lost-answer' });
  await expect(rig.driver.rotate!(old!, third, call)).rejects.toMatchObject({ kind: 'transient' });
  await rig.driver.issue({ ...third, kept }, aCall());
  expect([rig.sids(), await rig.opens(third)]).toEqual([[second.name], true]);
  rig.fake.fail({ on: 'issue', how: 'lost-answer' });
  const fourth = generation(4);
  await expect(rig.driver.issue(fourth, call)).rejects.toMatchObject({ kind: 'transient' });
  await rig.driver.revoke({ ...refOf(fourth), secret: null, handle: kept as Handle }, aCall());
  expect([rig.sids(), await rig.opens(third), await rig.opens(fourth)]).toEqual([[second.name], true, false]);
  expect(JSON.stringify(kept)).not.toContain(third.secret.reveal());
});

test('many at once: whatever is refused and made again, one place holds each key', async () => {
  const rig = await opened();
  const [first, next] = [generation(1), generation(2)];
  const [old] = await rotated(rig, first);
  const nodes = [rig.driver, rig.another(), rig.another()];
  const again = async (work: () => Promise<unknown>): Promise<void> => {
    for (let left = 20; left > 0; left -= 1)
      if (
        await work().then(
          () => true,
          ({ kind }) => (expect(kind).toBe('transient'), false),
        )
      )
        return;
    expect.unreachable('never got there');
  };
  await Promise.all([
    ...nodes.map((node) => again(() => node.rotate!(old!, next, aCall()))),
    ...nodes.map((node) => again(() => node.revoke(old!, aCall()))),
  ]);
  await again(() => rig.driver.issue(next, aCall()));
  expect([await rig.opens(first), await rig.opens(next)]).toEqual([false, true]);
  await again(() => rig.driver.revoke(refOf(next), aCall()));
  expect(rig.sids()).toEqual([]);
});

test('suspending holds the whole lease, and a probe tells', async () => {
  const rig = await opened();
  const requests = [generation(1), generation(2)];
  const refs = await rotated(rig, ...requests);
  for (const ref of refs) await rig.driver.suspend!(ref, aCall());
  expect(await Promise.all(requests.map(rig.opens))).toEqual([false, false]);
  expect(await rig.driver.probe!(refs[0]!, aCall())).toBe('held');
  await rig.driver.retime!(refs[1]!, { ...requests[1]!, window: { opensAt: NOW, closesAt: hoursFromNow(1) } }, aCall());
  expect(await rig.driver.probe!(refs[1]!, aCall())).toBe('held');
  await rig.driver.resume!(refs[1]!, aCall());
  expect(await Promise.all(requests.map(rig.opens))).toEqual([true, true]);
});

test('a value is found and overwritten whatever a display name says', async () => {
  for (const displayName of ['Some project', 'lk-lse0001 p=1 s=- until=2026-01-15T12:00:00Z'])
    for (const known of ['secret', 'handle'] as const) {
      const rig = await opened();
      const requests = [generation(1), generation(2)];
      const refs = await rotated(rig, ...requests);
      rig.fake.edit('lk-lse0001-1', { displayName });
      const ref = known === 'secret' ? { ...refs[1]!, handle: null } : { ...refs[1]!, secret: null };
      await rig.driver.revoke(ref, aCall());
      expect(await Promise.all(requests.map(rig.opens))).toEqual([true, false]);
      expect(await rig.driver.probe!(ref, aCall())).toBe('gone');
    }
});

test('where neither name nor value tells which key is which, none is revoked and an operator is told', async () => {
  const rig = await opened();
  const requests = [generation(1), generation(2)];
  await rotated(rig, ...requests);
  rig.fake.edit('lk-lse0001-1', { displayName: 'Some project' });
  await expect(rig.driver.revoke({ ...refOf(requests[0]!), secret: null }, aCall())).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('lk-lse0001-1'),
  });
  expect(await Promise.all(requests.map(rig.opens))).toEqual([true, true]);
});

test("a renamed subscription of the same lease is in nobody's way", async () => {
  const rig = await opened();
  const requests = [generation(1), generation(2, { scopes: ['read'] })];
  await rotated(rig, ...requests);
  rig.fake.edit('lk-lse0001-1', { displayName: 'Some project' });
  await rig.driver.revoke({ name: requests[1]!.name, handle: null, secret: null }, aCall());
  expect([await rig.opens(requests[0]!), await rig.opens(requests[1]!)]).toEqual([true, false]);
});

test('a renamed subscription is listed, told apart, and named again by a repair', async () => {
  const rig = await opened();
  const request = generation(1);
  const [ref] = await rotated(rig, request);
  rig.fake.edit(request.name, { displayName: 'Some project', state: 'cancelled' });
  const [listed] = await Array.fromAsync(rig.driver.list!(aCall()));
  expect(listed).toMatchObject({ name: request.name, handle: { sid: request.name } });
  expect(listed?.driftFrom?.(request)).toEqual(['its state is cancelled', 'its display name was changed']);
  await rig.driver.repair!(ref!, request, aCall());
  expect(await rig.world.liveKeys()).toMatchObject([{ name: request.name, closesAt: request.window.closesAt }]);
  expect(await rig.opens(request)).toBe(true);
});

test('the list has both keys of a lease, and a repair brings both under the right product', async () => {
  const rig = await opened();
  const requests = [generation(1), generation(2)];
  const refs = await rotated(rig, ...requests);
  await rig.driver.issue(sampleRequest({ name: 'lk-other-1', secret: newSecret(), scopes: ['read'] }), aCall());
  const listed = await Array.fromAsync(rig.driver.list!(aCall()));
  expect(listed.map(({ name }) => name)).toEqual(['lk-lse0001-1', 'lk-lse0001-2', 'lk-other-1']);
  expect(listed.map((key) => key.driftFrom?.(requests[0]!))).toEqual([
    [],
    [],
    [expect.stringContaining('it is under product lk-')],
  ]);
  const wanted = { ...requests[1]!, scopes: ['submit'], window: { opensAt: NOW, closesAt: hoursFromNow(1) } };
  expect(listed[1]?.driftFrom?.(wanted)).toEqual([
    expect.stringMatching(/^it is under product lk-\w+ instead of lk-\w+$/),
    'it ends at 2026-01-15T12:00:00.000Z',
  ]);
  await rig.driver.repair!(refs[1]!, wanted, aCall());
  expect(await Promise.all(requests.map(rig.opens))).toEqual([false, false]);
  expect(await rig.world.opensTheDoor(requests[0]!.secret, { ...KNOCK, method: 'POST' })).toBe(true);
});

test('a subscription that is there under the name and holds other keys is left alone', async () => {
  const rig = await opened();
  const first = generation(1);
  const others = [generation(2), generation(3)];
  const refs = await rotated(rig, first, others[0]!);
  await rig.driver.revoke(refs[0]!, aCall());
  await rig.driver.rotate!(refs[1]!, others[1]!, aCall());
  await expect(rig.driver.issue(first, aCall())).rejects.toMatchObject({ kind: 'rejected' });
  expect(await Promise.all(others.map(rig.opens))).toEqual([true, true]);
});

test('names that do not end with a generation are refused before anything is asked', async () => {
  const rig = await opened();
  for (const name of ['latchkey', 'lk-', 'lk-Ä-1', `lk-${'x'.repeat(60)}-1`]) {
    await expect(rig.driver.revoke({ name, handle: null, secret: null }, aCall())).rejects.toMatchObject({ kind: 'rejected' });
  }
  expect(rig.fake.requests).toEqual([]);
});
