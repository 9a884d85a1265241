/**
 * The grammar of scopes. A name is up to 128 letters, digits and `. _ : -`, beginning with a letter or digit: `read`, `api:read`. Names of three
 * parts, `namespace:resource:action`, are what documents are turned into. A pattern is a name, `*` for every scope, or a name whose last part
 * is `*`: `akm:projects:*` is every name that begins with `akm:projects:`, `akm:*` every one that begins with `akm:`. A `*` anywhere else
 * is no wildcard but a mistake.
 */

export const LONGEST_SCOPE = 128;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;
const THREE_PARTS = /^[a-z0-9]+:[a-z0-9_]+:[a-z0-9_]+$/;
const WILDCARD = /^(?:[A-Za-z0-9][A-Za-z0-9._-]*(?::[A-Za-z0-9._-]+)*:)?\*$/;

/** One scope, by its name. */
export function isScopeName(text: string): boolean {
  return text.length <= LONGEST_SCOPE && NAME.test(text);
}

/** `namespace:resource:action`. */
export function isThreePart(text: string): boolean {
  return text.length <= LONGEST_SCOPE && THREE_PARTS.test(text);
}

/** A pattern that is more than one name. */
export function isScopeWildcard(text: string): boolean {
  return text.length <= LONGEST_SCOPE && WILDCARD.test(text);
}

/** A name or a wildcard. */
export function isScopePattern(text: string): boolean {
  return isScopeName(text) || isScopeWildcard(text);
}

/**
 * Whether everything that `asked`, a name or a wildcard, is for belongs to `pattern`. What is no pattern covers nothing: the rules refuse
 * rather than widen.
 */
export function scopeCovers(pattern: string, asked: string): boolean {
  if (!isScopePattern(asked) || !isScopePattern(pattern)) return false;
  if (pattern === asked) return true;
  if (!pattern.endsWith('*')) return false;
  const prefix = pattern.slice(0, -1);
  return asked.length > prefix.length && asked.startsWith(prefix);
}

/** The names that any of the patterns covers, each once, in the order of `names`. */
export function expandScopes(patterns: readonly string[], names: readonly string[]): string[] {
  const exact = new Set(patterns.filter((pattern) => isScopeName(pattern)));
  const wildcards = patterns.filter((pattern) => isScopeWildcard(pattern));
  return [...new Set(names)].filter(
    (name) => exact.has(name) || wildcards.some((pattern) => isScopeName(name) && scopeCovers(pattern, name)),
  );
}
