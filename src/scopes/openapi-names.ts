import { z } from 'zod';
import { METHODS, type Method } from '../reservation/plan.ts';
import { isThreePart } from '../reservation/scopes.ts';
import { fieldOf, type Json } from './openapi-document.ts';
import type { Operation } from './openapi-operations.ts';

/** How operations are called: `namespace:resource:action`. */

export const STRATEGIES = ['path_resource', 'path_method', 'tag_based', 'operation_id'] as const;

/** What each method does to a resource. */
const ACTIONS: Readonly<Record<Method, string>> = {
  GET: 'read',
  HEAD: 'read',
  OPTIONS: 'read',
  POST: 'write',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'delete',
};

const Action = z.string().regex(/^[a-z0-9_]{1,30}$/, 'must be up to 30 small letters, digits and _');

export const Naming = z.strictObject({
  namespace: z
    .string()
    .regex(/^[a-z0-9]{1,30}$/, 'must be up to 30 small letters and digits')
    .optional()
    .meta({ description: "The first part of every name; without it, the document's title." }),
  includeVersion: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether v1 of /v1/pets is told in the name: shop:v1_pets:read.' }),
  actionMapping: z
    .partialRecord(z.enum(METHODS), Action)
    .default({})
    .meta({ description: 'What methods do, where it is other than read, write and delete.' }),
});

export interface Names {
  readonly strategy: (typeof STRATEGIES)[number];
  readonly namespace: string;
  readonly includeVersion: boolean;
  readonly actionMapping: Partial<Record<Method, string>>;
}

/** A name, and the words of the document that it was made of: other words may make the same. */
export interface Named {
  readonly name: string;
  readonly resource: string;
  readonly from: string;
}

/** The title's letters and digits, or `api`. */
export function namespaceOf(root: Json): string {
  const title = fieldOf(root['info'], 'title');
  return (typeof title === 'string' ? slug(title).replaceAll('_', '').slice(0, 30) : '') || 'api';
}

/** The scopes that an operation belongs to: one, or by tags one for each tag. Or why there is none. */
export function namesOf(operation: Operation, names: Names): readonly Named[] | { readonly why: string } {
  const action = names.actionMapping[operation.method] ?? ACTIONS[operation.method];
  const version = names.includeVersion ? versionOf(operation) : undefined;
  const name = (resource: string, act: string, from: string): Named[] => {
    const whole = [version, slug(resource)].filter(Boolean).join('_');
    const made = `${names.namespace}:${whole}:${act}`;
    return slug(resource) !== '' && isThreePart(made) ? [{ name: made, resource: whole, from }] : [];
  };
  const { operationId, title, tags } = operation;
  const resource = resourceOf(operation);
  switch (names.strategy) {
    case 'path_resource':
      return found(name(resource ?? '', action, resource ?? ''), 'its path names no resource');
    case 'path_method': {
      const words = wordsOf(operation)
        .map((segment) => segment.replaceAll(/[{}]/g, ''))
        .join('_');
      return found(name(words, operation.method.toLowerCase(), title), 'its path names no resource');
    }
    case 'tag_based':
      return found(
        tags.flatMap((tag) => name(tag, action, tag)),
        'it has no tag that a name can be made of',
      );
    case 'operation_id':
      return found(
        name(resource ?? 'root', slug(snake(operationId ?? '')), title),
        'it has no operationId that a name can be made of',
      );
    default:
      return names.strategy satisfies never;
  }
}

function found(named: readonly Named[], why: string): readonly Named[] | { readonly why: string } {
  return named.length > 0 ? named : { why };
}

const VERSION = /^v\d+(?:[._]\d+)*$/i;

/** Of the path, else of the server's base path. */
function versionOf({ segments, baseSegments }: Operation): string | undefined {
  const version = segments.find((segment) => VERSION.test(segment)) ?? baseSegments.find((segment) => VERSION.test(segment));
  return version && slug(version);
}

/** Without what every path begins with. */
function wordsOf({ segments }: Operation): readonly string[] {
  const begins = segments.findIndex((segment) => segment.toLowerCase() !== 'api' && !VERSION.test(segment));
  return begins === -1 ? [] : segments.slice(begins).filter((segment) => segment !== '');
}

/** The first word of the path that is no parameter. */
function resourceOf(operation: Operation): string | undefined {
  return wordsOf(operation).find((segment) => !segment.includes('{') && slug(segment) !== '');
}

/** Small letters, digits and `_`, accents dropped. */
function slug(text: string): string {
  return text
    .slice(0, 300)
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
}

/** `listPets` as `list_Pets`. */
function snake(text: string): string {
  return text.slice(0, 300).replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2');
}
