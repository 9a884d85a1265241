import type { IssueRequest } from '../../providers/driver.ts';
import { askedOfGrant } from '../policy/asked.ts';
import { projectOfLease } from '../reservation/project.ts';
import { contactOf } from '../reservation/fold.ts';
import type { Grant, Window } from '../reservation/lease.ts';
import type { Catalogue } from '../reservation/plan.ts';
import type { Secret } from '../secret/secret.ts';
import type { Turn } from './turn.ts';

/** Unique per lease and generation, and all a driver needs to find the key again: `lk-<lease>-<generation>`. */
export function nameOf(leaseId: string, generation: number): string {
  return `lk-${leaseId.replace(/^lse_/u, '')}-${generation}`;
}

/** Whether a name can be one that a Latchkey gave; others may begin like it. */
export function isNameOfOurs(name: string): boolean {
  return /^lk-[0-9a-f]{32}-[1-9]\d*$/.test(name);
}

export interface Wish {
  /** The key's. */
  readonly id: string;
  readonly name: string;
  readonly secret: Secret;
  readonly window: Window;
  readonly grant: Grant;
  /** What an earlier call kept. */
  readonly kept?: unknown;
}

/** What the driver is asked for; the same wish always makes the same request. */
export function requestFor(
  { lease, reservation }: Pick<Turn, 'lease' | 'reservation'>,
  wish: Wish,
  policy: Catalogue,
): IssueRequest {
  const project = projectOfLease(policy, { source: reservation.source, plan: lease.plan });
  const holder = contactOf(reservation, lease.holderId);
  return {
    name: wish.name,
    keyId: wish.id,
    secret: wish.secret,
    lease: lease.id,
    reservation: { source: reservation.source, id: reservation.externalId },
    resource: reservation.resource?.value ?? { id: lease.resourceId, name: lease.resourceId, type: '' },
    holder: { id: holder.id, name: holder.name ?? holder.id },
    ...askedOfGrant(wish.grant, policy.scopesOf(project)),
    project,
    window: wish.window,
    ...(wish.kept === undefined ? {} : { kept: wish.kept }),
  };
}
