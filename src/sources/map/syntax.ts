import { checkCall } from './call-check.ts';
import { KINDS } from './steps.ts';

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
  /** Whether `request.path` is read. */
  readonly readsPath: boolean;
  readonly path?: readonly string[];
  readonly listPath?: readonly string[];
}

const MOST_NODES = 400;
const DEEPEST = 60;
const LET = 'let … in and variables are not allowed: write the expression out';
const WORDS: Readonly<Record<string, string>> = { LetExpression: LET, Binding: LET, Variable: LET };

/** Throws an Error that says what is not allowed. Names of headers become lower case, as they are looked up. */
export function checkSyntax(ast: Node, { hasZone }: { readonly hasZone: boolean }): Syntax {
  const headers = new Set<string>();
  let readsPath = false;
  let nodes = 0;
  const walk = (node: Node, depth: number): void => {
    nodes += 1;
    if (nodes > MOST_NODES || depth > DEEPEST) throw new Error('is too long: split it into fields or value tables');
    checkNode(node, hasZone);
    const header = headerOf(node);
    if (header) return void headers.add((header.name = header.name.toLowerCase()));
    if (isRequest(node, 'path')) readsPath = true;
    if (isRequest(node, 'headers')) throw new Error('reads all headers: name one, as request.headers."x-name"');
    for (const part of partsOf(node)) walk(part, depth + 1);
  };
  walk(ast, 0);
  return { headers: [...headers], readsPath, path: pathOf(ast), listPath: listPathOf(ast) };
}

function checkNode(node: Node, hasZone: boolean): void {
  const { type, name, left, step } = node;
  if (type === 'ExpressionReference')
    throw new Error('& stands before an argument of sort_by(), max_by(), min_by() or map() only');
  if (!KINDS.has(type) && type !== 'KeyValuePair') throw new Error(WORDS[type] ?? `${type} is not allowed`);
  if (type === 'Function') checkCall(node, hasZone);
  if ((type === 'Field' || type === 'KeyValuePair') && name === '__proto__') throw new Error('__proto__ is not allowed');
  if (type === 'Slice' && step === 0) throw new Error('a slice cannot go by steps of 0');
  // JMESPath reads !a.b as (!a).b, which is null whatever a is.
  if (type === 'Subexpression' && isNode(left) && left.type === 'NotExpression') throw new Error('write !(a.b) for !a.b');
}

/** Of a call the arguments that are expressions are known to stand where they may. */
function partsOf(node: Node): Node[] {
  if (node.type === 'Literal') return [];
  if (node.type === 'Function')
    return (node.children as readonly Node[]).map((child) =>
      child.type === 'ExpressionReference' ? (child.child as Node) : child,
    );
  return Object.values(node).flatMap((part) => (Array.isArray(part) ? part.filter(isNode) : isNode(part) ? [part] : []));
}

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && typeof (part as { type?: unknown }).type === 'string';
}

/** `request.headers."x-name"`: the node with the name. */
function headerOf({ type, left, right }: Node): { name: string } | undefined {
  if (type !== 'Subexpression' || !isNode(left) || !isNode(right)) return undefined;
  return isRequest(left, 'headers') && right.type === 'Field' ? (right as unknown as { name: string }) : undefined;
}

function isRequest(node: Node, member: 'headers' | 'path'): boolean {
  const path = pathOf(node);
  return path?.length === 2 && path[0] === 'request' && path[1] === member;
}

function pathOf(node: Node): readonly string[] | undefined {
  if (node.type === 'Field') return [node.name!];
  if (node.type !== 'Subexpression' || !isNode(node.left) || !isNode(node.right)) return undefined;
  const left = pathOf(node.left);
  const right = pathOf(node.right);
  return left && right ? [...left, ...right] : undefined;
}

/** `a.b`, `a.b[]`, `a.b[*]` and `a.b[?c]` pick elements of the list a.b. */
function listPathOf(node: Node): readonly string[] | undefined {
  const { type, left, right } = node;
  if (!isNode(left) || !isNode(right) || right.type !== 'Identity') return pathOf(node);
  if (type === 'FilterProjection') return pathOf(left);
  if (type !== 'Projection') return undefined;
  return left.type === 'Flatten' ? pathOf(left.child as Node) : pathOf(left);
}
