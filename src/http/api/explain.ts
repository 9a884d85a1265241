import { z } from 'zod';
import { lookAt } from '../../lease/look.ts';
import { isDebt } from '../../ledger/debts.ts';
import { listEvents } from '../../ledger/events.ts';
import { readStory } from '../../ledger/leases.ts';
import { auditOf } from '../../ledger/lists/audit.ts';
import { claimsOf } from '../../ledger/lists/claims.ts';
import { deliveriesFor } from '../../ledger/lists/deliveries.ts';
import { keysOf } from '../../ledger/lists/keys.ts';
import { leasesOf, type ListedLease } from '../../ledger/lists/leases.ts';
import { findBooking } from '../../ledger/reservations.ts';
import { Fault } from '../../reservation/fault.ts';
import { viewOfDebt } from './debts.ts';
import { viewOfDelivery } from './deliveries.ts';
import type { ApiDeps } from './deps.ts';
import { viewOfEvent } from './event-views.ts';
import { Explanation, viewOfClaim, viewOfDecision } from './explain-views.ts';
import { viewOfKey } from './key-views.ts';
import { viewOfLease } from './lease-views.ts';
import { nextFor, nextWithoutLease } from './next.ts';
import { viewOfReservation } from './reservation-views.ts';
import { route, type ApiRoute } from './route.ts';
import { Text } from './words.ts';

type Deps = Pick<ApiDeps, 'ledger' | 'policy' | 'providers' | 'now'>;

/** A story longer than this is not read to the end by anybody; the newest part is kept. */
const MOST_EVENTS = 500;
const MOST_AUDIT = 1000;

export function explainApi(deps: Deps): ApiRoute[] {
  return [
    route({
      id: 'explain',
      method: 'get',
      path: '/explain',
      permission: 'read',
      reach: 'own',
      summary: 'The whole story of one booking: what was seen, decided, called and told, and what happens next',
      query: z.strictObject({
        source: Text,
        booking: Text.meta({ description: "The source's own id of the booking." }),
      }),
      responses: { 200: Explanation },
      faults: ['not_found'],
      handle: async ({ query: { source, booking } }, caller) => {
        // A source that is not configured any more is of no project.
        const project = deps.policy().projectOf(source);
        if (caller.project !== null && project !== caller.project) throw unheardOf(source, booking);
        return { status: 200, body: await explain(deps, source, booking) };
      },
    }),
  ];
}

async function explain(deps: Deps, source: string, externalId: string): Promise<z.output<typeof Explanation>> {
  const { db } = deps.ledger;
  const row = await findBooking(db, { source, externalId });
  if (!row) throw await withoutBooking(deps, source, externalId);
  const reservation = viewOfReservation(row);
  // By the booking and not by the reservation, so that what was ignored or not understood is there too.
  const events = await listEvents(db, { source, externalId, limit: MOST_EVENTS });
  const leases = await explainLeases(deps, await leasesOf(db, row.id));
  const subjects = [
    row.id,
    ...events.map((event) => event.id),
    ...leases.flatMap((lease) => [lease.id, ...[...lease.keys, ...lease.deliveries].map(({ id }) => id)]),
  ];
  return {
    reservation,
    events: events.map(viewOfEvent).reverse(),
    leases,
    audit: await auditOf(db, subjects, MOST_AUDIT),
    next: leases.length === 0 ? nextWithoutLease(reservation) : leases.map((lease) => lease.next).join(' '),
  };
}

/** Of a booking that is only asked for, or could not be understood, something was heard all the same. */
async function withoutBooking({ ledger }: Deps, source: string, booking: string): Promise<Fault> {
  const [last] = await listEvents(ledger.db, { source, externalId: booking, limit: 1 });
  if (!last) return unheardOf(source, booking);
  return new Fault(
    'not_found',
    `there is no booking ${booking} of source ${source}: its last event was ${last.outcome}, ${last.reason}`,
  );
}

function unheardOf(source: string, booking: string): Fault {
  return new Fault('not_found', `source ${source} has sent nothing about a booking ${booking}`);
}

async function explainLeases(deps: Deps, leases: readonly ListedLease[]) {
  const { db } = deps.ledger;
  const ids = leases.map((lease) => lease.id);
  const [allKeys, allClaims, allDeliveries] = await Promise.all([keysOf(db, ids), claimsOf(db, ids), deliveriesFor(db, ids)]);
  const now = deps.now();
  return await Promise.all(
    leases.map(async (lease) => {
      const own = (part: { leaseId: string | null }): boolean => part.leaseId === lease.id;
      const [keys, claims, deliveries] = [allKeys.filter(own), allClaims.filter(own), allDeliveries.filter(own)];
      const { decision } = lookAt(deps, (await readStory(db, lease.id))!);
      const owed = keys.filter((key) => isDebt(key, now));
      return {
        ...viewOfLease(lease),
        keys: keys.map(viewOfKey),
        claims: claims.map(viewOfClaim),
        deliveries: deliveries.map(viewOfDelivery),
        debts: owed.map((key) => viewOfDebt({ ...lease, ...key }, now)),
        decision: viewOfDecision(decision),
        next: nextFor({ lease, keys, claims, decision }),
      };
    }),
  );
}
