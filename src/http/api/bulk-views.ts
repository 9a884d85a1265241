import { z } from 'zod';
import type { BulkItemRow } from '../../ledger/schema.ts';
import type { BulkAskedItem } from '../../managed/bulk/bulks.ts';
import { VERBS } from './bulk-words.ts';
import { Shown, Time } from './words.ts';

const place = z.int().meta({ description: 'Of the item, from 1.' });
const line = z.int().optional().meta({ description: 'Of its file.' });

const Judged = z.object({
  place,
  line,
  state: z.enum(['ok', 'failed']),
  id: z.string().optional(),
  error: z.string().optional(),
  at: z.string().optional().meta({ description: 'The field, or column, that is wrong.' }),
});

export const BulkPreview = z
  .object({ verb: z.enum(VERBS), total: z.int(), ok: z.int(), failed: z.int(), items: z.array(Judged) })
  .meta({ id: 'BulkPreview', description: 'What would become of each item; nothing was written.' });

export const BulkStarted = z.object({ id: z.string(), total: z.int() }).meta({ id: 'BulkStarted' });

export const BulkView = z
  .object({
    id: z.string(),
    project: z.string(),
    verb: z.enum(VERBS),
    state: z.enum(['running', 'done']),
    total: z.int(),
    done: z.int(),
    failed: z.int(),
    values: z.int().meta({ description: 'Created values that nobody has fetched.' }),
    reason: z.string().nullable(),
    actor: z.string(),
    createdAt: Time,
    doneAt: Time.nullable(),
  })
  .meta({ id: 'BulkProgress' });

export const BulkItemView = z
  .object({
    place,
    line,
    state: z.enum(['waiting', 'done', 'failed']),
    id: z.string().nullable().meta({ description: "The key's." }),
    name: z.string().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'BulkItem' });

const Value = z.object({ place, id: z.string(), name: z.string(), owner: z.string(), value: Shown });
export const VALUE_COLUMNS = ['place', 'id', 'name', 'owner', 'value'];
export const BulkValues = z.union([z.object({ items: z.array(Value) }), z.string()]).meta({ id: 'BulkValues' });

export function previewOf(verb: (typeof VERBS)[number], items: readonly BulkAskedItem[]): z.output<typeof BulkPreview> {
  const judged = items.map((item) => ({
    place: item.place,
    line: item.line,
    state: item.problem ? ('failed' as const) : ('ok' as const),
    // That of a key which is not made is nobody's.
    id: item.work && item.work.verb !== 'create' ? item.work.id : undefined,
    ...item.problem,
  }));
  const failed = judged.filter(({ state }) => state === 'failed').length;
  return { verb, total: judged.length, ok: judged.length - failed, failed, items: judged };
}

export function itemView({ place: at, state, asked, result, error }: BulkItemRow): z.output<typeof BulkItemView> {
  const { id, name } = (result ?? {}) as { id?: string; name?: string };
  const from = asked['line'];
  return { place: at, line: typeof from === 'number' ? from : undefined, state, id: id ?? null, name: name ?? null, error };
}
