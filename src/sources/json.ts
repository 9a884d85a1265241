import { nameBack, withPlainNames } from './escaped-names.ts';

/** Reads JSON from outside: strict where parsers disagree, so that what was signed has one meaning (I-JSON, RFC 7493). */

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/** More would overflow the stack of whoever walks it. */
const DEEPEST = 64;

/**
 * Strict UTF-8 without a byte order mark; at most `deepest` levels, 64 of them; no name twice in one object (parsers disagree on which wins, so
 * it is refused rather than decided); no number beyond a double (1e309); no text that a database cannot hold (NUL, half a
 * surrogate pair). Objects come without a prototype and without a `__proto__` member. Never throws.
 */
export function parseJson(bytes: Buffer | string, { deepest = DEEPEST }: { readonly deepest?: number } = {}): Parsed {
  try {
    const text = typeof bytes === 'string' ? bytes : decodeUtf8(bytes);
    const plain = withPlainNames(text);
    const value: unknown = JSON.parse(plain?.text ?? text);
    const names = countNames(text, deepest);
    const walk: Walk = { members: 0, hasOddTexts: text.includes('\\u') || !text.isWellFormed(), stands: plain?.stands };
    strip(value, walk);
    // Of a name that comes twice the parser keeps one member.
    if (walk.members !== names) throw new Unreadable(TWICE);
    return { ok: true, value };
  } catch (error) {
    // The parser's own message quotes the document, which may hold anything.
    return { ok: false, problem: error instanceof Unreadable ? error.message : 'not valid JSON' };
  }
}

const TWICE = 'an object names the same member twice';

class Unreadable extends Error {}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Unreadable('not valid UTF-8');
  }
}

/** How many names of members stand in a text that is valid JSON: in one pass, as the text may be hostile. */
function countNames(text: string, deepest: number): number {
  let [names, depth] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfText(text, at);
    else if (unit === COLON) names += 1;
    else if (unit === BRACKET || unit === BRACE) depth += 1;
    else if (unit === BRACKET_END || unit === BRACE_END) depth -= 1;
    if (depth > deepest) throw new Unreadable(`nested deeper than ${deepest} levels`);
  }
  return names;
}

const [QUOTE, COLON, BACKSLASH, BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x22, 0x3a, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d] as const;

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

interface Walk {
  members: number;
  /** Only an escape says NUL in JSON. */
  readonly hasOddTexts: boolean;
  readonly stands: ReadonlyMap<string, string> | undefined;
}

/** Takes prototypes and what is called like one from a value that nobody else has yet. Recursion is safe: the depth was checked. */
function strip(value: unknown, walk: Walk): void {
  if (typeof value === 'string') return checkText(value, walk);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Unreadable('a number is too large');
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const element of value as unknown[]) strip(element, walk);
    return;
  }
  stripMembers(Object.setPrototypeOf(value, null) as Record<string, unknown>, walk);
}

function stripMembers(members: Record<string, unknown>, walk: Walk): void {
  if (walk.stands && !nameBack(members, walk.stands)) throw new Unreadable(TWICE);
  for (const name in members) {
    walk.members += 1;
    checkText(name, walk);
    strip(members[name], walk);
    // Our objects could hold it safely; whoever copies them with Object.assign could not.
    if (name === '__proto__') delete members[name];
  }
}

function checkText(text: string, { hasOddTexts }: Walk): void {
  if (hasOddTexts && (text.includes('\0') || !text.isWellFormed()))
    throw new Unreadable('a text contains NUL or half a surrogate pair');
}
