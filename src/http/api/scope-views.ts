import { z } from 'zod';
import { METHODS, type Scope } from '../../reservation/plan.ts';
import { isScopeWildcard } from '../../reservation/scopes.ts';
import type { Described } from '../../scopes/book.ts';
import type { Changes } from '../../scopes/changes.ts';
import type { Entry } from '../../scopes/entry.ts';
import { Text, Time } from './words.ts';

export const InProject = z.strictObject({ project: Text.meta({ description: 'Name of a project.', examples: ['default'] }) });

const Said = z.object({
  name: z.string(),
  methods: z.array(z.enum(METHODS)).readonly(),
  endpoints: z
    .array(z.string())
    .readonly()
    .nullable()
    .meta({ description: 'The only paths that its methods are for; null for all.' }),
  description: z.string().nullable(),
});

export const ScopeView = Said.extend({
  origin: z.string().meta({ description: 'file: the configuration; api, import or openapi: described by this API.' }),
  wildcard: z.boolean().meta({ description: 'Stands for the scopes that it covers and lets nothing through by itself.' }),
  overruled: z.boolean().meta({ description: 'Described by API too, which is not in force: the configuration describes it.' }),
  createdAt: Time.nullable(),
  updatedAt: Time.nullable(),
}).meta({ id: 'Scope', description: 'What a key may be granted in a project.' });

/** What is in force, by name, and what it says. */
export function viewsOf(
  configured: Readonly<Record<string, Scope>>,
  described: readonly Described[],
): z.output<typeof ScopeView>[] {
  const names = new Set(described.map(({ name }) => name));
  const own = described
    .filter(({ name }) => !Object.hasOwn(configured, name))
    .map((entry) => ({ ...entry, wildcard: isScopeWildcard(entry.name), overruled: false }));
  const written = Object.entries(configured).map(([name, scope]) => ({
    name,
    methods: scope.methods,
    endpoints: scope.endpoints ?? null,
    description: scope.description ?? null,
    origin: 'file',
    wildcard: false,
    overruled: names.has(name),
    createdAt: null,
    updatedAt: null,
  }));
  return [...own, ...written].toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

export const ChangesView = z
  .object({
    applied: z.boolean().meta({ description: 'False for a dry run, and where nothing had to be changed.' }),
    added: z.array(Said).readonly(),
    changed: z.array(z.object({ before: Said, after: Said })).readonly(),
    removed: z.array(Said).readonly(),
    unchanged: z.int(),
  })
  .meta({ id: 'ScopeChanges' });

export function viewOfChanges(changes: Changes, { dryRun }: { readonly dryRun: boolean }): z.output<typeof ChangesView> {
  const isSome = changes.added.length + changes.changed.length + changes.removed.length > 0;
  return { ...changes, applied: !dryRun && isSome };
}

export const ScopesExported = z
  .object({
    scopes: z.array(Said.omit({ name: true }).extend({ name: z.string() })).readonly(),
  })
  .meta({ id: 'ScopesExport', description: 'As an import takes it.' });

export function exportOf({ name, methods, endpoints, description }: Entry): Entry {
  return { name, methods, endpoints, description };
}
