import { randomFrom, type Random } from './random.ts';

/*
 * What truly happens at a booking system: bookings are made, changed, deleted, and end. All times are simulated milliseconds since the
 * simulation began; nothing is sent here.
 */

export interface World {
  readonly lengthMs: number;
  /** In the order they were made. */
  readonly lives: readonly Life[];
}

export interface Life {
  readonly id: number;
  /** What it was made as, and what each change made of it. */
  readonly versions: readonly Version[];
  readonly deletedAt?: number;
}

export interface Version {
  readonly at: number;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly user: string;
  readonly resource: string;
  /** As the booking page writes them. */
  readonly asks?: Readonly<Record<string, unknown>>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly bookings: number;
  readonly lengthMs: number;
  readonly resources: readonly string[];
  /** The first booking's id; each next one has the next. */
  readonly firstId: number;
}

export const MINUTE = 60_000;
/** Who books later than that has no time to see anything of it. */
const LAST_BOOKING = 0.8;
const SOONEST_CHANGE = 10_000;
const CHANGES = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3];
const ASKS = [undefined, undefined, { scopes: ['read'] }, { scopes: ['read'], quota: 500, rate_limit: '60/hour' }];

/** The same bookings and lives for the same options. */
export function worldOf(options: WorldOptions): World {
  const { seed, bookings, lengthMs } = options;
  const random = randomFrom(seed, 'world');
  const madeAt = Array.from({ length: bookings }, () => Math.floor(random.next() * lengthMs * LAST_BOOKING));
  const lives = madeAt.toSorted((a, b) => a - b).map((at, index) => lifeOf(options.firstId + index, at, { ...options, random }));
  return { lengthMs, lives };
}

type Drawing = WorldOptions & { readonly random: Random };

function lifeOf(id: number, at: number, drawing: Drawing): Life {
  const { random, lengthMs } = drawing;
  const versions = [firstVersion(at, drawing)];
  for (let left = random.pick(CHANGES); left > 0; left -= 1) {
    const before = versions.at(-1)!;
    // Whatever is changed is changed while it can be, a minute before its end at the latest.
    const until = Math.min(before.endsAt - MINUTE, lengthMs);
    const earliest = before.at + SOONEST_CHANGE;
    if (earliest >= until) break;
    // Many change their minds at once.
    const now = random.between(earliest, random.chance(0.4) ? Math.min(until, earliest + MINUTE) : until);
    if (random.chance(0.2)) return { id, versions, deletedAt: now };
    versions.push({ ...changed(before, now, drawing), at: now });
  }
  return { id, versions };
}

function firstVersion(at: number, { random, resources }: Drawing): Version {
  // Some stand before the machine already: booked now.
  const startsAt = random.chance(0.15) ? at - random.between(0, MINUTE) : at + random.between(MINUTE, 60 * MINUTE);
  const endsAt = startsAt + random.between(15, 90) * MINUTE;
  const user = userNumber(random.between(0, 1000));
  return { at, startsAt, endsAt, user, resource: random.pick(resources), asks: random.pick(ASKS) };
}

function changed(before: Version, now: number, { random, resources }: Drawing): Version {
  const { startsAt, endsAt } = before;
  const moves = [
    () => ({ endsAt: endsAt + random.between(5, 60) * MINUTE }),
    () => ({ endsAt: random.between(Math.max(now, startsAt) + MINUTE / 2, endsAt) }),
    () => ({ user: userNumber(random.between(1000, 2000)) }),
    () => ({ resource: random.pick(resources) }),
  ];
  const shift = random.between(5, 60) * MINUTE;
  if (startsAt > now) moves.push(() => ({ startsAt: startsAt + shift, endsAt: endsAt + shift }));
  return { ...before, ...random.pick(moves)() };
}

function userNumber(number: number): string {
  return `user-${number}`;
}

export type Standing = 'unmade' | 'deleted' | 'ahead' | 'running' | 'over';

/** What a booking is at a moment, and how it stands then; without a version while it is not made. */
export function standingAt(life: Life, at: number): { standing: Standing; version?: Version } {
  const version = life.versions.findLast((one) => one.at <= at);
  if (!version) return { standing: 'unmade' };
  if (life.deletedAt !== undefined && life.deletedAt <= at) return { standing: 'deleted', version };
  if (version.endsAt <= at) return { standing: 'over', version };
  return { standing: version.startsAt <= at ? 'running' : 'ahead', version };
}
