import { MOST_SCOPES, ScopeBody, ScopeNameText, wrongWith, type Entry } from './entry.ts';

/** One mistake in a list of scopes, and its place. */
export interface Mistake {
  /** `scopes[3].methods[0]`, `scopes.pets:read.endpoints`. */
  readonly at: string;
  readonly message: string;
}

/** A list of scopes as somebody wrote it, each with its name, or a map by name. Every mistake at once, or all of them. */
export function readScopes(given: unknown): { readonly entries: readonly Entry[] } | { readonly mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  const entries = new Map<string, Entry>();
  const items = itemsOf(given);
  if (!items) return { mistakes: [{ at: 'scopes', message: 'must be a list of scopes, or a map of them by name' }] };
  if (items.length > MOST_SCOPES) return { mistakes: [{ at: 'scopes', message: `holds more than ${MOST_SCOPES} scopes` }] };
  for (const { at, name, body } of items) {
    const entry = readEntry({ at, name, body }, (mistake) => void mistakes.push(mistake));
    if (entry && entries.has(entry.name)) mistakes.push({ at, message: `the scope ${entry.name} is there twice` });
    if (entry) entries.set(entry.name, entry);
  }
  return mistakes.length > 0 ? { mistakes } : { entries: [...entries.values()] };
}

interface Item {
  readonly at: string;
  readonly name: unknown;
  readonly body: unknown;
}

function itemsOf(given: unknown): Item[] | undefined {
  if (Array.isArray(given))
    return given.map((item: unknown, index) => {
      const at = `scopes[${index}]`;
      if (typeof item !== 'object' || item === null) return { at, name: undefined, body: item };
      const { name, ...body } = item as Record<string, unknown>;
      return { at, name, body };
    });
  if (typeof given !== 'object' || given === null) return undefined;
  return Object.entries(given).map(([name, body]) => ({ at: `scopes.${name.slice(0, 100)}`, name, body: body as unknown }));
}

function readEntry({ at, name, body }: Item, tell: (mistake: Mistake) => void): Entry | undefined {
  const named = ScopeNameText.safeParse(name);
  if (!named.success) tell({ at: `${at}.name`, message: named.error.issues[0]!.message });
  const read = ScopeBody.safeParse(body);
  for (const issue of read.error?.issues ?? []) {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 100)}`)).join('');
    tell({ at: at + place, message: issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message });
  }
  if (!named.success || !read.success) return undefined;
  const entry = { name: named.data, ...read.data };
  const wrong = wrongWith(entry);
  if (wrong !== undefined) tell({ at, message: wrong });
  return entry;
}
