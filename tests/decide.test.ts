import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical } from '../src/reservation/canonical.ts';
import { decide, type Decision } from '../src/reservation/decide.ts';
import type { Event } from '../src/reservation/event.ts';
import { emptyReservation, fold } from '../src/reservation/fold.ts';
import type { Plan } from '../src/reservation/plan.ts';
import type { KeyFacts, LeaseFacts, Powers, Situation } from '../src/reservation/situation.ts';
import { plan, scopes } from './fixtures/plan.ts';

const MINUTE = 60_000;
const OPENS = new Date('2026-01-01T10:00:00Z');
const CLOSES = new Date('2026-01-01T12:00:00Z');
const minutesAfterOpening = (minutes: number): Date => new Date(OPENS.getTime() + minutes * MINUTE);

const booked: Event = {
  type: 'created',
  reservationId: '7',
  version: 1,
  resource: { id: '1', name: 'lab-1', type: '' },
  holders: [{ id: 'ann' }],
  startsAt: OPENS,
  endsAt: CLOSES,
};
const grant = {
  scopes: ['read'],
  methods: ['GET'],
  endpoints: ['/api/**'],
  quota: { limit: 1000, per: 'reservation' },
  rateLimit: { limit: 100, per: 'hour' },
} as const;
const granted = { grant, asked: canonical({}), plan };
const fresh: LeaseFacts = {
  holderId: 'ann',
  resourceId: '1',
  generation: 1,
  overlapUntil: null,
  suspended: false,
  revokedBy: null,
  granted: null,
  former: false,
};
const live: Omit<KeyFacts, 'powers'> = {
  id: 'key_1',
  generation: 1,
  state: 'active',
  opensAt: OPENS,
  closesAt: CLOSES,
  activeAt: OPENS,
  retryAt: null,
  rejected: false,
  suspended: false,
  fixed: false,
  overdue: false,
};
const gated: Powers = { suspend: true, notBefore: true, retime: 'move' };
/** Of a key that works as soon as it is there, before and after somebody was shown it. */
const withheld: Powers = { suspend: false, notBefore: true, retime: 'move' };
const out: Powers = { ...withheld, notBefore: false };
const plain: Powers = { suspend: false, notBefore: false, retime: 'replace' };

function situation(
  changes: Partial<Omit<Situation, 'lease' | 'keys'>> & {
    lease?: Partial<LeaseFacts>;
    events?: readonly Event[];
    keys?: readonly (Omit<KeyFacts, 'powers'> & Partial<KeyFacts>)[];
  },
): Situation {
  const { lease, events = [], ...rest } = changes;
  const { powers = gated } = rest;
  const keys = (rest.keys ?? []).map((key) => ({ powers, ...key }));
  const reservation = [booked, ...events].reduce(fold, emptyReservation('lab', '7'));
  const held = keys.length > 0 ? { ...fresh, granted } : fresh;
  return { reservation, plan, scopes, ...rest, powers, keys, lease: { ...held, ...lease } };
}
const brief: Plan = { ...plan, name: 'brief', window: { ...plan.window, longestMs: 60 * MINUTE } };
const shorter: Event = { ...booked, version: 2, endsAt: minutesAfterOpening(30) };
const longer: Event = { ...booked, version: 2, endsAt: minutesAfterOpening(180) };
const earlier: Event = { ...booked, version: 2, startsAt: minutesAfterOpening(-10) };
/** Of the built-in manager, with a value that says its window itself. */
const token = { ...live, says: { opensAt: OPENS, closesAt: CLOSES } };
const second = {
  ...live,
  id: 'key_2',
  generation: 2,
  closesAt: minutesAfterOpening(180),
  says: { opensAt: OPENS, closesAt: minutesAfterOpening(180) },
};
const verbs = (decision: Decision): string[] =>
  decision.steps.map((step) => (step.do === 'issue' ? `issue ${step.generation}` : `${step.do} ${step.keyId}`));

describe('decide', () => {
  test.each<[string, Situation, Date, string[], Decision['state']]>([
    [
      'waits for the window of a provider that cannot hold a key back',
      situation({ powers: plain }),
      minutesAfterOpening(-5),
      [],
      'pending',
    ],
    [
      'makes the key ahead of time where the provider refuses it until the start',
      situation({}),
      minutesAfterOpening(-5),
      ['issue 1'],
      'pending',
    ],
    [
      'leaves a key ahead of its window alone while nobody was shown it',
      situation({ powers: withheld, keys: [live] }),
      minutesAfterOpening(-5),
      [],
      'active',
    ],
    [
      'takes a key that is out away when its window moves to later',
      situation({ powers: withheld, keys: [{ ...live, powers: out }] }),
      minutesAfterOpening(-5),
      ['revoke key_1'],
      'revoking',
    ],
    [
      'also where another that nobody was shown waits beside it',
      situation({
        powers: withheld,
        lease: { generation: 2 },
        keys: [
          { ...live, powers: out },
          { ...live, id: 'key_2', generation: 2 },
        ],
      }),
      minutesAfterOpening(-5),
      ['revoke key_1', 'revoke key_2'],
      'revoking',
    ],
    ['waits for the lead time', situation({}), minutesAfterOpening(-16), [], 'pending'],
    ['makes the key at the start', situation({ powers: plain }), OPENS, ['issue 1'], 'pending'],
    ['leaves a good key alone', situation({ keys: [live] }), minutesAfterOpening(1), [], 'active'],
    ['revokes at the end, though no end event came', situation({ keys: [live] }), CLOSES, ['revoke key_1'], 'revoking'],
    ['never makes a key after the window', situation({}), CLOSES, [], 'revoked'],
    [
      'revokes on cancellation',
      situation({ keys: [live], events: [{ type: 'cancelled', reservationId: '7', version: 2 }] }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'makes nothing for a booking cancelled before its start',
      situation({ events: [{ type: 'cancelled', reservationId: '7', version: 2 }] }),
      OPENS,
      [],
      'revoked',
    ],
    [
      'revokes on an early end',
      situation({ keys: [live], events: [{ type: 'ended', reservationId: '7', version: 2 }] }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'ends the old lease when the owner changes',
      situation({ keys: [live], events: [{ ...booked, version: 2, holders: [{ id: 'bob' }] }] }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'ends the old lease when the resource changes',
      situation({ keys: [live], events: [{ ...booked, version: 2, resource: { id: '2', name: 'lab-2', type: '' } }] }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'extends without changing the key',
      situation({ keys: [live], events: [{ ...booked, version: 2, endsAt: minutesAfterOpening(180) }] }),
      OPENS,
      ['retime key_1'],
      'active',
    ],
    [
      'replaces a key whose provider cannot extend it',
      situation({ powers: plain, keys: [live], events: [{ ...booked, version: 2, endsAt: minutesAfterOpening(180) }] }),
      OPENS,
      ['issue 2'],
      'active',
    ],
    [
      'replaces a token that says an earlier end, and lets the old one live to it',
      situation({ keys: [token], events: [longer] }),
      OPENS,
      ['issue 2'],
      'active',
    ],
    [
      'and makes it once: the old token stays as it is',
      situation({ keys: [token, second], lease: { generation: 2, overlapUntil: CLOSES }, events: [longer] }),
      OPENS,
      [],
      'active',
    ],
    ['shortens a token in our books', situation({ keys: [token], events: [shorter] }), OPENS, ['retime key_1'], 'active'],
    [
      'lengthens a token in our books as far as it says',
      situation({ keys: [{ ...token, closesAt: minutesAfterOpening(30) }] }),
      OPENS,
      ['retime key_1'],
      'active',
    ],
    [
      'replaces a token that says a later start, while that is ahead',
      situation({ keys: [token], events: [earlier] }),
      minutesAfterOpening(-5),
      ['issue 2'],
      'active',
    ],
    [
      'and leaves it once it is good',
      situation({ keys: [token], events: [earlier] }),
      minutesAfterOpening(1),
      ['retime key_1'],
      'active',
    ],
    [
      'makes another token where the window outgrew one that was asked for and is not known to be there',
      situation({ keys: [{ ...token, state: 'intended', activeAt: null }], events: [longer] }),
      OPENS,
      ['issue 2'],
      'issuing',
    ],
    [
      'shortens in place',
      situation({ powers: plain, keys: [live], events: [{ ...booked, version: 2, endsAt: minutesAfterOpening(30) }] }),
      OPENS,
      ['retime key_1'],
      'active',
    ],
    [
      'takes a key back when the window moves to later and the provider cannot hold it',
      situation({
        powers: plain,
        keys: [live],
        events: [{ ...booked, version: 2, startsAt: minutesAfterOpening(60), endsAt: minutesAfterOpening(90) }],
      }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'moves a key to a later window where verify refuses it until then',
      situation({
        keys: [live],
        events: [{ ...booked, version: 2, startsAt: minutesAfterOpening(60), endsAt: minutesAfterOpening(90) }],
      }),
      OPENS,
      ['retime key_1'],
      'active',
    ],
    [
      'refuses what the plan does not grant',
      situation({ events: [{ ...booked, version: 2, parameters: { scopes: ['admin'] } }] }),
      OPENS,
      [],
      'refused',
    ],
    [
      'takes the key when the booking comes to ask for too much',
      situation({ keys: [live], events: [{ ...booked, version: 2, parameters: { quota: 99_999 } }] }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'replaces the key when the booking asks for other rights',
      situation({ keys: [live], events: [{ ...booked, version: 2, parameters: { quota: 5 } }] }),
      OPENS,
      ['issue 2'],
      'active',
    ],
    [
      'goes on with an intent after a crash',
      situation({ keys: [{ ...live, state: 'intended', activeAt: null }] }),
      OPENS,
      ['issue 1'],
      'issuing',
    ],
    [
      'goes on with a revocation after a crash',
      situation({ keys: [{ ...live, state: 'revoking' }], lease: { revokedBy: 'admin' } }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'keeps both keys during an overlap',
      situation({
        lease: { generation: 2, overlapUntil: minutesAfterOpening(30) },
        keys: [live, { ...live, id: 'key_2', generation: 2 }],
      }),
      minutesAfterOpening(29),
      [],
      'active',
    ],
    [
      'ends the old key with the overlap',
      situation({
        lease: { generation: 2, overlapUntil: minutesAfterOpening(30) },
        keys: [live, { ...live, id: 'key_2', generation: 2 }],
      }),
      minutesAfterOpening(30),
      ['revoke key_1'],
      'active',
    ],
    [
      'keeps the old key as long as the new one is not there',
      situation({
        lease: { generation: 2, overlapUntil: minutesAfterOpening(30) },
        keys: [live, { ...live, id: 'key_2', generation: 2, state: 'intended', activeAt: null }],
      }),
      minutesAfterOpening(31),
      ['issue 2'],
      'active',
    ],
    [
      'waits for a failed call’s next attempt',
      situation({ keys: [{ ...live, state: 'intended', retryAt: minutesAfterOpening(2) }] }),
      minutesAfterOpening(1),
      [],
      'issuing',
    ],
    [
      'does not ask again for what can never succeed',
      situation({ keys: [{ ...live, state: 'revoked', rejected: true }] }),
      OPENS,
      [],
      'refused',
    ],
    [
      'keeps the living key when its replacement was rejected',
      situation({
        powers: plain,
        keys: [live, { ...live, id: 'key_2', generation: 2, state: 'revoked', rejected: true }],
        events: [{ ...booked, version: 2, endsAt: minutesAfterOpening(180) }],
      }),
      OPENS,
      [],
      'active',
    ],
    [
      'makes a new key when an ended booking is extended afterwards',
      situation({
        keys: [{ ...live, state: 'revoked' }],
        events: [{ ...booked, type: 'updated', version: CLOSES.getTime(), endsAt: minutesAfterOpening(240) }],
      }),
      CLOSES,
      ['issue 2'],
      'pending',
    ],
    [
      'takes the keys of a suspended lease where the provider cannot hold them back',
      situation({ powers: plain, keys: [live], lease: { suspended: true } }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'holds the keys of a suspended lease back',
      situation({ keys: [live], lease: { suspended: true } }),
      OPENS,
      ['suspend key_1'],
      'revoking',
    ],
    [
      'leaves a suspended key as it is',
      situation({ keys: [{ ...live, suspended: true }], lease: { suspended: true } }),
      OPENS,
      [],
      'suspended',
    ],
    [
      'revokes a suspended key at the end',
      situation({ keys: [{ ...live, suspended: true }], lease: { suspended: true } }),
      CLOSES,
      ['revoke key_1'],
      'revoking',
    ],
    ['lets a suspended key go again', situation({ keys: [{ ...live, suspended: true }] }), OPENS, ['resume key_1'], 'active'],
    [
      'makes another key when the rights change before the first one is there',
      situation({
        keys: [{ ...live, state: 'intended', activeAt: null }],
        events: [{ ...booked, version: 2, parameters: { quota: 5 } }],
      }),
      OPENS,
      ['issue 2'],
      'issuing',
    ],
    [
      'leaves a living key when its plan vanished from the configuration',
      situation({ plan: undefined, lease: { former: true }, keys: [live] }),
      minutesAfterOpening(1),
      [],
      'active',
    ],
    [
      'holds the key of a vanished plan back',
      situation({ plan: undefined, keys: [live], lease: { former: true, suspended: true } }),
      minutesAfterOpening(1),
      ['suspend key_1'],
      'revoking',
    ],
    [
      'lets no suspended key go because its plan vanished',
      situation({ plan: undefined, keys: [{ ...live, suspended: true }], lease: { former: true, suspended: true } }),
      minutesAfterOpening(1),
      [],
      'suspended',
    ],
    [
      'lets the key of a vanished plan go when it is resumed',
      situation({ plan: undefined, keys: [{ ...live, suspended: true }], lease: { former: true } }),
      minutesAfterOpening(1),
      ['resume key_1'],
      'active',
    ],
    [
      'takes the key of a vanished plan where its own provider cannot hold it back, whatever the present one can',
      situation({ keys: [{ ...live, powers: plain }], lease: { former: true, suspended: true } }),
      minutesAfterOpening(1),
      ['revoke key_1'],
      'revoking',
    ],
    [
      'shortens the key of a vanished plan with its booking',
      situation({ plan: undefined, keys: [live], lease: { former: true }, events: [shorter] }),
      minutesAfterOpening(1),
      ['retime key_1'],
      'active',
    ],
    [
      'ends the key of a vanished plan with its shortened booking',
      situation({ plan: undefined, keys: [live], lease: { former: true }, events: [shorter] }),
      minutesAfterOpening(30),
      ['revoke key_1'],
      'revoking',
    ],
    [
      'lengthens no key of a vanished plan',
      situation({ plan: undefined, keys: [live], lease: { former: true }, events: [longer] }),
      minutesAfterOpening(1),
      [],
      'active',
    ],
    [
      'makes a new key under the present plan when the booking outgrows the one of a vanished plan',
      situation({ keys: [live], lease: { former: true }, events: [longer] }),
      minutesAfterOpening(1),
      ['issue 2'],
      'active',
    ],
    [
      'keeps the key of a vanished plan to its end when the present plan refuses what outgrew it',
      situation({ plan: brief, keys: [live], lease: { former: true }, events: [longer] }),
      minutesAfterOpening(1),
      [],
      'active',
    ],
    [
      'leaves a living key when another plan takes the place of its own',
      situation({ keys: [live], lease: { former: true } }),
      minutesAfterOpening(1),
      [],
      'active',
    ],
    [
      'takes the key of a vanished plan when the booking comes to ask for too much',
      situation({ keys: [live], lease: { former: true }, events: [{ ...booked, version: 2, parameters: { quota: 99_999 } }] }),
      OPENS,
      ['revoke key_1'],
      'revoking',
    ],
    [
      'makes the next key under the present plan when an operator rotates one of a vanished plan',
      situation({ keys: [live], lease: { former: true, generation: 2 } }),
      minutesAfterOpening(1),
      ['issue 2'],
      'active',
    ],
    [
      'keeps the living key when its plan vanishes in the middle of a rotation',
      situation({
        plan: undefined,
        keys: [live, { ...live, id: 'key_2', generation: 2, state: 'intended', activeAt: null }],
        lease: { former: true, generation: 2 },
      }),
      minutesAfterOpening(1),
      ['revoke key_2'],
      'active',
    ],
    [
      'makes another key when its plan vanishes before the first one is there',
      situation({ keys: [{ ...live, state: 'intended', activeAt: null, retryAt: CLOSES }], lease: { former: true } }),
      OPENS,
      ['issue 2'],
      'issuing',
    ],
    [
      'takes away what was to be a key of a vanished plan once another works',
      situation({
        keys: [
          { ...live, state: 'intended', activeAt: null },
          { ...live, id: 'key_2', generation: 2 },
        ],
        lease: { generation: 2 },
      }),
      OPENS,
      ['revoke key_1'],
      'active',
    ],
    [
      'asks another plan’s provider for what the first one refused for good',
      situation({ keys: [{ ...live, state: 'revoked', rejected: true }], lease: { former: true } }),
      OPENS,
      ['issue 2'],
      'pending',
    ],
    ['makes no key without a plan', situation({ plan: undefined }), OPENS, [], 'revoked'],
    [
      'calls a revocation that has failed for long a debt',
      situation({ keys: [{ ...live, state: 'revoking', overdue: true, retryAt: minutesAfterOpening(200) }] }),
      CLOSES,
      [],
      'stuck',
    ],
  ])('%s', (_, facts, now, steps, state) => {
    const decision = decide(facts, now);
    expect(verbs(decision)).toEqual(steps);
    expect(decision.state).toBe(state);
  });

  test.each<[string, Event, number, string[]]>([
    ['at its time leaves the plan’s margin', { type: 'ended', reservationId: '7', version: CLOSES.getTime() + 30_000 }, 121, []],
    [
      'at its time leaves no more than the margin',
      { type: 'ended', reservationId: '7', version: CLOSES.getTime() },
      135,
      ['revoke key_1'],
    ],
    ['before its time cuts it', { type: 'ended', reservationId: '7', version: OPENS.getTime() }, 60, ['revoke key_1']],
    [
      'before its time cuts it, also when that is seen late',
      { type: 'ended', reservationId: '7', version: 2 },
      121,
      ['revoke key_1'],
    ],
    [
      'that only names the booked end leaves the margin',
      { type: 'ended', reservationId: '7', version: CLOSES.getTime(), restates: true, endsAt: CLOSES },
      121,
      [],
    ],
    [
      'by a cancellation leaves none',
      { type: 'cancelled', reservationId: '7', version: CLOSES.getTime() },
      121,
      ['revoke key_1'],
    ],
  ])('an end %s', (_, event, minutes, steps) => {
    const lenient: Plan = { ...plan, window: { ...plan.window, closesAfterMs: 15 * MINUTE } };
    const key = { ...live, closesAt: minutesAfterOpening(135) };
    const facts = situation({ plan: lenient, keys: [key], events: [event] });
    expect(verbs(decide(facts, minutesAfterOpening(minutes)))).toEqual(steps);
    if (steps.length === 0) expect(verbs(decide({ ...facts, keys: [] }, minutesAfterOpening(minutes)))).toEqual([]);
  });

  test('rotates by the plan’s clock, with its overlap', () => {
    const rotating: Plan = { ...plan, rotation: { everyMs: 60 * MINUTE, overlapMs: 10 * MINUTE } };
    expect(decide(situation({ plan: rotating, keys: [live] }), minutesAfterOpening(59)).wakeAt).toEqual(minutesAfterOpening(60));
    const decision = decide(situation({ plan: rotating, keys: [live] }), minutesAfterOpening(60));
    expect(decision.steps).toMatchObject([{ do: 'issue', generation: 2, overlapUntil: minutesAfterOpening(70) }]);
  });

  test('wakes for the opening, the warning, the end of the overlap and the close, whichever is next', () => {
    expect(decide(situation({ powers: plain }), minutesAfterOpening(-60)).wakeAt).toEqual(OPENS);
    expect(decide(situation({ keys: [live] }), minutesAfterOpening(1)).wakeAt).toEqual(minutesAfterOpening(105));
    expect(decide(situation({ keys: [live] }), minutesAfterOpening(106)).wakeAt).toEqual(CLOSES);
    const overlapping = situation({
      lease: { generation: 2, overlapUntil: minutesAfterOpening(30) },
      keys: [live, { ...live, id: 'key_2', generation: 2 }],
    });
    expect(decide(overlapping, minutesAfterOpening(1)).wakeAt).toEqual(minutesAfterOpening(30));
    expect(decide(situation({ keys: [{ ...live, state: 'revoked' }] }), CLOSES).wakeAt).toBeNull();
  });

  test('is not woken by what is past while it waits for something else', () => {
    const owed = { ...live, state: 'revoking', retryAt: minutesAfterOpening(9) } as const;
    const keys = [owed, { ...live, id: 'key_2', generation: 2 }];
    const { wakeAt } = decide(situation({ keys, lease: { generation: 2, overlapUntil: OPENS } }), minutesAfterOpening(5));
    expect(wakeAt).toEqual(minutesAfterOpening(9));
  });

  test('takes a key away at once although another call for it waits to be tried again', () => {
    const keys = [{ ...live, state: 'intended', retryAt: minutesAfterOpening(9) } as const];
    const cancelled: Event = { type: 'cancelled', reservationId: '7', version: 2 };
    expect(verbs(decide(situation({ keys, events: [cancelled] }), minutesAfterOpening(5)))).toEqual(['revoke key_1']);
  });

  test('after the overlap one key bridges until its successor works, not two', () => {
    const next = { ...live, id: 'key_3', generation: 3, state: 'intended', retryAt: minutesAfterOpening(9) } as const;
    const keys = [live, { ...live, id: 'key_2', generation: 2 }, next];
    const state = situation({ keys, lease: { generation: 3, overlapUntil: OPENS } });
    expect(verbs(decide(state, minutesAfterOpening(5)))).toEqual(['revoke key_1']);
  });

  test('a rotation in the middle of another leaves two keys, and prolongs nothing that the first one limited', () => {
    const next = { ...live, id: 'key_3', generation: 3, state: 'intended' } as const;
    const keys = [live, { ...live, id: 'key_2', generation: 2 }, next];
    const state = situation({ keys, lease: { generation: 3, overlapUntil: minutesAfterOpening(60) } });
    expect(verbs(decide(state, minutesAfterOpening(5)))).toEqual(['revoke key_1', 'issue 3']);
  });

  test('the clock standing back an hour lengthens nothing', () => {
    const decision = decide(
      situation({ keys: [{ ...live, state: 'revoked' }], events: [{ type: 'ended', reservationId: '7', version: 2 }] }),
      minutesAfterOpening(-60),
    );
    expect(decision.steps).toEqual([]);
  });

  test('a clock that is set back does not bring back a window that was seen to be over; a longer one opens all the same', () => {
    const keys = [{ ...live, state: 'revoked' } as const];
    const over = situation({ keys, lease: { seenClosedAt: CLOSES } });
    expect(decide(over, minutesAfterOpening(30))).toMatchObject({ state: 'revoked', steps: [], wakeAt: null });
    const longer: Event = { ...booked, type: 'updated', version: 2, endsAt: minutesAfterOpening(240) };
    const extended = situation({ keys, lease: { seenClosedAt: CLOSES }, events: [longer] });
    expect(verbs(decide(extended, minutesAfterOpening(30)))).toEqual(['issue 2']);
  });
});

/** Carries out steps as an honest provider would. */
function carryOut(facts: Situation, decision: Decision, { now, isToken = false }: { now: Date; isToken?: boolean }): Situation {
  return decision.steps.reduce((world, step): Situation => {
    if (step.do === 'issue') {
      const { powers } = world;
      const key: KeyFacts = {
        ...live,
        powers,
        id: `key_${step.generation}`,
        generation: step.generation,
        ...step.window,
        activeAt: now,
        ...(isToken && { says: step.window }),
      };
      const others = world.keys.filter((other) => other.generation !== step.generation);
      return {
        ...world,
        keys: [...others, key],
        lease: {
          ...world.lease,
          generation: step.generation,
          overlapUntil: step.overlapUntil,
          granted: { grant: step.grant, asked: step.asked, plan: step.plan },
          former: false,
        },
      };
    }
    const changed = {
      retime: 'window' in step ? step.window : {},
      suspend: { suspended: true },
      resume: { suspended: false },
      revoke: { state: 'revoked' },
    } as const;
    const keys = world.keys.map((key): KeyFacts => (key.id === step.keyId ? { ...key, ...changed[step.do] } : key));
    return { ...world, keys };
  }, facts);
}

describe('deciding again and again', () => {
  const moment = fc.integer({ min: -60, max: 400 }).map(minutesAfterOpening);
  const change = fc.record(
    {
      type: fc.constantFrom('created', 'updated', 'started', 'ended', 'cancelled'),
      reservationId: fc.constant('7'),
      version: fc.integer({ min: 2, max: 9 }),
      holders: fc.constantFrom([{ id: 'ann' }], [{ id: 'bob' }]),
      startsAt: moment,
      endsAt: moment,
      parameters: fc.constantFrom({}, { quota: 5 }, { scopes: ['admin'] }, { expirationHours: 1 }),
    },
    { requiredKeys: ['type', 'reservationId', 'version'] },
  ) satisfies fc.Arbitrary<Event>;
  const inForce = fc.constantFrom(plan, plan, brief, undefined);

  test('settles within a few rounds, with at most one key of a generation and two in all, none outside its window, whatever plans come and go', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(change, moment, inForce), { maxLength: 6 }),
        fc.constantFrom(gated, plain),
        fc.boolean(),
        (story, powers, isToken) => {
          let facts = situation({ powers });
          for (const [event, now, present] of story) {
            const former = present?.name !== (facts.lease.granted?.plan.name ?? plan.name);
            facts = {
              ...facts,
              reservation: fold(facts.reservation, event),
              plan: present,
              lease: { ...facts.lease, former },
            };
            let rounds = 0;
            for (let decision = decide(facts, now); decision.steps.length > 0; decision = decide(facts, now)) {
              facts = carryOut(facts, decision, { now, isToken });
              rounds += 1;
              expect(rounds).toBeLessThan(5);
            }
            const alive = facts.keys.filter((key) => key.state !== 'revoked');
            expect(new Set(alive.map((key) => key.generation)).size).toBe(alive.length);
            expect(alive.every((key) => now < key.closesAt)).toBe(true);
            expect(alive.length).toBeLessThanOrEqual(2);
            const newest = alive.find(({ generation }) => generation === facts.lease.generation);
            // Whoever checks it elsewhere lets it in for all of the window that is ahead.
            if (newest?.says && !facts.lease.former) {
              const { window } = decide(facts, now);
              expect(newest.says.closesAt >= window!.closesAt).toBe(true);
              expect(newest.says.opensAt <= window!.opensAt || newest.says.opensAt <= now).toBe(true);
            }
            if (!powers.notBefore) expect(alive.every(() => now >= decide(facts, now).window!.opensAt)).toBe(true);
            const { wakeAt } = decide(facts, now);
            if (alive.length > 0) expect(wakeAt! > now).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
