import { ALLOWED, NEEDS_EXPRESSION, needsZone } from './functions.ts';

/** What an expression may be made of: no user code, no unbounded work, no way to what JavaScript puts behind a document. */

/** A node of the parser's tree. */
export interface Node {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly [part: string]: unknown;
}

export interface Syntax {
  readonly headers: readonly string[];
  readonly path?: readonly string[];
}

const MOST_NODES = 400;
const DEEPEST = 60;
const KINDS = new Set([
  'AndExpression',
  'Arithmetic',
  'Comparator',
  'Current',
  'ExpressionReference',
  'Field',
  'FilterProjection',
  'Flatten',
  'Function',
  'Identity',
  'Index',
  'IndexExpression',
  'KeyValuePair',
  'Literal',
  'MultiSelectHash',
  'MultiSelectList',
  'NotExpression',
  'OrExpression',
  'Pipe',
  'Projection',
  'Root',
  'Slice',
  'Subexpression',
  'Ternary',
  'Unary',
  'ValueProjection',
]);
const WORDS: Readonly<Record<string, string>> = {
  LetExpression: 'let … in is not allowed: write the expression out',
  Binding: 'let … in is not allowed: write the expression out',
  Variable: 'variables are not allowed: write the expression out',
};

/** Throws an Error that says what is not allowed. */
export function checkSyntax(ast: Node, { hasZone }: { readonly hasZone: boolean }): Syntax {
  const headers = new Set<string>();
  let nodes = 0;
  const walk = (node: Node, depth: number): void => {
    nodes += 1;
    if (nodes > MOST_NODES || depth > DEEPEST) throw new Error('is too long: split it into fields or value tables');
    if (!KINDS.has(node.type)) throw new Error(WORDS[node.type] ?? `${node.type} is not allowed`);
    if (node.type === 'Function') checkCall(node, hasZone);
    if ((node.type === 'Field' || node.type === 'KeyValuePair') && node.name === '__proto__')
      throw new Error('__proto__ is not allowed');
    const header = headerOf(node);
    if (header !== undefined) return void headers.add(header.toLowerCase());
    if (isRequestHeaders(node)) throw new Error('name the header: request.headers."x-name"');
    for (const part of partsOf(node)) walk(part, depth + 1);
  };
  walk(ast, 0);
  return { headers: [...headers], path: pathOf(ast) };
}

function checkCall({ name = '', children }: Node, hasZone: boolean): void {
  if (!ALLOWED.has(name)) throw new Error(`${name}() is not a function here; there are ${[...ALLOWED].sort().join(', ')}`);
  const given = children as readonly Node[];
  const at = NEEDS_EXPRESSION[name];
  // What a document says must never be taken for an expression.
  if (at !== undefined && given[at]?.type !== 'ExpressionReference')
    throw new Error(`${name}() needs an expression, such as &name, as its argument ${at + 1}`);
  if (!hasZone && needsZone(name, given.length))
    throw new Error(`${name}() needs a zone here: add it, or give the source a timezone`);
}

function partsOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([name, part]) => {
    if (node.type === 'Literal' && name === 'value') return [];
    if (Array.isArray(part)) return part.filter(isNode);
    return isNode(part) ? [part] : [];
  });
}

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && typeof (part as { type?: unknown }).type === 'string';
}

/** `request.headers."x-name"`: the name. */
function headerOf({ type, left, right }: Node): string | undefined {
  if (type !== 'Subexpression' || !isNode(left) || !isNode(right)) return undefined;
  return isRequestHeaders(left) && right.type === 'Field' ? right.name : undefined;
}

function isRequestHeaders(node: Node): boolean {
  const path = pathOf(node);
  return path?.length === 2 && path[0] === 'request' && path[1] === 'headers';
}

function pathOf(node: Node): readonly string[] | undefined {
  if (node.type === 'Field') return [node.name!];
  if (node.type !== 'Subexpression' || !isNode(node.left) || !isNode(node.right)) return undefined;
  const left = pathOf(node.left);
  const right = pathOf(node.right);
  return left && right ? [...left, ...right] : undefined;
}
