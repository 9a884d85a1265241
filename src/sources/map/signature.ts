import type { Run } from './run.ts';

/** What a function of an expression takes, and does. */
export interface Callable {
  readonly takes: readonly Takes[];
  /** The arguments fit what it takes. Pays for what it does before it does it. Throws an Error that names no value. */
  call(args: never, run: Run): unknown;
  /** With so many arguments or fewer it takes the zone of the source. */
  readonly zoneUpTo?: number;
}

export interface Takes {
  readonly kinds: readonly Kind[];
  /** It may be left out. */
  readonly optional: boolean;
  /** It may come more than once; only the last. */
  readonly repeated: boolean;
}

const KINDS = {
  any: { is: () => true, words: 'anything' },
  text: { is: (value) => typeof value === 'string', words: 'a text' },
  number: { is: (value) => typeof value === 'number', words: 'a number' },
  object: { is: (value) => typeof value === 'object' && value !== null && !Array.isArray(value), words: 'an object' },
  list: { is: (value) => Array.isArray(value), words: 'a list' },
  texts: { is: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'), words: 'a list of texts' },
  numbers: { is: (value) => Array.isArray(value) && value.every((one) => typeof one === 'number'), words: 'a list of numbers' },
  pairs: { is: (value) => Array.isArray(value) && value.every(isPair), words: 'a list of pairs, each of a text and something' },
  expression: { is: (value) => typeof value === 'function', words: 'an expression, such as &name,' },
} as const satisfies Record<string, { readonly is: (value: unknown) => boolean; readonly words: string }>;

export type Kind = keyof typeof KINDS;

/** `takes('text', 'text|list?', 'any...')`: kinds, and whether it may be left out or come again. */
export function takes(...written: readonly string[]): readonly Takes[] {
  return written.map((text) => ({
    kinds: text.replace(/(\?|\.\.\.)$/, '').split('|') as Kind[],
    optional: text.endsWith('?'),
    repeated: text.endsWith('...'),
  }));
}

export function fits(value: unknown, { kinds }: Takes): boolean {
  for (const kind of kinds) if (KINDS[kind].is(value)) return true;
  return false;
}

export function wordsFor({ kinds }: Takes): string {
  return kinds.map((kind) => KINDS[kind].words).join(' or ');
}

/** What is wrong with so many arguments, if anything is. */
export function wrongCount({ takes: taken }: Callable, given: number): string | undefined {
  const least = taken.filter(({ optional }) => !optional).length;
  const most = taken.at(-1)?.repeated ? Infinity : taken.length;
  if (given >= least && given <= most) return undefined;
  const counts = most === least ? String(least) : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  return `takes ${counts} ${counts === '1' ? 'argument' : 'arguments'}, not ${given}`;
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';
}
