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

/** Every pair of ends is compared once, however many `**` there are. */
function segmentsCover(allowed: readonly string[], requested: readonly string[]): boolean {
  const known = new Map<number, boolean>();

  function from(i: number, j: number): boolean {
    const place = i * (requested.length + 1) + j;
    const found = known.get(place) ?? compare(i, j);
    known.set(place, found);
    return found;
  }

  function compare(i: number, j: number): boolean {
    const [head, first] = [allowed[i], requested[j]];
    if (head === undefined) return first === undefined;
    if (head === '**') return from(i + 1, j) || (first !== undefined && from(i, j + 1));
    if (first === undefined || first === '**') return false;
    return (head === '*' ? first !== '' : head === first) && from(i + 1, j + 1);
  }

  return from(0, 0);
}

/** So many patterns at most may come of two. */
const MOST_SHARED = 64;

/**
 * Patterns that together match exactly the paths that both match. Throws a RangeError where they would be too many: with several `**`
 * each the ways to lay one over the other multiply.
 */
export function patternsShared(one: string, other: string): string[] {
  if (patternCovers(one, other)) return [other];
  if (patternCovers(other, one)) return [one];
  // Nothing at all is no path.
  return overlay(segments(one), segments(other)).filter((path) => path !== '');
}

/** What two lists of segments have in common, each as text. Every pair of ends is laid over each other once. */
function overlay(one: readonly string[], other: readonly string[]): string[] {
  const known = new Map<number, readonly string[]>();

  function from(i: number, j: number): readonly string[] {
    const place = i * (other.length + 1) + j;
    const before = known.get(place);
    if (before) return before;
    const found = [...new Set(pathsFrom(i, j))];
    if (found.length > MOST_SHARED) throw new RangeError('the two overlap in too many ways');
    known.set(place, found);
    return found;
  }

  function pathsFrom(i: number, j: number): readonly string[] {
    const [a, b] = [one[i], other[j]];
    const all = () => [...from(i + 1, j), ...from(i, j + 1)].map((tail) => (/^\/\*\*(\/|$)/.test(tail) ? tail : `/**${tail}`));
    if (a === '**' && b === '**') return all();
    if (a === '**') return [...from(i + 1, j), ...(b === undefined ? [] : after(b, from(i, j + 1)))];
    if (b === '**') return [...from(i, j + 1), ...(a === undefined ? [] : after(a, from(i + 1, j)))];
    if (a === undefined || b === undefined) return a === b ? [''] : [];
    const segment = sharedSegment(a, b);
    return segment === undefined ? [] : after(segment, from(i + 1, j + 1));
  }

  return [...from(0, 0)];
}

/** `*` is a segment that is not empty. */
function sharedSegment(a: string, b: string): string | undefined {
  if (a === b) return a;
  if (a === '*') return b === '' ? undefined : b;
  return b === '*' && a !== '' ? a : undefined;
}

function after(segment: string, tails: readonly string[]): string[] {
  return tails.map((tail) => `/${segment}${tail}`);
}
