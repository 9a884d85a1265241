import { isPathPattern } from '../reservation/patterns.ts';
import { METHODS, type Method } from '../reservation/plan.ts';
import { clip } from '../reservation/text.ts';
import { basesOf } from './openapi-servers.ts';
import { fieldOf, isRecord, resolve, wrong, type Json } from './openapi-document.ts';

export interface Operation {
  readonly method: Method;
  /** `GET /pets/{id}`, as the document has it. */
  readonly title: string;
  /** The segments of the path as the document has it. */
  readonly segments: readonly string[];
  /** Those of the server's base path. */
  readonly baseSegments: readonly string[];
  /** Patterns of the paths under which the servers have it. */
  readonly endpoints: readonly string[];
  readonly tags: readonly string[];
  readonly operationId?: string;
  readonly summary?: string;
}

/** An operation that gets no scope, and why. */
export interface LeftOut {
  readonly operation: string;
  readonly why: string;
}

export interface Operations {
  readonly operations: readonly Operation[];
  readonly leftOut: readonly LeftOut[];
}

const MOST_OPERATIONS = 5000;
const LONGEST_PATH = 400;
/** OpenAPI 3.1, 4.8.9: the fields of a path that are operations. */
const VERBS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

/** Every operation of a document, in its order. `basePath` takes the place of what its servers say. Throws Fault('invalid') for too many. */
export function operationsOf(root: Json, { basePath }: { readonly basePath?: string } = {}): Operations {
  const operations: Operation[] = [];
  const leftOut: LeftOut[] = [];
  const leave = (operation: string, why: string) => void leftOut.push({ operation: clip(operation, 200), why });
  for (const [template, written] of Object.entries(root['paths'] as Json)) {
    if (template.startsWith('x-')) continue;
    const item = resolve(root, written);
    if ('why' in item || !isRecord(item.value)) {
      leave(template, 'why' in item ? item.why : 'it is not an object');
      continue;
    }
    for (const verb of VERBS) {
      const operation = fieldOf(item.value, verb);
      if (!isRecord(operation)) continue;
      const title = `${verb.toUpperCase()} ${template}`;
      const read = readOperation(verb, { template, title, operation, bases: basePath ?? basesOf(root, item.value, operation) });
      if ('why' in read) leave(title, read.why);
      else operations.push(read);
      if (operations.length + leftOut.length > MOST_OPERATIONS)
        throw wrong(`the document has more than ${MOST_OPERATIONS} operations`, 'document.paths');
    }
  }
  return { operations, leftOut };
}

interface Written {
  readonly template: string;
  readonly title: string;
  readonly operation: Json;
  readonly bases: string | readonly string[];
}

function readOperation(verb: string, { template, title, operation, bases }: Written): Operation | { readonly why: string } {
  const method = METHODS.find((each) => each === verb.toUpperCase());
  if (!method) return { why: 'no key can be for this method' };
  if (template.length > LONGEST_PATH) return { why: `its path is longer than ${LONGEST_PATH} characters` };
  const prefixes = [bases].flat().map((base) => base.replace(/\/+$/, ''));
  const endpoints = [...new Set(prefixes.map((base) => base + patternOf(template)))];
  if (endpoints.length === 0) return { why: 'the address of its server cannot be read' };
  if (!endpoints.every(isPathPattern)) return { why: 'its path cannot be written as a pattern' };
  const { operationId, summary } = operation;
  return {
    method,
    title: clip(title, 200),
    segments: template.split('/').slice(1),
    baseSegments: prefixes[0]!.split('/').slice(1),
    endpoints,
    tags: [operation['tags']].flat().filter((tag) => typeof tag === 'string'),
    ...(typeof operationId === 'string' && operationId !== '' && { operationId }),
    ...(typeof summary === 'string' && { summary }),
  };
}

/** `/pets/{id}` as `/pets/*`. A segment that holds more than its parameter, such as `{name}.json`, is any segment too. */
function patternOf(template: string): string {
  return template
    .split('/')
    .map((segment) => (/\{[^{}]*\}/.test(segment) ? '*' : segment))
    .join('/');
}
