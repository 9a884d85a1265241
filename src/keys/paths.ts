/** Which request paths a key's endpoint patterns cover. What cannot be read in one way only is refused, never repaired. */

const LONGEST = 8192;
/**
 * What a path may not hold, before or after decoding: backslashes, controls, `#`, empty segments, dot segments (also with the path parameters
 * that some servers drop, `/..;x/`). Upstreams differ on each of them.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNCLEAR = /[\\\u0000-\u001f\u007f]|\/\/|\/\.{1,2}(?:[/;]|$)/;
const RAW_UNCLEAR = /[ #]/;
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;
const STILL_ENCODED = /%[0-9a-f]{2}/i;

/**
 * The decoded path of a request target without its query, or undefined when it must be refused: not starting with `/`, longer than 8 kB,
 * an encoded slash, backslash or NUL, a dot segment, an empty segment, a control character, an invalid or a double percent-encoding.
 * A trailing slash is kept: `/a/` is not `/a`.
 */
export function normalisePath(target: string): string | undefined {
  if (target.length > LONGEST || target.charCodeAt(0) !== 0x2f) return undefined;
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (UNCLEAR.test(path) || RAW_UNCLEAR.test(path)) return undefined;
  if (!path.includes('%')) return path;
  if (ENCODED_SEPARATOR.test(path)) return undefined;
  const decoded = decodeOnce(path);
  if (decoded === undefined || UNCLEAR.test(decoded) || STILL_ENCODED.test(decoded)) return undefined;
  return decoded;
}

/**
 * Whether a normalised path matches one of the patterns. `*` is one segment that is not empty, `**` any number of segments, also none:
 * `/api/**` matches `/api`, `/api/` and `/api/x/y`. Case counts. No patterns match nothing.
 */
export function compilePatterns(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.map(compilePattern);
  const [only] = tests;
  if (tests.length === 1 && only) return only;
  return (path) => {
    for (const test of tests) if (test(path)) return true;
    return false;
  };
}

function compilePattern(pattern: string): (path: string) => boolean {
  if (pattern === '/**' || pattern === '**') return () => true;
  const stem = pattern.endsWith('/**') ? pattern.slice(0, -3) : undefined;
  if (!pattern.includes('*')) return (path) => path === pattern;
  if (stem !== undefined && !stem.includes('*')) {
    return (path) => path.startsWith(stem) && (path.length === stem.length || path.charCodeAt(stem.length) === 0x2f);
  }
  const segments = pattern.split('/');
  return (path) => matchSegments(segments, path.split('/'));
}

/** Wildcard matching with one point of return, the last `**`: time is the product of the two lengths, whatever the pattern. */
function matchSegments(pattern: readonly string[], path: readonly string[]): boolean {
  let p = 0;
  let s = 0;
  let returnTo = -1;
  let taken = 0;
  while (s < path.length) {
    if (pattern[p] === '**') {
      returnTo = p++;
      taken = s;
    } else if (p < pattern.length && matchSegment(pattern[p], path[s])) {
      p++;
      s++;
    } else if (returnTo !== -1) {
      p = returnTo + 1;
      s = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[p] === '**') p++;
  return p === pattern.length;
}

function matchSegment(pattern: string | undefined, segment: string | undefined): boolean {
  return pattern === '*' ? segment !== '' : pattern === segment;
}

function decodeOnce(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
