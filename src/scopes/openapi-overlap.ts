import type { Operation } from './openapi-operations.ts';

/** What a scope's rule lets through, as far as it is needed here. */
export interface Opening {
  readonly name: string;
  readonly methods: ReadonlySet<string>;
  readonly endpoints: ReadonlySet<string>;
  /** Titles of the operations that it is meant for. */
  readonly operations: ReadonlySet<string>;
}

interface Branch {
  readonly openings: Opening[];
  readonly next: Map<string, Branch>;
}

/**
 * By scope, the operations that it opens besides its own: `/pets/*` also matches `/pets/export`, and the methods of a scope are for all of
 * its paths. Whoever grants the scope should know.
 */
export function widerThanMeant(openings: readonly Opening[], operations: readonly Operation[]): Map<string, string[]> {
  const root: Branch = { openings: [], next: new Map() };
  for (const opening of openings) for (const endpoint of opening.endpoints) plant(root, endpoint.split('/'), opening);
  const wider = new Map<string, Set<string>>();
  for (const { method, title, endpoints } of operations)
    for (const opening of endpoints.flatMap((endpoint) => matching(root, endpoint.split('/'))))
      if (opening.methods.has(method) && !opening.operations.has(title)) {
        const opened = wider.get(opening.name) ?? new Set();
        wider.set(opening.name, opened.add(title));
      }
  return new Map([...wider].map(([name, titles]) => [name, [...titles]]));
}

function plant(root: Branch, segments: readonly string[], opening: Opening): void {
  let branch = root;
  for (const segment of segments) {
    const next = branch.next.get(segment) ?? { openings: [], next: new Map() };
    branch.next.set(segment, next);
    branch = next;
  }
  branch.openings.push(opening);
}

/** Whatever matches every path of the operation. A word where the operation has a parameter is the word of an operation of its own. */
function matching(root: Branch, segments: readonly string[]): Opening[] {
  let branches = [root];
  for (const segment of segments)
    branches = branches.flatMap(({ next }) =>
      [...new Set([segment, '*'])].map((word) => next.get(word)).filter((branch) => branch !== undefined),
    );
  return branches.flatMap(({ openings }) => openings);
}
