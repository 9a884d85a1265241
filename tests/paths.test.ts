import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePatterns, normalisePath } from '../src/keys/paths.ts';
import { patternCovers, patternsShared } from '../src/reservation/patterns.ts';

test.each([
  ['/api/x', '/api/x', 'a plain path stays as it is'],
  ['/api/x?y=/../z', '/api/x', 'the query is stripped'],
  ['/api/caf%C3%A9', '/api/café', 'percent-encoding is decoded'],
  ['/api/a%20b', '/api/a b', 'an encoded space is a space'],
  ['/%61pi', '/api', 'needless encoding hides nothing'],
  ['/api/', '/api/', 'a trailing slash is kept'],
  ['/API', '/API', 'case is kept'],
  ['/api/...', '/api/...', 'three dots are a name'],
  ['/api/.well-known', '/api/.well-known', 'a leading dot is a name'],
  ['/api/100%25', '/api/100%', 'an encoded percent sign that encodes nothing more is a percent sign'],
  ['/', '/', 'the root is a path'],
])('%s becomes %s: %s', (target, want) => {
  expect(normalisePath(target)).toBe(want);
});

test.each([
  ['', 'nothing'],
  ['api/x', 'a relative path'],
  ['http://host/api/x', 'an absolute target'],
  ['*', 'the asterisk form'],
  ['//api', 'an empty segment first'],
  ['/api//x', 'an empty segment'],
  ['/api/../admin', 'a dot segment'],
  ['/api/./x', 'a single dot'],
  ['/api/..', 'a dot segment at the end'],
  ['/api/%2e%2e/admin', 'an encoded dot segment'],
  ['/api/.%2E/admin', 'a half-encoded dot segment'],
  ['/api/..;/admin', 'a dot segment with a parameter'],
  ['/api/..%3b/admin', 'a dot segment with an encoded parameter'],
  ['/api%2Fx', 'an encoded slash'],
  ['/api%2fx', 'an encoded slash in lower case'],
  ['/api%5cx', 'an encoded backslash'],
  ['/api\\x', 'a backslash'],
  ['/api/%00', 'an encoded NUL'],
  ['/api/\u0000', 'a NUL'],
  ['/api/%0d%0aX: y', 'an encoded line end'],
  ['/api/%252e%252e/admin', 'a double encoding'],
  ['/api/%252Fadmin', 'a double-encoded slash'],
  ['/api/%', 'a lone percent sign'],
  ['/api/%zz', 'an invalid percent-encoding'],
  ['/api/%c0%ae', 'an overlong encoding'],
  ['/api/a b', 'a raw space'],
  ['/api/x#y', 'a fragment'],
  [`/${'a'.repeat(8192)}`, 'a path beyond 8 kB'],
])('%s is refused: %s', (target) => {
  expect(normalisePath(target)).toBeUndefined();
});

/** The reference: no clever steps, one character after the other. */
function referenceNormalise(target: string): string | undefined {
  const path = target.split('?')[0] ?? '';
  if (!path.startsWith('/') || /[ #\\]/.test(path) || /%(2f|5c|00)/i.test(path)) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (/%[0-9a-f]{2}/i.test(decoded) || /\\/.test(decoded)) return undefined;
  // oxlint-disable-next-line unicorn/prefer-code-point -- controls are single units
  if ([...decoded].some((c) => c.charCodeAt(0) < 32 || c.charCodeAt(0) === 127)) return undefined;
  const segments = decoded.split('/').slice(1);
  for (const [at, segment] of segments.entries()) {
    const name = segment.split(';')[0];
    if (name === '.' || name === '..') return undefined;
    if (segment === '' && at < segments.length - 1) return undefined;
  }
  return decoded;
}

/** The reference: a pattern is the set of ways to split a path, tried one by one. */
function referenceMatch(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return path.length === 0;
  if (head === '**') return referenceMatch(rest, path) || (path.length > 0 && referenceMatch(pattern, path.slice(1)));
  const [first, ...others] = path;
  if (first === undefined) return false;
  return (head === '*' ? first !== '' : head === first) && referenceMatch(rest, others);
}

const piece = fc.constantFrom(
  '/',
  '/',
  '/',
  'api',
  'a',
  'b',
  '.',
  '..',
  '%2e',
  '%2F',
  '%5C',
  '%25',
  '%',
  '%41',
  ';',
  '?',
  '%0a',
  '\\',
  'é',
  ' ',
  '#',
  '%00',
  '%C3%A9',
  '*',
);

test('five thousand odd targets are read as the reference reads them', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const target = `/${pieces.join('')}`;
      expect(normalisePath(target)).toBe(referenceNormalise(target));
    }),
    { numRuns: 5000 },
  );
});

const segment = fc.constantFrom('a', 'b', 'api', '*', '**');
const name = fc.constantFrom('a', 'b', 'api', 'x');

test('five thousand patterns match as the reference matches', () => {
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 5 }),
      fc.array(name, { maxLength: 6 }),
      fc.boolean(),
      (pattern, path, trailing) => {
        const text = `/${path.join('/')}${trailing && path.length > 0 ? '/' : ''}`;
        const want = referenceMatch(['', ...pattern], text.split('/'));
        expect(compilePatterns([`/${pattern.join('/')}`])(text), `/${pattern.join('/')} on ${text}`).toBe(want);
      },
    ),
    { numRuns: 5000 },
  );
});

test('** stands for any number of segments, also none; * for exactly one', () => {
  const any = compilePatterns(['/api/**']);
  for (const path of ['/api', '/api/', '/api/x', '/api/x/y', '/api/x/']) expect(any(path), `on ${path}`).toBe(true);
  for (const path of ['/', '/apix', '/ap', '/API/x', '/x/api']) expect(any(path), `on ${path}`).toBe(false);
  const one = compilePatterns(['/api/*/log', '/health']);
  for (const path of ['/api/x/log', '/health']) expect(one(path), `on ${path}`).toBe(true);
  for (const path of ['/api/log', '/api//log', '/api/x/y/log', '/api/x/log/', '/health/', '/healthy'])
    expect(one(path), `on ${path}`).toBe(false);
  const middle = compilePatterns(['/a/**/z']);
  for (const path of ['/a/z', '/a/b/z', '/a/b/c/z', '/a/z/z']) expect(middle(path), `on ${path}`).toBe(true);
  expect(middle('/a/z/b')).toBe(false);
});

test('no patterns match nothing', () => {
  expect(compilePatterns([])('/')).toBe(false);
});

test('a hostile pattern and path take no more than their product of steps', () => {
  const matches = compilePatterns([`/${'**/a/'.repeat(60)}b`]);
  expect(matches(`/${'a/'.repeat(3000)}c`)).toBe(false);
});

const pattern = fc.array(fc.constantFrom('a', 'b', 'api', '*', '**'), { minLength: 1, maxLength: 5 });
const tried = fc.tuple(fc.array(name, { maxLength: 6 }), fc.boolean());
const written = (parts: readonly string[], trailing = false) => `/${parts.join('/')}${trailing && parts.length > 0 ? '/' : ''}`;

test('what two patterns share matches a path when both do, and only then', () => {
  fc.assert(
    fc.property(pattern, pattern, fc.array(tried, { minLength: 1, maxLength: 8 }), (one, other, paths) => {
      const shared = compilePatterns(patternsShared(written(one), written(other)));
      for (const [parts, trailing] of paths) {
        const path = written(parts, trailing);
        const want = compilePatterns([written(one)])(path) && compilePatterns([written(other)])(path);
        expect(shared(path), `${written(one)} and ${written(other)} on ${path}`).toBe(want);
      }
    }),
    { numRuns: 3000 },
  );
});

test('patterns that overlap in very many ways are refused, in a moment', () => {
  const [one, other] = ['abcdefgh', 'ijklmnop'].map((names) => `/**${[...names].map((each) => `/${each}/**`).join('')}`);
  expect(() => patternsShared(one!, other!)).toThrow(RangeError);
  const long = (last: string) => `${'/**/*'.repeat(60)}/${last}`;
  expect(patternsShared(long('a'), long('b'))).toEqual([]);
});

test('an empty last segment is no segment to a wildcard', () => {
  expect([patternCovers('/api/*', '/api/'), patternsShared('/api/*', '/*/')]).toEqual([false, []]);
});
