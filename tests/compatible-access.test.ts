import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePatterns } from '../src/keys/paths.ts';
import { accessOf, type Access } from '../src/managed/compatible/access.ts';
import { limitsOf } from '../src/managed/compatible/limits.ts';
import { withPolicy, type KeyPolicy, type Terms } from '../src/managed/compatible/policies.ts';
import { METHODS, type Method, type Scope } from '../src/reservation/plan.ts';

const SCOPES: Record<string, Scope> = {
  read: { methods: ['GET'] },
  write: { methods: ['GET', 'POST', 'PUT', 'PATCH'] },
  open: { methods: ['GET'], endpoints: ['/**'] },
  labs: { methods: ['GET', 'DELETE'], endpoints: ['/labs/**'] },
};

const terms = (more: Partial<Terms> = {}): Terms => ({ scopes: ['read'], allowed_endpoints: [], ...more });
const scope = (name: string, methods: Method[], endpoints: string[] | null = null): KeyPolicy => ({
  policy_type: 'scope_access',
  configuration: { scope: name, allowed_methods: methods, allowed_endpoints: endpoints },
});
const path = (pattern: string, methods: Method[] = ['GET']): KeyPolicy => ({
  policy_type: 'path_access',
  configuration: { path_pattern: pattern, allowed_methods: methods, deny_by_default: true },
});
const rate = (limit: string): KeyPolicy => ({ policy_type: 'rate_limit', configuration: { limit } });
const quota = (limit: number, period: 'day' | 'month'): KeyPolicy => ({ policy_type: 'quota', configuration: { limit, period } });

/** As verify judges it: everything that is there has to hold. */
function opens({ methods, endpoints, rules }: Access, method: Method, at: string): boolean {
  const reaches = (patterns: readonly string[]) => compilePatterns(patterns)(at);
  if (!methods.includes(method) || !reaches(endpoints)) return false;
  return !rules || rules.some((rule) => rule.methods.includes(method) && reaches(rule.endpoints));
}

const access = (asked: Terms, policies: KeyPolicy[] = []) => {
  const { access: made, refused } = accessOf({ terms: asked, policies }, SCOPES);
  expect(refused).toEqual([]);
  return (method: Method, at: string) => opens(made, method, at);
};

describe('what a key reaches', () => {
  test('before it has a policy: what it says itself, and nothing where it names no paths', () => {
    const named = access(terms({ scopes: ['write'], allowed_endpoints: ['/api/**'] }));
    expect([named('POST', '/api/x'), named('DELETE', '/api/x'), named('GET', '/other')]).toEqual([true, false, false]);
    expect(access(terms())('GET', '/api/x')).toBe(false);
    expect(access(terms({ scopes: [] }), [path('/api/**')])('GET', '/api/x')).toBe(false);
  });

  test('null is the paths of the key, else those that the project wrote at the scope, and never simply all', () => {
    expect(access(terms({ allowed_endpoints: ['/api/**'] }), [scope('read', ['GET'])])('GET', '/api/x')).toBe(true);
    expect(access(terms(), [scope('read', ['GET'])])('GET', '/api/x')).toBe(false);
    expect(access(terms({ scopes: ['open'] }), [scope('open', ['GET'])])('GET', '/anything')).toBe(true);
    expect(access(terms({ scopes: ['open'] }), [scope('open', ['GET'], [])])('GET', '/anything')).toBe(false);
  });

  test('a scope has its own methods on its own paths, and path_access narrows all of them', () => {
    const both = terms({ scopes: ['read', 'write'] });
    const apart = access(both, [scope('read', ['GET'], ['/a/**']), scope('write', ['POST'], ['/b/**'])]);
    expect([apart('GET', '/a/1'), apart('POST', '/b/1'), apart('POST', '/a/1'), apart('GET', '/b/1')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const narrowed = access(terms({ scopes: ['write'], allowed_endpoints: ['/api/**'] }), [
      path('/api/*/1', ['GET']),
      path('/api/b', ['POST', 'DELETE']),
    ]);
    expect([narrowed('GET', '/api/a/1'), narrowed('POST', '/api/b'), narrowed('GET', '/api/b')]).toEqual([true, true, false]);
    expect([narrowed('DELETE', '/api/b'), narrowed('GET', '/api/c')]).toEqual([false, false]);
  });

  test('what exceeds the scopes of the project is refused with its place', () => {
    const refused = (asked: Terms, ...policies: KeyPolicy[]) =>
      accessOf({ terms: asked, policies }, SCOPES).refused.map(({ at, why }) => `${at}: ${why}`);
    expect(refused(terms({ scopes: ['read', 'root'] }))).toEqual([
      'scopes: scope "root" does not exist; known scopes: read, write, open, labs',
    ]);
    expect(refused(terms(), scope('read', ['GET', 'HEAD', 'DELETE']))).toEqual([
      'configuration.allowed_methods: DELETE is not allowed by scope "read"',
    ]);
    expect(refused(terms({ scopes: ['labs'] }), scope('labs', ['GET'], ['/admin/**']))).toEqual([
      'configuration.allowed_endpoints: "/admin/**" is outside of scope "labs"',
    ]);
    expect(refused(terms(), scope('write', ['GET']))).toEqual([
      'configuration.scope: "write" is none of the key\'s scopes: read',
    ]);
  });

  test('whatever is said, in whatever order, it opens what every kind of policy opens, and no more', () => {
    const methods = fc.uniqueArray(fc.constantFrom<Method>('GET', 'POST', 'PUT', 'PATCH'), { minLength: 1 });
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '*', '**'), { minLength: 1, maxLength: 3 })
      .map((parts) => `/${parts.join('/')}`);
    const patterns = fc.uniqueArray(pattern, { maxLength: 3 });
    const scopes = fc.option(fc.tuple(methods, fc.option(patterns)));
    const paths = fc.uniqueArray(fc.tuple(pattern, methods), { maxLength: 3, selector: ([text]) => text });
    const tried = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(patterns, scopes, paths, fc.constantFrom(...METHODS), tried, (own, ofScope, ofPaths, method, at) => {
        const policies = ofPaths.map(([text, allowed]) => path(text, allowed));
        if (ofScope) policies.push(scope('write', ...ofScope));
        const asked = terms({ scopes: ['write'], allowed_endpoints: own });
        const { access: made, refused } = accessOf({ terms: asked, policies }, SCOPES);
        fc.pre(refused.length === 0);
        const fits = (some: readonly string[]) => compilePatterns(some)(at);
        const named = ofScope?.[1] ?? (own.length > 0 ? own : []);
        const want =
          (ofScope?.[0] ?? SCOPES.write!.methods).includes(method) &&
          fits(named) &&
          (own.length === 0 || fits(own)) &&
          (ofPaths.length === 0 || ofPaths.some(([text, allowed]) => allowed.includes(method) && fits([text])));
        expect(opens(made, method, at)).toBe(want);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('how much a key may', () => {
  test.each([
    [
      terms({ quota: 5, rate_limit: '2/second' }),
      [],
      { quota: { limit: 5, per: 'month' }, rateLimit: { limit: 2, per: 'second' } },
    ],
    [terms({ quota: 5 }), [quota(9, 'day')], { quota: { limit: 9, per: 'day' } }],
    [
      terms({ rate_limit: '100/hour' }),
      [rate('3/second'), rate('50/hour')],
      { rateLimit: { limit: 3, per: 'second' }, limits: [{ limit: 50, per: 'hour' }] },
    ],
    [
      terms({ rate_limit: '100/hour' }),
      [rate('3/second')],
      { rateLimit: { limit: 100, per: 'hour' }, limits: [{ limit: 3, per: 'second' }] },
    ],
    [terms(), [quota(9, 'day'), quota(50, 'month')], { quota: { limit: 9, per: 'day' }, limits: [{ limit: 50, per: 'month' }] }],
    [terms(), [], {}],
  ] as const)('%j with %j is %j', (said, policies, want) => {
    expect(limitsOf({ terms: said, policies })).toEqual(want);
  });

  test('the last thing said about something stands, and the same twice is once', () => {
    const list = [rate('3/second'), rate('9/hour'), path('/a'), scope('read', ['GET'])];
    expect(list.reduce<readonly KeyPolicy[]>(withPolicy, list)).toEqual(list);
    expect(withPolicy(list, rate('5/second'))).toEqual([rate('5/second'), ...list.slice(1)]);
    expect(withPolicy(list, path('/a', ['POST']))).toEqual([list[0], list[1], path('/a', ['POST']), list[3]]);
    expect(withPolicy(list, scope('read', ['GET'], ['/b']))).toEqual([...list.slice(0, 3), scope('read', ['GET'], ['/b'])]);
  });
});
