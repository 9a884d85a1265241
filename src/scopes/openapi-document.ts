import { parseDocument, LineCounter } from 'yaml';
import { Fault } from '../reservation/fault.ts';
import { clip } from '../reservation/text.ts';

/** An OpenAPI document as a value: read with bounds, since it was written by others. */

export type Json = Readonly<Record<string, unknown>>;

/** Characters. YAML is read much slower than JSON. */
export const LARGEST_JSON = 2_000_000;
export const LARGEST_YAML = 1_000_000;
const MOST_ALIASES = 100;
const DEEPEST_REFERENCE = 10;

/** Throws Fault('invalid') for what is no OpenAPI 3.0, 3.1 or Swagger 2.0 document, with the place. */
export function readOpenApi(given: string | Json): Json {
  const root = typeof given === 'string' ? parse(given) : given;
  if (!isRecord(root)) throw wrong('the document is not an object', 'document');
  const { openapi, swagger } = root;
  const isKnown = (typeof openapi === 'string' && /^3\.[01](\.|$)/.test(openapi)) || swagger === '2.0';
  if (!isKnown) throw wrong('the document does not say openapi: 3.0.x or 3.1.x, nor swagger: "2.0"', 'document.openapi');
  if (!isRecord(root['paths'])) throw wrong('the document has no paths', 'document.paths');
  return root;
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own fields only, so that a path or tag named `constructor` finds nothing. */
export function fieldOf(record: unknown, name: string): unknown {
  return isRecord(record) && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** What a `$ref` leads to within the document, or why it leads nowhere. Nothing outside of the document is ever read. */
export function resolve(root: Json, value: unknown): { readonly value: unknown } | { readonly why: string } {
  let current = value;
  for (let depth = 0; ; depth++) {
    const ref = fieldOf(current, '$ref');
    if (ref === undefined) return { value: current };
    if (typeof ref !== 'string' || !ref.startsWith('#/')) return { why: 'its $ref leads out of the document' };
    if (depth === DEEPEST_REFERENCE) return { why: 'its $ref leads on and on' };
    current = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, token) => fieldOf(at, token.replaceAll('~1', '/').replaceAll('~0', '~')), root);
    if (current === undefined) return { why: `its $ref ${clip(ref, 100)} leads nowhere` };
  }
}

export function wrong(message: string, at: string): Fault {
  return new Fault('invalid', message, { at });
}

function parse(text: string): unknown {
  const isJson = /^\s*[{[]/.test(text);
  if (text.length > (isJson ? LARGEST_JSON : LARGEST_YAML))
    throw wrong(`the document is too large: at most ${LARGEST_JSON} characters of JSON, ${LARGEST_YAML} of YAML`, 'document');
  try {
    return isJson ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    if (error instanceof Fault) throw error;
    // A parser's own message may quote much of what it was given; a stack that ran out says nothing.
    throw wrong(`the document cannot be read: ${clip(error instanceof Error ? error.message : 'unknown', 200)}`, 'document');
  }
}

function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw wrong(clip(error.message, 200), `document line ${lines.linePos(error.pos[0]).line}`);
  return document.toJS({ maxAliasCount: MOST_ALIASES });
}
