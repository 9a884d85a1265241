import type { KeyAnswer, LeaseAnswer } from '../answers.ts';
import type { Clock } from './documents.ts';
import { standingAt, type Life, type Standing, type Version, type World } from './world.ts';

/** Whether a service has in the end what is true. */
export interface Verdict {
  readonly ok: boolean;
  /** How the bookings truly stand that were looked at. */
  readonly byStanding: Readonly<Partial<Record<Standing, number>>>;
  /** Bookings that began or ended about then: they may stand either way. */
  readonly changing: number;
  /** Bookings of which something was kept from the service. */
  readonly unknowable: number;
  readonly mistakes: readonly Mistake[];
}

export interface Mistake {
  readonly booking: number;
  readonly standing: Standing;
  readonly wrong: string;
}

export interface Held {
  readonly leases: readonly Pick<
    LeaseAnswer,
    'id' | 'externalId' | 'holderId' | 'resourceId' | 'state' | 'closesAt' | 'reason'
  >[];
  /** Those that are not revoked. */
  readonly keys: readonly Pick<KeyAnswer, 'leaseId' | 'state' | 'closesAt'>[];
}

export interface Truth {
  readonly world: World;
  readonly clock: Clock;
  /** The simulated moment that the service was read at. */
  readonly at: number;
  /** What changes so shortly before, or after, may stand either way. */
  readonly graceMs: number;
  readonly unknowable: ReadonlySet<number>;
  /** What was wrong when it was last looked at: a booking that is over meanwhile has not been mended by that. */
  readonly before?: readonly Mistake[];
}

/** Every booking's leases and keys, against what it truly is. Pure. */
export function judge({ leases, keys }: Held, truth: Truth): Verdict {
  const ofBooking = Map.groupBy(leases, ({ externalId }) => externalId);
  const ofLease = Map.groupBy(keys, ({ leaseId }) => leaseId);
  const known = truth.world.lives.filter(({ id }) => !truth.unknowable.has(id));
  const looks = known.map((life) => {
    const own = (ofBooking.get(String(life.id)) ?? []).map((lease) => ({ ...lease, keys: ofLease.get(lease.id) ?? [] }));
    return lookAt(life, own, truth);
  });
  const mistakes = looks.flatMap(({ mistake }) => mistake ?? []);
  const steady = looks.filter(({ changing }) => !changing);
  const standings = Map.groupBy(steady, ({ standing }) => standing);
  return {
    ok: mistakes.length === 0,
    byStanding: Object.fromEntries([...standings].map(([standing, own]) => [standing, own.length])),
    changing: looks.length - steady.length,
    unknowable: truth.world.lives.length - known.length,
    mistakes,
  };
}

interface Look {
  readonly standing: Standing;
  readonly changing: boolean;
  readonly mistake?: Mistake;
}

function lookAt(life: Life, leases: readonly HeldLease[], { clock, at, graceMs, before = [] }: Truth): Look {
  const { standing, version } = standingAt(life, at);
  const changing = [at - graceMs, at + graceMs].some((moment) => standingAt(life, moment).standing !== standing);
  const earlier = before.find(({ booking }) => booking === life.id);
  const missed = standing === 'over' && (earlier?.standing === 'ahead' || earlier?.standing === 'running');
  if (earlier && (changing || missed)) return { standing, changing, mistake: earlier };
  const crowded = leases.find(({ keys }) => keys.length > 1);
  const wrong = crowded
    ? `lease ${crowded.id} has ${crowded.keys.length} keys that are not revoked`
    : changing
      ? undefined
      : mistakeOf(leases, { standing, version, clock });
  return { standing, changing, ...(wrong !== undefined && { mistake: { booking: life.id, standing, wrong } }) };
}

type HeldLease = Held['leases'][number] & { readonly keys: Held['keys'] };

interface Wanted {
  readonly standing: Standing;
  readonly version?: Version;
  readonly clock: Clock;
}

function mistakeOf(leases: readonly HeldLease[], { standing, version, clock }: Wanted): string | undefined {
  const mine = leases.filter(({ holderId, resourceId }) => holderId === version?.user && resourceId === version?.resource);
  const others = leases.filter((lease) => !mine.includes(lease));
  const strange = others.find(({ keys }) => keys.length > 0);
  if (strange)
    return `${strange.holderId} on ${strange.resourceId} has a key, which is for ${version?.user} on ${version?.resource}`;
  const [lease] = mine;
  const key = lease?.keys[0];
  if (standing === 'over' || standing === 'deleted')
    return key ? `it is ${standing}, and lease ${lease.id} (${lease.state}) has a key (${key.state})` : undefined;
  if (standing === 'unmade') return undefined;
  if (!lease) return `it is ${standing}, and has no lease for ${version!.user} on ${version!.resource}`;
  const closesAt = clock(version!.endsAt).toISOString();
  if (lease.closesAt !== null && lease.closesAt !== closesAt)
    return `lease ${lease.id} closes at ${lease.closesAt}, wanted ${closesAt}`;
  if (standing === 'running' && lease.state !== 'active')
    return `it is running, and lease ${lease.id} is ${lease.state}${lease.reason ? `: ${lease.reason}` : ''}`;
  return undefined;
}
