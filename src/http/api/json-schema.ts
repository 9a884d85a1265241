import { z } from 'zod';
import type { JsonSchema } from './document.ts';

/** Turns zod's schemas into those of the document; the named ones (`meta({ id })`) are gathered and referred to. */
export interface Gatherer {
  /** As it travels: what a caller sends, what we answer. */
  schemaOf(schema: z.ZodType): JsonSchema;
  /** The named schemas met so far, by name. */
  readonly named: () => Readonly<Record<string, JsonSchema>>;
}

const LARGEST_SAFE = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

export function createGatherer(): Gatherer {
  const named = new Map<string, JsonSchema>();
  return {
    schemaOf(schema) {
      // Our codecs' input side is the wire, in both directions.
      const made = z.toJSONSchema(schema, { io: 'input', override: ({ jsonSchema }) => tidy(jsonSchema) });
      const { $schema: _dialect, $defs = {}, ...own } = inComponents(made);
      for (const [name, definition] of Object.entries($defs)) named.set(name, definition);
      return own;
    },
    named: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What every reader takes for granted says nothing. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format === 'date-time') delete schema.pattern;
  if (LARGEST_SAFE.has(Number(schema.maximum))) delete schema.maximum;
  if (LARGEST_SAFE.has(Number(schema.minimum))) delete schema.minimum;
}

function inComponents(made: unknown): JsonSchema & { $schema?: string; $defs?: Record<string, JsonSchema> } {
  return JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
