import type { Kysely } from 'kysely';
import type { Asked } from '../../providers/driver.ts';
import { inOne } from '../ledger/in-one.ts';
import { readStories } from '../ledger/leases.ts';
import type { Database, KeyRow, LeaseRow, ReservationRow } from '../ledger/schema.ts';
import { askedOf, askedOfGrant } from '../policy/asked.ts';
import type { Holder, Resource } from '../reservation/event.ts';
import { contactOf } from '../reservation/fold.ts';
import type { Grant, Window } from '../reservation/lease.ts';
import type { Plan } from '../reservation/plan.ts';
import { projectOfLease } from '../reservation/project.ts';
import { withRoster } from '../reservation/roster.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { Source } from '../reservation/source.ts';

/** What a message or a claim page is about, as it stands when it is read. */
export interface Facts {
  readonly lease: LeaseRow;
  readonly reservation: ReservationRow;
  readonly key: KeyRow | undefined;
  readonly holder: Holder;
  readonly resource: Resource;
  readonly window: Window | undefined;
  readonly grant: Grant | undefined;
  /** How long the holder can go on with the key from before a rotation, where one lives. */
  readonly olderUntil: Date | undefined;
}

type Read = Omit<Facts, 'holder'>;

interface About {
  readonly leaseId: string;
  readonly keyId?: string | null;
}

export async function readFacts(db: Kysely<Database>, about: About, policy: Policy): Promise<Facts | undefined> {
  const [read] = await readAll(db, [about]);
  return read && asKnown(read, policy);
}

const readTogether = inOne(readAll);

/** For those who share a transaction. */
export async function readFactsTogether(db: Kysely<Database>, about: About, policy: Policy): Promise<Facts | undefined> {
  const read = await readTogether(db, about);
  return read && asKnown(read, policy);
}

function asKnown(read: Read, policy: Policy): Facts {
  return { ...read, holder: holderOf(read.reservation.state, read.lease.holderId, sourceOf(policy, read)) };
}

/** Who a holder is, as the booking says and else its source's roster does now: also for bookings from before they were in it. */
export function holderOf(reservation: Reservation, id: string, source: Pick<Source, 'roster'> | undefined): Holder {
  const holder = withRoster(contactOf(reservation, id), source?.roster);
  return { ...holder, email: singleAddress(holder.email) };
}

async function readAll(db: Kysely<Database>, asked: readonly About[]): Promise<(Read | undefined)[]> {
  const stories = await readStories(
    db,
    asked.map(({ leaseId }) => leaseId),
  );
  return asked.map(({ leaseId, keyId }) => {
    const story = stories.get(leaseId);
    if (!story) return undefined;
    const { lease, reservation } = story;
    const key = keyId ? story.keys.find(({ id }) => id === keyId) : undefined;
    return {
      lease,
      reservation,
      key,
      resource: resourceOf(lease, reservation),
      window: windowOf(lease, key),
      grant: lease.grant?.grant,
      olderUntil: key && olderUntil(lease, key, story.keys),
    };
  });
}

export function sourceOf(policy: Policy, facts: Pick<Facts, 'reservation'>): Source | undefined {
  return policy.sources[facts.reservation.source];
}

export function planOf(policy: Policy, facts: Facts): Plan | undefined {
  return policy.plans.find((plan) => plan.name === facts.lease.plan);
}

/** Sentences about what nobody enforces of what is asked of a provider's driver. */
export type Unenforced = (provider: string, asked: readonly Asked[]) => readonly string[];

/** Of the key's own grant where there is one, or else of the plan. */
export function unenforcedOf(unenforced: Unenforced, policy: Policy, facts: Facts): readonly string[] {
  const { grant, key, lease, reservation } = facts;
  const scopes = policy.scopesOf(projectOfLease(policy, { source: reservation.source, plan: lease.plan }));
  const plan = planOf(policy, facts);
  if (grant) return unenforced(key?.provider ?? lease.provider, [askedOfGrant(grant, scopes)]);
  return plan ? unenforced(plan.provider, askedOf(plan, scopes)) : [];
}

/** One address and nothing else: a list, a display name or a line break in an event must not reach more people than the holder. */
function singleAddress(email: string | undefined): string | undefined {
  const address = email?.trim() ?? '';
  return address.length <= 254 && /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/.test(address) ? address : undefined;
}

/** A booking that moved keeps its old lease: then only the id of what the lease was for is left. */
function resourceOf(lease: LeaseRow, reservation: ReservationRow): Resource {
  const resource = reservation.state.resource?.value;
  return resource?.id === lease.resourceId ? resource : { id: lease.resourceId, name: lease.resourceId, type: '' };
}

/** The overlap's end, or the older key's own where that comes first. */
function olderUntil({ overlapUntil }: LeaseRow, key: KeyRow, keys: readonly KeyRow[]): Date | undefined {
  const older = keys.findLast((other) => other.generation < key.generation && other.state === 'active');
  if (!older || !overlapUntil) return undefined;
  return overlapUntil < older.closesAt ? overlapUntil : older.closesAt;
}

function windowOf(lease: LeaseRow, key: KeyRow | undefined): Window | undefined {
  if (key) return { opensAt: key.opensAt, closesAt: key.closesAt };
  return lease.opensAt && lease.closesAt ? { opensAt: lease.opensAt, closesAt: lease.closesAt } : undefined;
}
