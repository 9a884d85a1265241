import { FUNCTIONS } from '../../src/sources/map/functions.ts';
import type { Kind } from '../../src/sources/map/signature.ts';
import type { Random } from './random.ts';

/** Expressions that somebody might write who knows the language, its other dialects, or neither: most are right, some are broken. */

const NAMES = ['a', 'list', 'people', 'when', 'text', 'wants', 'id', 'n', 'body', 'item', '@', '"a.b"', 'request.path'];
const NAMED = ['l', 'm', 'n', 'o', '"a b"', '"constructor"', '"__proto__"'];
const LITERALS = [
  '`1`',
  '`-1e300`',
  '`null`',
  '`"x"`',
  '`[1, [2, [3]]]`',
  '`{"a": {"b": 1}, "__proto__": 1}`',
  '`0`',
  '`true`',
  '`[]`',
  "'text'",
  "''",
  "'\\u202e'",
  '$',
  '$x',
  'request.headers."ce-id"',
  'request.headers.authorization',
];
const OPERATORS = ['||', '&&', '==', '!=', '<', '>=', '+', '-', '*', '×', '/', '//', '%', '|', '.'];
const OTHERS = ['pad_left', 'replace', 'group_by', 'find_last', 'env', 'eval', 'constructor', 'toString', '__proto__'];
const KNOWN = Object.keys(FUNCTIONS);

/** Of no more than `depth` levels. */
export function randomExpression(random: Random, depth = 3): string {
  const text = random.chance(3) ? tower(random) : expression(random, depth);
  return random.chance(85) ? text : broken(random, text);
}

function expression(random: Random, depth: number): string {
  if (depth <= 0) return random.chance(75) ? random.pick(NAMES) : random.pick(LITERALS);
  const one = () => expression(random, depth - 1);
  switch (random.below(14)) {
    case 0:
      return `${one()} ${random.pick(OPERATORS)} ${one()}`;
    case 1:
      return `(${one()} ${random.pick(OPERATORS)} ${one()})`;
    case 2:
      return `${random.pick(NAMES)}[?${one()}]`;
    case 3:
      return `${random.pick(NAMES)}[${random.pick(['0', '-1', '*', '', '1:3', '::-1', '-9999999999:', '99999999999', '-1', '', '*', '1:', ':2', '::0'])}]`;
    case 4:
      return `${random.pick(NAMES)}.{ k: ${one()}, ${random.pick(NAMED)}: ${one()} }`;
    case 5:
      return `[${Array.from({ length: 1 + random.below(4) }, one).join(', ')}]`;
    case 6:
      return random.chance(90) ? `!(${one()})` : `!${one()}`;
    case 7:
      return `(${one()} ? ${one()} : ${one()})`;
    case 8:
      return random.chance(90) ? `(${one()})` : `let $x = ${one()} in ${one()}`;
    case 9:
      return `${random.pick(NAMES)}[].${one()}`;
    default:
      return call(random, one);
  }
}

/** Mostly with what the function takes, by number and by kind. */
function call(random: Random, one: () => string): string {
  const name = random.chance(98) ? random.pick(KNOWN) : random.pick(OTHERS);
  const taken = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]!.takes : [];
  const given = random.chance(95) ? taken.filter(({ optional }) => !optional || random.chance(30)) : taken.slice(1);
  const values = given.map(({ kinds }) => {
    const kind = random.pick(kinds);
    const likely = LIKELY[kind];
    if (kind === 'expression') return random.chance(95) ? `&${one()}` : one();
    return likely && random.chance(60) ? random.pick(likely) : one();
  });
  return `${name}(${values.join(', ')})`;
}

const LIKELY: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  text: ['text', 'wants', 'a', "'2026-03-02'", "'09:30'", "'Europe/Rome'", 'to_string(body)', 'list[0].id'],
  number: ['n', 'when', '`1`', '`-1`', 'length(list)'],
  object: ['body', 'list[0]', 'people[0]'],
  list: ['list', 'people', 'keys(body)'],
  texts: ['list[].id', 'keys(body)', 'list[].to_string(@)'],
  numbers: ['list[].n', '`[1, 2]`'],
  pairs: ['items(body)', 'list[].[id, n]'],
};

function tower(random: Random): string {
  const high = random.pick([10, 60, 400, 3000]);
  const [open, close] = random.pick([
    ['(', ')'],
    ['[', ']'],
    ['!', ''],
    ['to_string(', ')'],
    ['list[].', ''],
    ['a.', ''],
    ['list[?', ']'],
    ['a || ', ''],
  ]);
  return open.repeat(high) + random.pick(NAMES) + close.repeat(high);
}

const PIECES = ['\0', '\ud800', '`', "'", '"', '\\', '`{`', '&', '}', ')', '[?', '\n', '\u2028', '\u00e9', '..', '@@'];

function broken(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(3)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + random.pick(PIECES) + text.slice(at);
    default:
      return text.slice(0, at) + text.slice(at + 1 + random.below(3));
  }
}
