import type { KeyAnswer, LeaseAnswer } from '../answers.ts';
import type { Clock } from './documents.ts';
import { standingAt, type Life, type Standing, type World } from './world.ts';

/** Whether a service has in the end what is true. */
export interface Verdict {
  readonly ok: boolean;
  /** How the bookings truly stand. */
  readonly byStanding: Readonly<Partial<Record<Standing, number>>>;
  /** Bookings of which something was kept from the service. */
  readonly unknowable: number;
  /** One line each. */
  readonly mistakes: readonly string[];
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
}

/** Every booking's leases and keys, against what it truly is. Pure. */
export function judge({ leases, keys }: Held, truth: Truth): Verdict {
  const { world, at, unknowable } = truth;
  const ofBooking = Map.groupBy(leases, ({ externalId }) => externalId);
  const ofLease = Map.groupBy(keys, ({ leaseId }) => leaseId);
  const known = world.lives.filter(({ id }) => !unknowable.has(id));
  const mistakes = known.flatMap((life) => {
    const own = (ofBooking.get(String(life.id)) ?? []).map((lease) => ({ ...lease, keys: ofLease.get(lease.id) ?? [] }));
    const wrong = mistakeOf(life, own, truth);
    return wrong === undefined ? [] : [`booking ${life.id}: ${wrong}`];
  });
  const standings = Map.groupBy(known, (life) => standingAt(life, at).standing);
  return {
    ok: mistakes.length === 0,
    byStanding: Object.fromEntries([...standings].map(([standing, own]) => [standing, own.length])),
    unknowable: world.lives.length - known.length,
    mistakes,
  };
}

type HeldLease = Held['leases'][number] & { readonly keys: Held['keys'] };

function mistakeOf(life: Life, leases: readonly HeldLease[], { clock, at, graceMs }: Truth): string | undefined {
  const crowded = leases.find(({ keys }) => keys.length > 1);
  if (crowded) return `lease ${crowded.id} has ${crowded.keys.length} keys that are not revoked`;
  const { standing, version } = standingAt(life, at);
  // It just changes from one to the other.
  if (standing !== standingAt(life, at - graceMs).standing || standing !== standingAt(life, at + graceMs).standing)
    return undefined;
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
