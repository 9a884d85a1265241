import { isSame, type Entry } from './entry.ts';

/** What applying a list of scopes would do to a catalogue. */
export interface Changes {
  readonly added: readonly Entry[];
  readonly changed: readonly { readonly before: Entry; readonly after: Entry }[];
  readonly removed: readonly Entry[];
  readonly unchanged: number;
}

/** `isOurs` says which of those that there are would go when they are wanted no more. */
export function changesOf(
  have: readonly Entry[],
  { wanted, isOurs }: { readonly wanted: readonly Entry[]; readonly isOurs: (entry: Entry) => boolean },
): Changes {
  const there = new Map(have.map((entry) => [entry.name, entry]));
  const names = new Set(wanted.map(({ name }) => name));
  const changed = wanted.flatMap((after) => {
    const before = there.get(after.name);
    return before && !isSame(before, after) ? [{ before, after }] : [];
  });
  const added = wanted.filter(({ name }) => !there.has(name));
  return {
    added,
    changed,
    removed: have.filter((entry) => isOurs(entry) && !names.has(entry.name)),
    unchanged: wanted.length - added.length - changed.length,
  };
}

export function isNothing({ added, changed, removed }: Changes): boolean {
  return added.length + changed.length + removed.length === 0;
}
