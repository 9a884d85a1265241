import { z } from 'zod';
import type { Method } from '../reservation/plan.ts';
import { METHODS } from '../reservation/plan.ts';
import { isPathPattern } from '../reservation/patterns.ts';
import { clip } from '../reservation/text.ts';
import { MOST_ENDPOINTS, type Entry } from './entry.ts';
import { readOpenApi, wrong, type Json } from './openapi-document.ts';
import { namespaceOf, namesOf, Naming, STRATEGIES, type Named, type Names } from './openapi-names.ts';
import { operationsOf, type LeftOut, type Operation } from './openapi-operations.ts';
import { widerThanMeant } from './openapi-overlap.ts';

/** How scopes are made of an OpenAPI document. */
export const FromOpenApi = z.strictObject({
  strategy: z.enum(STRATEGIES).default('path_resource').meta({
    description:
      'path_resource: the first word of the path. path_method: one scope for each path and method. tag_based: by tag. operation_id: one for each operationId.',
  }),
  naming: Naming.prefault({}),
  generateWildcards: z.boolean().default(false).meta({ description: 'Also list shop:* and shop:pets:* in the catalogue.' }),
  ignoreUnknownResources: z.boolean().default(false).meta({
    description: 'Leave out operations that no scope can be made for. Without it nothing is made where there are such.',
  }),
  basePath: z
    .string()
    .max(200)
    .refine((path) => path === '/' || isPathPattern(path), 'must be a path such as /api/v1')
    .optional()
    .meta({ description: 'Where the gateway has the API, where that is not what the servers of the document say.' }),
});
export type FromOpenApi = z.output<typeof FromOpenApi>;

export interface Generated {
  readonly namespace: string;
  /** By name. */
  readonly scopes: readonly Entry[];
  readonly leftOut: readonly LeftOut[];
  /** Different words of the document that make the same name. */
  readonly collisions: readonly { readonly name: string; readonly from: readonly string[] }[];
  /** Operations that a scope opens besides those that it is named for. */
  readonly wider: readonly { readonly name: string; readonly opens: readonly string[] }[];
}

interface Making {
  readonly name: string;
  readonly methods: Set<Method>;
  readonly endpoints: Set<string>;
  readonly operations: Set<string>;
  readonly from: Set<string>;
  summary?: string;
}

/** The scopes of a document. Pure: the same document makes the same scopes. Throws Fault('invalid') for what cannot be read or is too much. */
export function scopesFromOpenApi(given: string | Json, how: FromOpenApi): Generated {
  const root = readOpenApi(given);
  const { operations, leftOut } = operationsOf(root, how);
  const { actionMapping, includeVersion, namespace = namespaceOf(root) } = how.naming;
  const names: Names = { strategy: how.strategy, namespace, includeVersion, actionMapping };
  const made = new Map<string, Making>();
  const resources = new Set<string>();
  const unnamed: LeftOut[] = [];
  for (const operation of operations) {
    const found = namesOf(operation, names);
    if ('why' in found) unnamed.push({ operation: operation.title, why: found.why });
    else for (const named of found) addTo(made, operation, named);
    if (!('why' in found)) for (const { resource } of found) resources.add(resource);
  }
  const makings = [...made.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const wider = widerThanMeant(makings, operations);
  return {
    namespace,
    scopes: [...(how.generateWildcards ? wildcardsOf(namespace, resources) : []), ...makings.map(entryOf)],
    leftOut: [...leftOut, ...unnamed],
    collisions: makings.flatMap(({ name, from }) => (from.size > 1 ? [{ name, from: [...from] }] : [])),
    wider: [...wider].map(([name, opens]) => ({ name, opens })),
  };
}

function addTo(made: Map<string, Making>, operation: Operation, { name, from }: Named): void {
  const making: Making = made.get(name) ?? {
    name,
    methods: new Set(),
    endpoints: new Set(),
    operations: new Set(),
    from: new Set(),
    ...(operation.summary !== undefined && { summary: operation.summary }),
  };
  made.set(name, making);
  making.methods.add(operation.method);
  for (const endpoint of operation.endpoints) making.endpoints.add(endpoint);
  making.operations.add(operation.title);
  making.from.add(clip(from, 200));
  if (making.endpoints.size > MOST_ENDPOINTS)
    throw wrong(
      `scope ${name} would be for more than ${MOST_ENDPOINTS} paths: choose a strategy that makes more scopes`,
      'strategy',
    );
}

function entryOf({ name, methods, endpoints, operations, summary }: Making): Entry {
  const [only, ...others] = operations;
  const text = others.length === 0 && summary ? summary : [only, ...others].join(', ');
  return {
    name,
    methods: METHODS.filter((method) => methods.has(method)),
    endpoints: [...endpoints].toSorted(),
    description: clip(text, 200) || null,
  };
}

function wildcardsOf(namespace: string, resources: ReadonlySet<string>): Entry[] {
  const wildcard = (name: string, description: string): Entry => ({ name, methods: [], endpoints: null, description });
  return [
    wildcard(`${namespace}:*`, `Everything of ${namespace}.`),
    ...[...resources].toSorted().map((resource) => wildcard(`${namespace}:${resource}:*`, `Everything on ${resource}.`)),
  ];
}
