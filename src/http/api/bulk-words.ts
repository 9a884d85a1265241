import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { newId } from '../../ledger/ids.ts';
import type { BulkAskedItem } from '../../managed/bulk/bulks.ts';
import type { Work } from '../../managed/bulk/work.ts';
import { Fault } from '../../reservation/fault.ts';
import { askedOf, changesOf, NewProjectKey, ProjectKeyChanges } from './project-key-words.ts';
import { Reason, Text } from './words.ts';

/** What may be asked of many keys at once. */

export const MOST_ITEMS = 10_000;
export const VERBS = ['create', 'update', 'revoke'] as const satisfies readonly Work['verb'][];

export const Item = z.record(z.string(), z.unknown()).meta({
  description: 'To create: as NewProjectKey. To update: as ProjectKeyChanges, with the id. To revoke: the id.',
});

export const BulkBody = z
  .strictObject({
    verb: z.enum(VERBS).optional().meta({ description: 'Where the query does not say it.' }),
    items: z.array(Item).min(1).max(MOST_ITEMS).optional(),
    lines: z.array(z.int()).optional().meta({ description: 'The line of its file that each item came from.' }),
    group: z
      .strictObject({
        owner: Text.optional(),
        environment: Text.optional(),
        metadata: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ examples: [{ group: 'class-7b' }] }),
      })
      .refine((group) => Object.keys(group).length > 0, 'must name something')
      .optional()
      .meta({ description: 'To revoke every key that is like this, instead of items.' }),
    dryRun: z.boolean().optional(),
    reason: Reason.optional(),
  })
  .meta({ id: 'Bulk', description: 'Or a table (text/csv) with a header line, whose columns are the fields of its items.' });

const ById = z.strictObject({ id: Text });

/** Each item read for itself: what cannot be read is its own problem. Others have their turn in between. */
export async function readItems(
  verb: Work['verb'],
  { items, lines = [] }: { items: readonly Record<string, unknown>[]; lines?: readonly number[] },
): Promise<BulkAskedItem[]> {
  const read: BulkAskedItem[] = [];
  for (const [at, item] of items.entries()) {
    if (at % 200 === 199) await turn();
    read.push({ place: at + 1, line: lines[at], ...readItem(verb, item) });
  }
  return read;
}

function readItem(verb: Work['verb'], item: Record<string, unknown>): Pick<BulkAskedItem, 'work' | 'problem'> {
  try {
    if (verb === 'create') return { work: { verb, id: newId('pky'), asked: askedOf(parsed(NewProjectKey, item)) } };
    if (verb === 'revoke') return { work: { verb, id: parsed(ById, item).id } };
    const { id, ...changes } = item;
    return { work: { verb, id: parsed(ById, { id }).id, changes: changesOf(parsed(ProjectKeyChanges, changes)) } };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { problem: { error: error.message, at: error.at } };
  }
}

function parsed<T extends z.ZodType>(schema: T, item: unknown): z.output<T> {
  const result = schema.safeParse(item);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const [at = 'item'] = issue?.code === 'unrecognized_keys' ? issue.keys : (issue?.path.map(String) ?? []);
  const why = issue?.code === 'unrecognized_keys' ? 'is not known here' : (issue?.message ?? 'cannot be read');
  throw new Fault('invalid', `${at.slice(0, 100)}: ${why}`, { at: at.slice(0, 100) });
}
