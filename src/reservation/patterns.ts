/** Globs and path patterns of the configuration. Matching of requests happens in keys/; here patterns are compared. */

/** `*` is any text, `?` any character; case matters. */
export function globMatches(glob: string, text: string): boolean {
  const source = [...glob]
    .map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[\\^$+.()|[\]{}/]/, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`, 'su').test(text);
}

/**
 * True when every path that `requested` matches is matched by `allowed` too. `*` is one segment, `**` any number, also none.
 * Where the answer is hard it is false: the rules refuse rather than widen.
 */
export function patternCovers(allowed: string, requested: string): boolean {
  return segmentsCover(segments(allowed), segments(requested));
}

/** An absolute path whose segments are literal, `*` or `**`; no wildcard inside a segment, no dot segments. */
export function isPathPattern(pattern: string): boolean {
  if (!pattern.startsWith('/') || pattern.includes('//') || /[?#\\%\s]/u.test(pattern)) return false;
  return segments(pattern).every(
    (segment) => segment === '*' || segment === '**' || (!segment.includes('*') && segment !== '.' && segment !== '..'),
  );
}

function segments(pattern: string): string[] {
  return pattern.split('/').slice(1);
}

function segmentsCover(allowed: readonly string[], requested: readonly string[]): boolean {
  const [head, ...rest] = allowed;
  const [first, ...others] = requested;
  if (head === undefined) return first === undefined;
  if (head === '**') return segmentsCover(rest, requested) || (first !== undefined && segmentsCover(allowed, others));
  if (first === undefined || first === '**') return false;
  return (head === '*' || head === first) && segmentsCover(rest, others);
}
