import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import type { Finding, Locate, Path, Position } from './problems.ts';

/** A YAML file whose values know their lines. */
export interface ConfigDocument {
  readonly locate: Locate;
  readonly errors: readonly { readonly position: Position; readonly message: string }[];
  /** Replaces every text by what `replace` makes of it, before `value` is read. */
  rewrite(
    replace: (text: string, complain: (finding: Omit<Finding, 'path'>) => void) => string,
    report: (finding: Finding) => void,
  ): void;
  /** The plain value; throws on an alias that leads nowhere or to too much. */
  value(): unknown;
}

export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return {
    locate: (path) => locate(document, path, place),
    errors: document.errors.map((error) => ({ position: place(error.pos[0]), message: error.message })),
    rewrite: (replace, report) => {
      visit(document, {
        Scalar(key, node, ancestors) {
          if (key === 'key' || typeof node.value !== 'string') return;
          const path = pathTo([...ancestors, node]);
          node.value = replace(node.value, (finding) => report({ ...finding, path }));
        },
      });
    },
    value: () => document.toJS({ maxAliasCount: 100 }) as unknown,
  };
}

/** The name of an entry, the beginning of an item; what contains it where it is missing. */
function locate(document: Document, path: Path, place: (offset: number) => Position): Position | undefined {
  let node: unknown = document.contents;
  let found = offsetOf(node);
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (!pair) break;
      node = pair.value;
      found = offsetOf(pair.key) ?? found;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      found = offsetOf(node) ?? found;
    } else break;
  }
  return found === undefined || path.length === 0 ? undefined : place(found);
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function pathTo(nodes: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(next));
    if (isMap(node)) path.push(String((next as { key?: { value?: unknown } } | undefined)?.key?.value));
  }
  return path;
}
