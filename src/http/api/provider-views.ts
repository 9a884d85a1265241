import { z } from 'zod';
import { ASKABLE, FAILURES, type Driver } from '../../../providers/driver.ts';
import { ACTIONS } from '../../lease/call.ts';
import type { ProviderState } from '../../lease/watch.ts';
import type { InventoryRow } from '../../ledger/schema.ts';
import { FINDING_KINDS } from '../../reservation/inventory.ts';
import { Enforcement } from './catalogue-views.ts';
import { Time } from './words.ts';

const Names = z.array(z.string()).readonly();
const Rate = z.number().nullable().meta({ description: 'Per second; null: as fast as we can.' });

const Pace = z.object({
  issuePerSecond: Rate,
  revokePerSecond: Rate,
  concurrency: z.number().nullable(),
  operations: z.record(z.string(), Rate).meta({ description: 'Of operations that the provider counts by themselves.' }),
  batch: z.int().nullable().meta({ description: 'The most keys that are made in one call.' }),
});

const Check = z.object({
  at: Time,
  ok: z.boolean(),
  warnings: Names,
  error: z.string().optional().meta({ description: 'Why the provider could not be asked.' }),
});

const LastError = z.object({ at: Time, action: z.enum(ACTIONS), kind: z.enum(FAILURES), message: z.string() });

const Gate = z.object({
  restingUntil: Time.nullable().meta({ description: 'It does not answer, and is given a rest until then.' }),
  quietUntil: Time.nullable().meta({ description: 'It asked to be left alone until then.' }),
  perSecond: z.number().nullable().meta({ description: 'The rate that it was found to bear; null: none is kept to.' }),
});

const Queue = z.object({
  calls: z.int().meta({ description: 'Calls on keys that run.' }),
  callsWaiting: z.int().meta({ description: 'Calls that wait for one of them to end.' }),
  leases: z.int().meta({ description: 'Leases that are settled now.' }),
  leasesWaiting: z.int(),
  keysPutOff: z
    .int()
    .meta({ description: 'On all nodes: keys whose next call has its time, because one failed or had to wait.' }),
});

const LastInventory = z.object({
  takenAt: Time.nullable().meta({ description: 'When the last one that came to its end began.' }),
  listed: z.int().optional(),
  expected: z.int().optional(),
  counts: z.partialRecord(z.enum(FINDING_KINDS), z.int()).optional().meta({ description: 'What it found.' }),
  failed: z.string().nullable().meta({ description: 'Why the last one did not come to its end.' }),
});

export const ProviderView = z
  .object({
    name: z.string(),
    driver: z.string(),
    limits: z
      .partialRecord(z.enum(ASKABLE), Enforcement)
      .meta({ description: 'Who keeps each promise; one that is not named is kept by nobody.' }),
    pace: Pace,
    powers: Names.meta({ description: 'What its driver can do besides issue and revoke.' }),
    check: Check.optional().meta({ description: 'The last one.' }),
    answeredAt: Time.nullable().meta({ description: 'When a call last succeeded.' }),
    lastError: LastError.nullable(),
    gate: Gate,
    queue: Queue,
    debts: z.int().meta({ description: 'On all nodes: keys that should be dead and are not known to be.' }),
    inventory: LastInventory.nullable(),
  })
  .meta({
    id: 'Provider',
    description:
      'A configured instance of a driver, and how it is: where not all nodes are named, as this one has seen it since it started.',
  });

const POWERS = [
  'issueMany',
  'rotate',
  'reveal',
  'retime',
  'suspend',
  'usage',
  'probe',
  'list',
  'repair',
  'tidy',
] as const satisfies readonly (keyof Driver<unknown>)[];

/** What is known of it without asking: the driver's own word, this node's memory and the ledger's. */
export interface KnownProvider {
  readonly name: string;
  /** Its driver's id. */
  readonly driver: string;
  readonly open: Driver<unknown>;
  readonly state: ProviderState;
  readonly owed: { readonly debts: number; readonly waiting: number } | undefined;
  readonly inventory: InventoryRow | undefined;
}

export function viewOfProvider({ name, driver, open, state, owed, inventory }: KnownProvider): z.output<typeof ProviderView> {
  const { calls, leases, ...seen } = state;
  return {
    name,
    driver,
    limits: open.limits,
    pace: viewOfPace(open),
    powers: POWERS.filter((power) => open[power] !== undefined),
    ...seen,
    queue: {
      calls: calls.running,
      callsWaiting: calls.waiting,
      leases: leases.running,
      leasesWaiting: leases.waiting,
      keysPutOff: owed?.waiting ?? 0,
    },
    debts: owed?.debts ?? 0,
    inventory: inventory ? viewOfInventory(inventory) : null,
  };
}

function viewOfPace({ pace }: Driver<unknown>): z.output<typeof Pace> {
  const finite = (rate: number): number | null => (Number.isFinite(rate) ? rate : null);
  return {
    issuePerSecond: finite(pace.issuePerSecond),
    revokePerSecond: finite(pace.revokePerSecond),
    concurrency: finite(pace.concurrency),
    operations: Object.fromEntries(Object.entries(pace.operations ?? {}).map(([name, rate]) => [name, finite(rate)])),
    batch: pace.batch ?? null,
  };
}

function viewOfInventory({ takenAt, report, failed }: InventoryRow): z.output<typeof LastInventory> {
  return {
    takenAt,
    ...(report && { listed: report.listed, expected: report.expected, counts: report.counts }),
    failed: failed?.error ?? null,
  };
}
