import { parseJson } from '../json.ts';
import { spend, spendOn, spendOnText } from './budget.ts';
import type { Run } from './run.ts';
import { takes, type Callable } from './signature.ts';

/** Made of each text function: so many characters are gone through one by one. */
function perCharacter(run: Run, text: string): void {
  spend(run.budget, text.length);
}

function glance(run: Run, ...texts: readonly string[]): void {
  for (const text of texts) spendOnText(run.budget, text.length);
}

export const TEXT_FUNCTIONS: Readonly<Record<string, Callable>> = {
  starts_with: {
    takes: takes('text', 'text'),
    call: ([text, start]: readonly [string, string], run) => (glance(run, start), text.startsWith(start)),
  },
  ends_with: {
    takes: takes('text', 'text'),
    call: ([text, end]: readonly [string, string], run) => (glance(run, end), text.endsWith(end)),
  },
  lower: { takes: takes('text'), call: ([text]: readonly [string], run) => (glance(run, text), text.toLowerCase()) },
  upper: { takes: takes('text'), call: ([text]: readonly [string], run) => (glance(run, text), text.toUpperCase()) },
  trim: { takes: takes('text', 'text?'), call: trimmed('both') },
  trim_left: { takes: takes('text', 'text?'), call: trimmed('left') },
  trim_right: { takes: takes('text', 'text?'), call: trimmed('right') },
  find_first: { takes: takes('text', 'text', 'number?', 'number?'), call: findFirst },
  split: { takes: takes('text', 'text', 'number?'), call: split },
  join: { takes: takes('text', 'texts'), call: join },
  to_string: {
    takes: takes('any'),
    call: ([value]: readonly [unknown], run) => (
      spendOn(run.budget, value),
      typeof value === 'string' ? value : JSON.stringify(value)
    ),
  },
  parse_json: { takes: takes('text'), call: readJson },
};

/** White space as Unicode has it, or those of the characters. Goes from the ends, as a regular expression would go over all of it again and again. */
function trimmed(sides: 'both' | 'left' | 'right') {
  return ([text, characters]: readonly [string, string?], run: Run): string => {
    perCharacter(run, text);
    const kept = (character: string) => !(characters ? characters.includes(character) : /[\s\u0085]/.test(character));
    const start = sides === 'right' ? 0 : firstKept(text, kept);
    const end = sides === 'left' ? text.length : afterKept(text, kept);
    return text.slice(start, Math.max(start, end));
  };
}

function firstKept(text: string, kept: (character: string) => boolean): number {
  let index = 0;
  while (index < text.length && !kept(text[index]!)) index += 1;
  return index;
}

function afterKept(text: string, kept: (character: string) => boolean): number {
  let index = text.length;
  while (index > 0 && !kept(text[index - 1]!)) index -= 1;
  return index;
}

/** Where it is, counted in UTF-16 units as the library does; null where it is not. */
function findFirst([text, sought, from = 0, to]: readonly [string, string, number?, number?], run: Run): number | null {
  perCharacter(run, text);
  if (text === '' || sought === '') return null;
  const start = Math.max(Math.trunc(from), 0);
  const found = text.slice(start, to === undefined ? text.length : Math.max(Math.trunc(to), 0)).indexOf(sought);
  return found === -1 ? null : found + start;
}

function split([text, by, most]: readonly [string, string, number?], run: Run): string[] {
  perCharacter(run, text);
  if (text === '' && by === '') return [];
  const parts = text.split(by);
  if (most === undefined) return parts;
  if (!Number.isInteger(most) || most < 0) throw new Error('split() takes a whole number as its argument 3');
  return most < parts.length ? [...parts.slice(0, most), parts.slice(most).join(by)] : parts;
}

function join([glue, texts]: readonly [string, readonly string[]], run: Run): string {
  // Many of them may be the same long text.
  for (const text of texts) glance(run, text, glue);
  return texts.join(glue);
}

function readJson([text]: readonly [string], run: Run): unknown {
  if (text.trim() === '') return null;
  perCharacter(run, text);
  const read = parseJson(text);
  if (!read.ok) throw new Error(`parse_json(): the text is refused, ${read.problem}`);
  return read.value;
}
