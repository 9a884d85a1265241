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
    const value: unknown = JSON.parse(text);
    checkStructure(text, deepest);
    return { ok: true, value: copy(value) };
  } catch (error) {
    // The parser's own message quotes the document, which may hold anything.
    return { ok: false, problem: error instanceof Unreadable ? error.message : 'not valid JSON' };
  }
}

class Unreadable extends Error {}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Unreadable('not valid UTF-8');
  }
}

/** On text that is valid JSON: every string, with a colon behind it if it is a member's name, and every bracket. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"(?=\s*(:)?)|[{}[\]]/gu;

function checkStructure(text: string, deepest: number): void {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (colon) addName(open.at(-1)!, JSON.parse(token) as string);
    if (open.length > deepest) throw new Unreadable(`nested deeper than ${deepest} levels`);
  }
}

function addName(names: Set<string>, name: string): void {
  if (names.has(name)) throw new Unreadable('an object names the same member twice');
  names.add(name);
}

/** Recursion is safe: the depth was checked. */
function copy(value: unknown): unknown {
  if (typeof value === 'string') return checkText(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Unreadable('a number is too large');
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  const bare = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) {
    // Our objects could hold it safely; whoever copies them with Object.assign could not.
    if (name !== '__proto__') bare[checkText(name)] = copy(member);
  }
  return bare;
}

function checkText(text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw new Unreadable('a text contains NUL or half a surrogate pair');
  return text;
}
