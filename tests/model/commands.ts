import fc from 'fast-check';
import type { Fault } from '../../providers/generic/fake-faults.ts';
import type { EventType } from '../../src/reservation/event.ts';
import { HOLDERS, tell, type Booking, type HolderId, type Model } from './bookings.ts';
import { assertLaws } from './laws.ts';
import type { World } from './world.ts';

type Command = fc.AsyncCommand<Model, World>;

const HOUR_MS = 3_600_000;
const booking = fc.constantFrom(0, 1);
const holder = fc.constantFrom(...HOLDERS);
const hours = fc.constantFrom(0, 0.5, 1, 2, 4, 9).map((count) => count * HOUR_MS);

/** Everything that can happen to a booking and its key, the provider, the process and the clock. */
export const commands: fc.Arbitrary<Command>[] = [
  fc.tuple(booking, fc.constantFrom<EventType>('created', 'started', 'ended')).map(([at, type]) => tells(at, type)),
  booking.map((at) => tells(at, 'started')),
  fc.tuple(booking, fc.constantFrom<EventType>('ended', 'ended', 'cancelled')).map(([at, type]) => tells(at, type)),
  fc.tuple(booking, hours).map(([at, ms]) => revises(at, `extend by ${hoursOf(ms)}`, (record) => (record.endsAt += ms))),
  fc.tuple(booking, hours).map(([at, ms]) => revises(at, `shorten by ${hoursOf(ms)}`, (record) => (record.endsAt -= ms))),
  fc.tuple(booking, hours, hours).map(([at, inMs, lastsMs]) =>
    revises(at, `move to in ${hoursOf(inMs)} for ${hoursOf(lastsMs)}`, (record, now) => {
      record.startsAt = now.getTime() + inMs;
      record.endsAt = record.startsAt + lastsMs;
    }),
  ),
  fc
    .tuple(booking, fc.subarray<HolderId>([...HOLDERS], { minLength: 1 }))
    .map(([at, holders]) => revises(at, `now for ${holders.join(' and ')}`, (record) => (record.holders = holders))),
  fc
    .tuple(booking, fc.constantFrom('nothing', 'less', 'less', 'more'))
    .map(([at, asks]) => revises(at, `asks for ${asks}`, (record) => (record.asks = asks))),
  fc.tuple(booking, fc.nat(20)).map(([at, index]) => repeats(at, index)),
  fc.tuple(booking, holder, fc.constantFrom(0, 0, 60_000, HOUR_MS)).map(([at, who, overlapMs]) =>
    operates(at, who, `rotates with ${hoursOf(overlapMs)} overlap`, async ({ shop }, leaseId) => {
      await shop.operations.rotate(leaseId, { actor: 'eve', overlapMs });
    }),
  ),
  fc.tuple(booking, holder).map(([at, who]) =>
    operates(at, who, 'revokes', async ({ shop, model }, leaseId) => {
      model.revoked.add(`${model.bookings[at]!.id}/${who}`);
      await shop.operations.revoke(leaseId, { actor: 'eve', reason: 'leak' });
    }),
  ),
  fc.tuple(booking, holder, fc.boolean()).map(([at, who, back]) =>
    operates(at, who, back ? 'resumes' : 'suspends', async ({ shop, model }, leaseId) => {
      const name = `${model.bookings[at]!.id}/${who}`;
      if (back) model.suspended.delete(name);
      else model.suspended.add(name);
      await (back
        ? shop.operations.resume(leaseId, { actor: 'eve' })
        : shop.operations.suspend(leaseId, { actor: 'eve', reason: 'a look' }));
    }),
  ),
  fc.tuple(booking, holder).map(([at, who]) =>
    operates(at, who, 'retries', async ({ shop }, leaseId) => {
      await shop.operations.retry(leaseId, { actor: 'eve' });
    }),
  ),
  fc
    .record<Fault>({
      on: fc.constantFrom('issue', 'policy', 'revoke', 'retime', 'any'),
      how: fc.constantFrom('lost-answer', '500', 'refuse', '429-seconds', 'html', '403'),
      times: fc.constantFrom(1, 2, 6, Infinity),
    })
    .map(breaks),
  fc.constant(breaks({ on: 'policy', how: '400' })),
  fc.constant(happens('heal', ({ shop }) => shop.manager.heal())),
  fc
    .constantFrom(1000, 10_000, 61_000, 5 * 60_000, HOUR_MS, 3 * HOUR_MS)
    .map((ms) => happens(`${hoursOf(ms)} go by`, ({ shop }) => shop.clock.forward(ms))),
  fc.constantFrom(1000, HOUR_MS / 2).map((ms) =>
    happens(`the clock steps back ${hoursOf(ms)}`, async (world) => {
      world.shop.clock.forward(-ms);
      await world.settle((await world.shop.leases()).map(({ id }) => id));
    }),
  ),
  fc.integer({ min: 1, max: 14 }).map((points) => happens(`crash at point ${points}`, (world) => world.dieAt(points))),
];

function happens(name: string, act: (world: World) => unknown, check: (model: Model) => boolean = () => true): Command {
  return {
    check,
    toString: () => name,
    async run(_model, world) {
      await act(world);
      await world.sweep();
      await assertLaws(world);
    },
  };
}

function tells(at: number, type: EventType): Command {
  return happens(`${at}: ${type}`, ({ model, ...world }) =>
    hear(world, () => tell(model.bookings[at]!, type, world.shop.clock.now())),
  );
}

function revises(at: number, name: string, change: (record: Booking, now: Date) => unknown): Command {
  return happens(`${at}: ${name}`, ({ model, ...world }) => {
    const now = world.shop.clock.now();
    change(model.bookings[at]!, now);
    return hear(world, () => tell(model.bookings[at]!, 'updated', now));
  });
}

function repeats(at: number, index: number): Command {
  return happens(
    `${at}: tells again ${index}`,
    ({ model, ...world }) => hear(world, () => model.bookings[at]!.told[index % model.bookings[at]!.told.length]!),
    (model) => model.bookings[at]!.told.length > 0,
  );
}

async function hear({ shop, settle }: Pick<World, 'shop' | 'settle'>, event: () => Parameters<World['shop']['hear']>[0]) {
  await settle(await shop.hear(event()));
}

function operates(at: number, who: HolderId, name: string, act: (world: World, leaseId: string) => Promise<void>): Command {
  return happens(
    `${at}: operator ${name} ${who}'s`,
    async (world) => {
      const { leases } = await world.read();
      const lease = leases.find(({ booking: id, holderId }) => id === world.model.bookings[at]!.id && holderId === who);
      await world.work(() => act(world, lease!.id));
    },
    (model) => model.bookings[at]!.leased.has(who),
  );
}

function breaks(fault: Fault): Command {
  return happens(`${fault.how} on ${fault.on}, ${fault.times ?? 1} times`, (world) => {
    world.rejections ||= fault.how === '400';
    world.shop.manager.fail(fault);
  });
}

function hoursOf(ms: number): string {
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS} h` : `${ms / 1000} s`;
}
