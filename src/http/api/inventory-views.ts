import { z } from 'zod';
import type { InventoryRow } from '../../ledger/schema.ts';
import { FINDING_KINDS, REMEDIES } from '../../reservation/inventory.ts';
import type { Provider } from '../../reservation/policy.ts';
import { Time } from './words.ts';

const Instant = z.string().meta({ description: 'An instant (RFC 3339) in UTC.' });

const FindingView = z
  .object({
    kind: z.enum(FINDING_KINDS).meta({
      description:
        'dead: listed, and revoked in our books. missing: not listed, and should work. drifted: otherwise than it should be. stray: unknown to our books.',
    }),
    name: z.string().meta({ description: 'As the provider has it.' }),
    keyId: z.string().nullable(),
    leaseId: z.string().nullable(),
    since: Instant.nullable().meta({ description: 'Since when it is known.' }),
    differs: z.array(z.string()).readonly(),
    remedy: z.enum(REMEDIES).nullable().meta({ description: 'What a fix does about it; null where it does nothing.' }),
    done: z.boolean(),
    note: z.string().nullable().meta({ description: 'Why it was not done, or is not to be.' }),
  })
  .meta({ id: 'Finding' });

const ReportView = z
  .object({
    by: z.string().meta({ description: 'Who asked for it; latchkey for the one that comes every quarter of an hour.' }),
    fix: z.boolean(),
    seconds: z.int(),
    listed: z.int().meta({ description: 'Keys under our names.' }),
    expected: z.int().meta({ description: 'Keys that should work.' }),
    counts: z.record(z.enum(FINDING_KINDS), z.int()),
    done: z.int().meta({ description: 'Remedies that were taken.' }),
    failed: z.int().meta({ description: 'Remedies that were tried and did not succeed.' }),
    suspicious: z.string().nullable().meta({ description: 'Why its findings are not to be trusted.' }),
    findings: z.array(FindingView).readonly().meta({ description: 'The first 500.' }),
  })
  .meta({ id: 'InventoryReport' });

export const InventoryView = z
  .object({
    provider: z.string(),
    lists: z.boolean().meta({ description: 'False: its driver does not list keys, so there is no inventory.' }),
    rules: z.object({ inventory: z.enum(['report', 'fix']), strays: z.enum(['report', 'revoke']) }),
    asked: z
      .object({ by: z.string(), at: Instant, fix: z.boolean(), evenIfMost: z.boolean() })
      .nullable()
      .meta({ description: 'Asked for, and not over.' }),
    running: z
      .object({
        since: Instant,
        by: z.string(),
        fix: z.boolean(),
        phase: z.enum(['listing', 'checking', 'fixing']),
        count: z.int(),
        of: z.int().nullable(),
      })
      .nullable(),
    failed: z.object({ at: Instant, by: z.string(), error: z.string() }).nullable().meta({
      description: 'Why the last one did not come to its end.',
    }),
    takenAt: Time.nullable().meta({ description: 'When the last one that came to its end began.' }),
    report: ReportView.nullable(),
  })
  .meta({ id: 'Inventory', description: 'What a provider has under our names, next to our books.' });

export function viewOfInventory(
  { name, inventory, strays }: Provider,
  row: InventoryRow | undefined,
  { lists }: { readonly lists: boolean },
): z.output<typeof InventoryView> {
  const { asked = null, running = null, failed = null, takenAt = null, report = null } = row ?? {};
  return { provider: name, lists, rules: { inventory, strays }, asked, running, failed, takenAt, report };
}
