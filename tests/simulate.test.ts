import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentOf } from '../src/cli/simulate/documents.ts';
import { FAULT_NAMES, type Fault } from '../src/cli/simulate/faults.ts';
import { scriptOf, retriesAfter } from '../src/cli/simulate/sender.ts';
import type { Send } from '../src/cli/simulate/sends.ts';
import { MINUTE, standingAt, worldOf, type Life, type World, type WorldOptions } from '../src/cli/simulate/world.ts';
import { closedBy, emptyReservation, fold, holdersOf } from '../src/reservation/fold.ts';
import type { Reservation } from '../src/reservation/reservation.ts';
import type { MappedItem } from '../src/reservation/source.ts';
import { sourceOf } from './fixtures/source.ts';

const { mapping } = sourceOf({ preset: 'cloud-resource-reservation', secrets: ['unused'] });
const BEGAN = Date.parse('2026-01-01T09:00:00Z');
const SPEED = 60;
const clock = (at: number) => new Date(BEGAN + at / SPEED);

const options: fc.Arbitrary<WorldOptions> = fc.record({
  seed: fc.nat(),
  bookings: fc.integer({ min: 1, max: 8 }),
  lengthMs: fc.integer({ min: 20, max: 120 }).map((minutes) => minutes * MINUTE),
  resources: fc.uniqueArray(fc.constantFrom('lab-1', 'lab-2', '3'), { minLength: 1 }),
  firstId: fc.integer({ min: 1, max: 1_000_000 }),
});
const faultsFrom = (names: readonly Fault[]) => fc.subarray([...names]).map((some) => new Set(some));

/** As the receiver reads it when it arrives. */
function read(send: Send): MappedItem {
  const items = mapping.map(JSON.parse(JSON.stringify(documentOf(send, clock))), { now: clock(send.at) });
  expect(items).toHaveLength(1);
  return items[0]!;
}

/** What all that arrives adds up to, by booking. */
function heardFrom(sends: readonly Send[]): Map<string, Reservation> {
  const heard = new Map<string, Reservation>();
  for (const item of sends.map(read)) {
    if (item.outcome !== 'accepted') continue;
    const id = item.event.reservationId;
    heard.set(id, fold(heard.get(id) ?? emptyReservation('default', id), item.event));
  }
  return heard;
}

/** What the booking is, when the last of it has arrived. */
function truthOf({ versions, deletedAt }: Life): object {
  const last = versions.at(-1)!;
  return {
    deleted: deletedAt !== undefined,
    startsAt: clock(last.startsAt),
    endsAt: clock(last.endsAt),
    holder: last.user,
    resource: last.resource,
  };
}

function told(reservation: Reservation): object {
  return {
    deleted: closedBy(reservation) === 'cancelled',
    startsAt: reservation.startsAt?.value,
    endsAt: reservation.endsAt?.value,
    holder: holdersOf(reservation)[0]?.id,
    resource: reservation.resource?.value.id,
  };
}

describe('what is sent adds up to what is true', () => {
  const lossless = FAULT_NAMES.filter((name) => name !== 'unreadable');

  test('with any faults that lose nothing but starts and ends', () => {
    const property = fc.property(options, faultsFrom(lossless), (about, faults) => {
      const world = worldOf(about);
      const { sends } = scriptOf(world, { seed: about.seed, faults });
      const heard = heardFrom(sends);
      const expected = world.lives.map((life) => [String(life.id), truthOf(life)]);
      expect(Object.fromEntries([...heard].map(([id, one]) => [id, told(one)]))).toEqual(Object.fromEntries(expected));
      for (const life of world.lives) {
        // Ended only when it is; an end that was lost is known by its time.
        if (closedBy(heard.get(String(life.id))!) !== 'ended') continue;
        expect(standingAt(life, world.lengthMs + 6 * MINUTE).standing).toBe('over');
      }
    });
    fc.assert(property, { numRuns: 80 });
  });

  test('where records become sentences, for all bookings of which none did', () => {
    const property = fc.property(options, faultsFrom(FAULT_NAMES), (about, faults) => {
      const world = worldOf(about);
      const { sends, lost } = scriptOf(world, { seed: about.seed, faults: new Set([...faults, 'unreadable' as const]) });
      const robbed = new Set(lost.filter(({ type }) => type !== 'EVENT_END').map(({ booking }) => booking));
      const heard = heardFrom(sends);
      for (const life of world.lives.filter(({ id }) => !robbed.has(id)))
        expect(told(heard.get(String(life.id))!)).toEqual(truthOf(life));
      for (const { says, ...send } of sends)
        if (says.kind === 'sentence') expect(read({ says, ...send }).outcome).toBe('quarantined');
    });
    fc.assert(property, { numRuns: 50 });
  });
});

describe('the same seed', () => {
  test('makes the same world and the same requests', () => {
    const property = fc.property(options, faultsFrom(FAULT_NAMES), (about, faults) => {
      const once = scriptOf(worldOf(about), { seed: about.seed, faults });
      expect(scriptOf(worldOf(about), { seed: about.seed, faults })).toEqual(once);
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('makes the same faults whatever the ids', () => {
    const shapeOf = (firstId: number) =>
      scriptOf(worldOf({ ...aWorld(42), firstId }), { seed: 42, faults: new Set(FAULT_NAMES) }).sends.map(
        ({ at, why, says }) => `${at} ${why} ${says.kind} ${says.type}`,
      );
    expect(shapeOf(5000)).toEqual(shapeOf(1));
  });

  test('makes the same world whatever the faults, and another seed another one', () => {
    expect(worldOf(aWorld(1))).toEqual(worldOf(aWorld(1)));
    expect(worldOf(aWorld(2))).not.toEqual(worldOf(aWorld(1)));
  });
});

function aWorld(seed: number): WorldOptions {
  return { seed, bookings: 200, lengthMs: 120 * MINUTE, resources: ['lab-1', 'lab-2'], firstId: 1 };
}

function sendsWith(...faults: readonly Fault[]): { world: World; sends: readonly Send[]; lost: readonly { type: string }[] } {
  const world = worldOf(aWorld(42));
  return { world, ...scriptOf(world, { seed: 42, faults: new Set(faults) }) };
}

const ofType = (sends: readonly Send[], type: string) => sends.filter(({ says }) => says.type === type);
const versionOf = ({ says }: Send) => ('version' in says ? says.version : undefined)!;

describe('a world', () => {
  const { lives, lengthMs } = worldOf(aWorld(42));
  const changes = lives.flatMap(({ versions }) => versions.slice(1).map((after, index) => [versions[index]!, after] as const));

  test.each([
    ['booked for now', lives.filter(({ versions: [first] }) => first!.startsAt <= first!.at)],
    ['extended', changes.filter(([before, after]) => after.endsAt > before.endsAt && after.startsAt === before.startsAt)],
    ['shortened', changes.filter(([before, after]) => after.endsAt < before.endsAt)],
    ['moved', changes.filter(([before, after]) => after.startsAt !== before.startsAt)],
    ['given to somebody else', changes.filter(([before, after]) => after.user !== before.user)],
    ['put on another machine', changes.filter(([before, after]) => after.resource !== before.resource)],
    ['changed while it runs', changes.filter(([before, after]) => after.at > before.startsAt)],
    ['deleted before it starts', lives.filter((life) => life.deletedAt! < life.versions.at(-1)!.startsAt)],
    ['deleted while it runs', lives.filter((life) => life.deletedAt! > life.versions.at(-1)!.startsAt)],
    ['over in the end', lives.filter((life) => standingAt(life, lengthMs).standing === 'over')],
    ['running in the end', lives.filter((life) => standingAt(life, lengthMs).standing === 'running')],
    ['ahead in the end', lives.filter((life) => standingAt(life, lengthMs).standing === 'ahead')],
  ])('has bookings that are %s', (_what, some) => {
    expect(some.length).toBeGreaterThan(2);
  });
});

describe('a good sender', () => {
  const { world, sends, lost } = sendsWith();

  test('loses and repeats nothing, and tells of each start and end when it is', () => {
    expect(lost).toEqual([]);
    expect(sends.map(({ why }) => why).filter((why) => why !== 'event')).toEqual([]);
    for (const send of ofType(sends, 'EVENT_END')) expect(send.at).toBe(versionOf(send).endsAt);
    for (const send of ofType(sends, 'EVENT_START')) expect(send.at).toBeGreaterThanOrEqual(versionOf(send).startsAt);
    const ended = world.lives.filter((life) => standingAt(life, world.lengthMs).standing === 'over');
    expect(ofType(sends, 'EVENT_END')).toHaveLength(ended.length);
  });

  test('says of what is deleted neither who has it nor what was asked for', () => {
    const deleted = ofType(sends, 'EVENT_DELETED').map((send) => documentOf(send, clock) as { data: Record<string, unknown> });
    expect(deleted.length).toBeGreaterThan(5);
    for (const { data } of deleted) expect(data).toMatchObject({ customParameters: null, keycloakId: expect.any(String) });
    for (const document of deleted) expect(JSON.stringify(document)).not.toMatch(/username|email/);
  });

  test('writes one id as a number here and as a text there', () => {
    const [made] = ofType(sends, 'EVENT_CREATED').map((send) => documentOf(send, clock));
    const [started] = ofType(sends, 'EVENT_START').map((send) => documentOf(send, clock));
    expect(made).toMatchObject({ webhookId: expect.any(String), data: { id: expect.any(Number) } });
    expect(started).toMatchObject({ webhookId: expect.any(Number), eventId: expect.any(String) });
  });

  test('tries three times what fails, at growing distance', () => {
    const about = { faults: new Set<Fault>(), lengthMs: world.lengthMs };
    let [send] = sends;
    const waits: number[] = [];
    for (let next = retriesAfter(send!, about); next.length > 0; next = retriesAfter(send!, about)) {
      waits.push(next[0]!.at - send!.at);
      [send] = next;
    }
    expect(waits).toEqual([MINUTE, 2 * MINUTE, 4 * MINUTE]);
  });
});

describe('each fault by its name', () => {
  test('early-start: up to five minutes before, at a poll', () => {
    const starts = ofType(sendsWith('early-start').sends, 'EVENT_START');
    const early = starts.map((send) => versionOf(send).startsAt - send.at).filter((ahead) => ahead > 0);
    expect(early.length).toBeGreaterThan(50);
    expect(Math.max(...early)).toBeLessThanOrEqual(5 * MINUTE);
  });

  test('no-late-start: what was booked for now has none', () => {
    const { sends, world } = sendsWith('early-start', 'no-late-start');
    const started = new Set(ofType(sends, 'EVENT_START').map(({ says }) => (says.kind === 'flat' ? says.life.id : 0)));
    const late = world.lives.filter(({ versions: [first, ...rest] }) => first!.startsAt < first!.at && rest.length === 0);
    expect(late.length).toBeGreaterThan(5);
    expect(late.filter(({ id }) => started.has(id))).toEqual([]);
  });

  test('lost-end: within a minute after it, or never, and it is said which', () => {
    const { sends, lost } = sendsWith('lost-end');
    const delays = ofType(sends, 'EVENT_END').map((send) => send.at - versionOf(send).endsAt);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(MINUTE);
    expect(lost.length).toBeGreaterThan(5);
  });

  test('duplicates: bursts of the same start within milliseconds, ends again a minute later', () => {
    const copies = sendsWith('duplicates').sends.filter(({ why }) => why === 'copy');
    expect(ofType(copies, 'EVENT_START').length).toBeGreaterThan(200);
    expect(ofType(copies, 'EVENT_END').some((send) => send.at === versionOf(send).endsAt + MINUTE)).toBe(true);
  });

  test('reorder: something older arrives after something newer of the same booking', () => {
    const overtakes = (sends: readonly Send[]) =>
      [...Map.groupBy(sends, ({ says }) => ('life' in says ? says.life.id : 0)).values()].filter((own) =>
        own.some(({ stampedAt }, index) => index > 0 && stampedAt < own[index - 1]!.stampedAt),
      );
    expect(overtakes(sendsWith().sends)).toEqual([]);
    expect(overtakes(sendsWith('reorder').sends).length).toBeGreaterThan(5);
  });

  test('retry-storm: every minute to the end, twice, each with a new time of sending', () => {
    const { sends, world } = sendsWith('retry-storm');
    const first = sends.find(({ why }) => why === 'retry');
    const own = sends.filter(({ why, says }) => why === 'retry' && says === first!.says);
    expect(own.length).toBe(2 * Math.floor((world.lengthMs - (first!.at - MINUTE)) / MINUTE));
    expect(new Set(own.map(({ stampedAt }) => stampedAt)).size).toBe(own.length);
    expect(retriesAfter(first!, { faults: new Set(['retry-storm']), lengthMs: world.lengthMs })).toEqual([]);
    expect(retriesAfter({ ...first!, why: 'event' }, { faults: new Set(['retry-storm']), lengthMs: world.lengthMs })).not.toEqual(
      [],
    );
  });

  test('batches: a list of one, with the person beside it', () => {
    const [started] = ofType(sendsWith('batches').sends, 'EVENT_START').map((send) => documentOf(send, clock));
    expect(started).toMatchObject({ eventCount: 1, userId: expect.any(String), events: [{ eventId: expect.any(String) }] });
    expect(started).not.toHaveProperty('eventId');
    expect(started).not.toHaveProperty(['events', 0, 'userId']);
  });

  test('no-retry: the poller tries nothing twice, the booking service does', () => {
    const { sends, world } = sendsWith('no-retry');
    const after = (from: Send['from']) =>
      retriesAfter(
        sends.find((send) => send.from === from)!,
        { faults: new Set(['no-retry']), lengthMs: world.lengthMs },
      );
    expect(after('poller')).toEqual([]);
    expect(after('service')).toHaveLength(1);
  });

  test('noise: every other type there is, and the test button, all of it ignored', () => {
    const noise = sendsWith('noise').sends.filter(({ why }) => why === 'noise');
    expect([...new Set(noise.map(({ says }) => says.type))].toSorted()).toEqual([
      'ALL',
      'RESOURCE_CREATED',
      'RESOURCE_DELETED',
      'RESOURCE_STATUS_CHANGED',
      'RESOURCE_UPDATED',
    ]);
    expect(new Set(noise.map((send) => read(send).outcome))).toEqual(new Set(['ignored']));
  });

  test('unreadable: a sentence instead of the record, and it is said which', () => {
    const { sends, lost } = sendsWith('unreadable');
    const sentences = sends.filter(({ says }) => says.kind === 'sentence');
    expect(sentences.length).toBeGreaterThan(5);
    expect(lost).toHaveLength(sentences.length);
    expect(documentOf(sentences[0]!, clock)).toMatchObject({ data: expect.stringMatching(/^Payload serialization failed/) });
  });
});
