import type { About } from './about.ts';
import { spendOn } from './budget.ts';
import { contentHash } from './meaning.ts';
import { bare } from './run.ts';

/** Names what was sent, without what changes with every sending. Pays for reading it. */
export function contentOf({ document, context, compiled, budget, element }: About): string {
  spendOn(budget, element ? element.item : document);
  return element
    ? contentHash([element.around(), element.item, context.path])
    : contentHash([lasting(document, compiled.volatile), context.path]);
}

/** Likewise, what stands around the elements of a list. */
export function aroundOf({ document, compiled, budget }: About, path: readonly string[] | undefined): string {
  spendOn(budget, document);
  return contentHash(lasting(path ? onlyWith(document, path, []) : document, compiled.volatile));
}

/** The smallest document that holds this element, where it is known how it got there. */
export function smallest({ document, element }: About): unknown {
  const path = element?.forEach.listPath;
  return element && path ? onlyWith(document, path, [element.item]) : document;
}

/** The document with another list at this place. */
function onlyWith(document: unknown, path: readonly string[], list: readonly unknown[]): unknown {
  // What is called by these names is no member of the document.
  if (path[0] === 'request' || path[0] === 'item') return document;
  return path[0] === 'body' ? put(document, path.slice(1), list) : put(document, path, list);
}

function put(around: unknown, [name, ...rest]: readonly string[], list: readonly unknown[]): unknown {
  if (name === undefined) return list;
  const members = around as Record<string, unknown>;
  return bare({ ...members, [name]: put(members[name], rest, list) });
}

function lasting(document: unknown, volatile: ReadonlySet<string>): unknown {
  if (volatile.size === 0 || typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  return bare(Object.fromEntries(Object.entries(document).filter(([name]) => !volatile.has(name))));
}
