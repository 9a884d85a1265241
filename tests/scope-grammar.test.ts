import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expandScopes,
  isScopeName,
  isScopePattern,
  isScopeWildcard,
  isThreePart,
  LONGEST_SCOPE,
  scopeCovers,
} from '../src/reservation/scopes.ts';

const part = fc.stringMatching(/^[a-z0-9_]{1,6}$/);
const names = fc
  .tuple(fc.stringMatching(/^[a-z0-9]{1,6}$/), part, part)
  .map(([namespace, resource, action]) => `${namespace}:${resource}:${action}`);

describe('the grammar of scopes', () => {
  it.each([
    ['read', 'name'],
    ['api:read', 'name'],
    ['deploy:production', 'name'],
    ['akm:projects:read', 'name'],
    ['v1.users-all', 'name'],
    ['*', 'wildcard'],
    ['akm:*', 'wildcard'],
    ['akm:projects:*', 'wildcard'],
    ['', 'nothing'],
    [':read', 'nothing'],
    ['re*', 'nothing'],
    ['akm:*:read', 'nothing'],
    ['akm:projects:re*', 'nothing'],
    ['akm::*', 'nothing'],
    ['**', 'nothing'],
    ['*:read', 'nothing'],
    ['with space', 'nothing'],
    ['read\n', 'nothing'],
    ['a'.repeat(LONGEST_SCOPE + 1), 'nothing'],
  ])('%j is a %s', (text, kind) => {
    const found = isScopeName(text) ? 'name' : isScopeWildcard(text) ? 'wildcard' : 'nothing';
    expect({ found, pattern: isScopePattern(text) }).toEqual({ found: kind, pattern: kind !== 'nothing' });
  });

  it.each([
    ['akm:projects:*', 'akm:projects:read', true],
    ['akm:projects:*', 'akm:projects:*', true],
    ['akm:*', 'akm:projects:read', true],
    ['akm:*', 'akm:projects:*', true],
    ['*', 'read', true],
    ['*', 'akm:*', true],
    ['read', 'read', true],
    ['akm:projects:*', 'akm:projects', false],
    ['akm:projects:*', 'akm:projects_old:read', false],
    ['akm:projects:*', 'akm:*', false],
    ['akm:*', '*', false],
    ['read', 'read:all', false],
    ['read', '*', false],
    ['re*', 're*', false],
    ['akm:*:read', 'akm:x:read', false],
    ['', '', false],
  ])('%j covers %j: %s', (pattern, asked, want) => {
    expect(scopeCovers(pattern, asked)).toBe(want);
  });

  it('lets a wildcard cover exactly the names that begin as it does', () => {
    fc.assert(
      fc.property(names, names, fc.constantFrom(0, 1, 2), (one, other, kept) => {
        const pattern = [...one.split(':').slice(0, kept), '*'].join(':');
        const alike = one.split(':').slice(0, kept).join(':') === other.split(':').slice(0, kept).join(':');
        return isThreePart(one) && scopeCovers(pattern, one) && scopeCovers(pattern, other) === alike;
      }),
    );
  });

  it('is transitive, so that what a plan allows bounds whatever is granted by way of another wildcard', () => {
    const patterns = fc.oneof(
      names,
      names.map((name) => name.replace(/[^:]+$/, '*')),
      names.map((name) => name.replace(/:.*$/, ':*')),
      fc.constant('*'),
    );
    fc.assert(
      fc.property(patterns, patterns, patterns, (a, b, c) => !(scopeCovers(a, b) && scopeCovers(b, c)) || scopeCovers(a, c)),
    );
  });

  it('expands patterns to names of the catalogue only, each once and in its order', () => {
    const catalogue = ['pets:write', 'shop:pets:read', 'shop:pets:write', 'shop:pets:*', 'shop:orders:read', 'read'];
    expect(expandScopes(['shop:pets:*', 'shop:pets:read', 'read', 'nowhere'], catalogue)).toEqual([
      'shop:pets:read',
      'shop:pets:write',
      'read',
    ]);
    expect(expandScopes(['re*', 'shop:*:read'], catalogue)).toEqual([]);
    fc.assert(
      fc.property(fc.array(names), fc.array(names), (patterns, all) => {
        const got = expandScopes(patterns, all);
        return got.every((name) => all.includes(name) && patterns.includes(name)) && new Set(got).size === got.length;
      }),
    );
  });
});
