/*
 * Regular expressions for the gateway, which is .NET. Whatever the patterns hold, an expression consists of `A-Z a-z 0-9 / _ -`, `\uXXXX`,
 * `%XX` and metacharacters of ours: nothing in it can end a C# string, begin a named value (`{{`) or be XML.
 */

const PLAIN = /^[A-Za-z0-9_-]$/;
/** RFC 3986 §2.3: everything else may also come percent-encoded. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/;
const NOTHING = '(?!)';

/** Matches the paths that one of the patterns covers: `*` is one segment that is not empty, `**` any number of segments. */
export function pathsExpression(patterns: readonly string[]): string {
  return oneOf(patterns.map(pathExpression));
}

/** Matches these words and no others. */
export function wordsExpression(words: readonly string[]): string {
  return oneOf(words.map((word) => [...word].map(literally).join('')));
}

/**
 * Matches paths that servers read in more than one way: dot segments, empty segments, encoded separators or dots, double encoding, backslashes,
 * controls. No key opens them.
 */
export const UNCLEAR_PATH = String.raw`/{2}|/\.\.?(?:[/;]|\z)|\\|[\u0000-\u001f\u007f]|%(?:2[EFef5]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])`;

function oneOf(expressions: readonly string[]): string {
  return String.raw`\A(?:${expressions.length > 0 ? expressions.join('|') : NOTHING})\z`;
}

function pathExpression(pattern: string): string {
  const [first, ...segments] = (pattern === '**' ? '/**' : pattern).split('/');
  // No path of a request begins like this.
  if (first !== '') return NOTHING;
  return segments.map(segmentExpression).join('');
}

function segmentExpression(segment: string): string {
  if (segment === '**') return '(?:/[^/]*)*';
  if (segment === '*') return '/[^/]+';
  return `/${[...segment].map(asSent).join('')}`;
}

/** As it is or percent-encoded: which of them the gateway shows depends on the client. */
function asSent(character: string): string {
  const plain = literally(character);
  if (UNRESERVED.test(character) || !character.isWellFormed()) return plain;
  const bytes = [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
  return `(?:${plain}|${bytes.join('').replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)})`;
}

function literally(character: string): string {
  if (PLAIN.test(character)) return character;
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}
