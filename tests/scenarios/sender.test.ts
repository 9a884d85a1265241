import { afterAll, afterEach, expect, test } from 'vitest';
import { FAULT_NAMES, type Fault } from '../../src/cli/simulate/faults.ts';
import type { Send } from '../../src/cli/simulate/sends.ts';
import { MINUTE, type Life, type Version } from '../../src/cli/simulate/world.ts';
import { describeEngines } from '../engines.ts';
import { openSenderHouse, type Played, type Playing, type SenderHouse } from '../sender-house.ts';

/*
 * The habits of the booking system that the first preset is for, one by one and all together. At every moment, whoever has a booking that
 * runs as far as was told has one whole key until its end, and nobody else has any; in the end the books are as the truth is.
 */

interface Habit {
  readonly habit: string;
  readonly faults: readonly Fault[];
  readonly loses?: Playing['loses'];
  /** That it was so: how often. */
  readonly seen: (played: Played) => number;
}

/** Small, and has every habit. */
const WORLD = { seed: 4367, bookings: 6, lengthMs: 50 * MINUTE, resources: ['lab-1', '2'] };

const ofType = (sends: readonly Send[], type: string) => sends.filter(({ says }) => says.type === type);
const versionOf = ({ says }: Send): Version => ('version' in says ? says.version : undefined)!;
const running = (life: Life, at: number) => at > life.versions.at(-1)!.startsAt;
const started = ({ sends }: Played) =>
  new Set(ofType(sends, 'EVENT_START').map(({ says }) => ('life' in says ? says.life : undefined)));
const retried = ({ sent }: Played) => sent.filter(({ send }) => send.why === 'retry').length;
const changes = ({ world }: Played, differ: (before: Version, after: Version) => boolean) =>
  world.lives.flatMap(({ versions }) => versions.slice(1).filter((after, index) => differ(versions[index]!, after))).length;

const HABITS: readonly Habit[] = [
  {
    habit: 'U1: a start comes up to five minutes before the booking starts',
    faults: ['early-start'],
    seen: ({ sends }) => ofType(sends, 'EVENT_START').filter((send) => send.at < versionOf(send).startsAt).length,
  },
  {
    habit: 'U2: what is booked for now never gets a start',
    faults: ['early-start', 'no-late-start'],
    seen: (played) => played.world.lives.filter((life) => !started(played).has(life) && life.deletedAt === undefined).length,
  },
  {
    habit: 'U3: an end that was not looked for in time is never sent',
    faults: ['lost-end'],
    seen: ({ lost }) => lost.length,
  },
  {
    habit: 'U4: the poller marks as notified what nobody received',
    faults: ['no-retry'],
    loses: ({ from }) => (from === 'poller' ? 'request' : undefined),
    seen: ({ sent }) => sent.filter(({ send, reply }) => send.from === 'poller' && reply.status === 0).length,
  },
  {
    habit: 'U5: an end is sent again at the next poll',
    faults: ['duplicates'],
    seen: ({ sends }) => ofType(sends, 'EVENT_END').filter((send) => send.at >= versionOf(send).endsAt + MINUTE).length,
  },
  {
    habit: 'U6: a start is sent once for each booking that the machine ever had, within milliseconds',
    faults: ['early-start', 'duplicates'],
    seen: ({ sends }) => ofType(sends, 'EVENT_START').filter(({ why }) => why === 'copy').length,
  },
  {
    habit: 'U7: after one failure the same is sent every minute for ever, twice, with a new time',
    faults: ['retry-storm'],
    loses: ({ says, why }, { lives }) =>
      why === 'event' && says.kind === 'entity' && says.life === lives.at(-1) ? 'answer' : undefined,
    seen: retried,
  },
  {
    habit: 'U8: what is answered too late is sent again',
    faults: [],
    loses: ({ why }) => (why === 'event' ? 'answer' : undefined),
    seen: retried,
  },
  {
    habit: 'U9: another end, another machine and another person come as updates, without a new start',
    faults: ['early-start'],
    seen: (played) =>
      Math.min(
        changes(played, (before, after) => before.endsAt !== after.endsAt),
        changes(played, (before, after) => before.resource !== after.resource),
        changes(played, (before, after) => before.user !== after.user),
      ),
  },
  {
    habit: 'U10: what is deleted is told by its id alone, before it starts and while it runs',
    faults: [],
    seen: ({ world }) => {
      const deleted = world.lives.filter(({ deletedAt }) => deletedAt !== undefined);
      const late = deleted.filter((life) => running(life, life.deletedAt!)).length;
      return Math.min(late, deleted.length - late);
    },
  },
  {
    habit: 'U11: requests overtake each other',
    faults: ['early-start', 'reorder'],
    seen: ({ sends }) => sends.filter(({ stampedAt }, index) => index > 0 && stampedAt < sends[index - 1]!.stampedAt).length,
  },
  {
    habit: 'U12: machines come, go and change, somebody presses the test button, and records are sentences',
    faults: ['noise', 'unreadable'],
    seen: ({ sends, lost }) => Math.min(lost.length, sends.filter(({ why }) => why === 'noise').length),
  },
  {
    habit: 'until June 2025: starts and ends come in lists',
    faults: ['early-start', 'batches'],
    seen: ({ sends }) => sends.filter(({ says }) => says.kind === 'list').length,
  },
];

describeEngines('the habits of the real sender', (engine) => {
  /** Where all went well, the next habit has the same service. */
  let sound: SenderHouse | undefined;
  let house: SenderHouse;
  afterEach(async () => {
    if (house !== sound) await house?.close();
  });
  afterAll(async () => await sound?.close());

  async function perform(playing: Playing): Promise<Played> {
    house = sound ?? (await openSenderHouse(engine));
    sound = undefined;
    const played = await house.perform(playing);
    expect(played.verdict).toMatchObject({ ok: true, mistakes: [] });
    for (const { reply } of played.sent) expect([0, 202]).toContain(reply.status);
    await house.outlive();
    expect(house.manager.keys()).toEqual([]);
    expect(house.errors).toEqual([]);
    sound = house;
    return played;
  }

  test.each(HABITS)('$habit', async ({ faults, loses, seen }) => {
    const played = await perform({ faults, loses, world: WORLD });
    expect(seen(played), 'how often it was so').toBeGreaterThan(0);
  });

  test('all of them together', async () => {
    // Noise that an earlier test made too would be known already.
    await sound?.close();
    sound = undefined;
    const played = await perform({ faults: FAULT_NAMES, world: WORLD });
    expect(new Set(played.sent.map(({ reply }) => reply.outcome))).toEqual(
      new Set(['accepted', 'duplicate', 'ignored', 'quarantined']),
    );
  });
});
