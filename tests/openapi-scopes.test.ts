import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../src/reservation/fault.ts';
import { isScopePattern } from '../src/reservation/scopes.ts';
import { FromOpenApi, scopesFromOpenApi, type Generated } from '../src/scopes/openapi.ts';
import { STRATEGIES } from '../src/scopes/openapi-names.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/openapi/${name}`, import.meta.url), 'utf8');
const PETSTORE = fixture('petstore.json');
const LIBRARY = fixture('library.yaml');
const WAREHOUSE = fixture('warehouse.json');

const made = (document: string | object, how: unknown = {}): Generated =>
  scopesFromOpenApi(document as string, FromOpenApi.parse(how));
const lines = ({ scopes }: Generated) =>
  scopes.map(({ name, methods, endpoints }) => [name, methods.join(','), ...(endpoints ?? [])].filter(Boolean).join(' '));

describe('scopes of an OpenAPI document', () => {
  it('path_resource: by the first word of the path, and reading, writing and deleting apart', () => {
    const scopes = made(PETSTORE);
    expect(lines(scopes)).toEqual([
      'petstore:orders:read GET,HEAD /api/v1/orders /api/v1/orders/*/invoice.pdf',
      'petstore:pets:delete DELETE /api/v1/pets/*',
      'petstore:pets:read GET /api/v1/pets /api/v1/pets/* /api/v1/pets/findByStatus',
      'petstore:pets:write POST,PUT /api/v1/pets /api/v1/pets/* /api/v1/pets/*/photos',
    ]);
    expect(scopes).toMatchObject({ namespace: 'petstore', leftOut: [], collisions: [], wider: [] });
  });

  it('path_method: one scope for each path and method', () => {
    const scopes = made(PETSTORE, { strategy: 'path_method' });
    expect(lines(scopes)).toEqual([
      'petstore:orders:get GET /api/v1/orders',
      'petstore:orders:head HEAD /api/v1/orders',
      'petstore:orders_orderid_invoice_pdf:get GET /api/v1/orders/*/invoice.pdf',
      'petstore:pets:get GET /api/v1/pets',
      'petstore:pets:post POST /api/v1/pets',
      'petstore:pets_findbystatus:get GET /api/v1/pets/findByStatus',
      'petstore:pets_petid:delete DELETE /api/v1/pets/*',
      'petstore:pets_petid:get GET /api/v1/pets/*',
      'petstore:pets_petid:put PUT /api/v1/pets/*',
      'petstore:pets_petid_photos:post POST /api/v1/pets/*/photos',
    ]);
    expect(scopes.scopes.find(({ name }) => name === 'petstore:pets:get')?.description).toBe('Pets, youngest first');
    expect(scopes.wider, 'a pattern that matches more than its own path').toEqual([
      { name: 'petstore:pets_petid:get', opens: ['GET /pets/findByStatus'] },
    ]);
  });

  it('tag_based: an operation of several tags is in the scope of each', () => {
    const scopes = made(PETSTORE, { strategy: 'tag_based', basePath: '/shop' });
    expect(lines(scopes)).toEqual([
      'petstore:admin:delete DELETE /shop/pets/*',
      'petstore:orders:read GET,HEAD /shop/orders /shop/orders/*/invoice.pdf',
      'petstore:pets:delete DELETE /shop/pets/*',
      'petstore:pets:read GET /shop/pets /shop/pets/*',
      'petstore:pets:write POST,PUT /shop/pets /shop/pets/* /shop/pets/*/photos',
      'petstore:search:read GET /shop/pets/findByStatus',
    ]);
    expect(scopes.wider).toEqual([{ name: 'petstore:pets:read', opens: ['GET /pets/findByStatus'] }]);
  });

  it('operation_id: one scope for each id, of the resource that it is about', () => {
    expect(lines(made(PETSTORE, { strategy: 'operation_id', naming: { namespace: 'zoo' } }))).toEqual([
      'zoo:orders:count_orders HEAD /api/v1/orders',
      'zoo:orders:get_invoice GET /api/v1/orders/*/invoice.pdf',
      'zoo:orders:list_orders GET /api/v1/orders',
      'zoo:pets:add_pet POST /api/v1/pets',
      'zoo:pets:add_photo POST /api/v1/pets/*/photos',
      'zoo:pets:find_pets_by_status GET /api/v1/pets/findByStatus',
      'zoo:pets:get_pet GET /api/v1/pets/*',
      'zoo:pets:list_pets GET /api/v1/pets',
      'zoo:pets:remove_pet DELETE /api/v1/pets/*',
      'zoo:pets:replace_pet PUT /api/v1/pets/*',
    ]);
  });

  it('reads YAML with versions, servers with variables, references within the document, and leaves out the rest with a reason', () => {
    const scopes = made(LIBRARY, { naming: { includeVersion: true } });
    expect(lines(scopes)).toEqual([
      'bibliotheque2:status:read GET /status',
      'bibliotheque2:v1_books:read GET /lib/v1/books',
      'bibliotheque2:v2_books:delete DELETE /lib/v2/books/*/loans/*',
      'bibliotheque2:v2_books:read GET /lib/v2/books /lib/v2/books/*/loans/*',
      'bibliotheque2:v2_books:write POST /lib/v2/books',
      'bibliotheque2:v2_members:read GET /lib/v2/members/*/loans',
      'bibliotheque2:v2_members:write PATCH /lib/v2/members/*',
    ]);
    expect(scopes.leftOut).toEqual([
      { operation: 'TRACE /v2/members/{id}', why: 'no key can be for this method' },
      { operation: '/elsewhere', why: 'its $ref leads out of the document' },
      { operation: '/nowhere', why: 'its $ref #/components/pathItems/Missing leads nowhere' },
      { operation: 'GET /a b', why: 'its path cannot be written as a pattern' },
      { operation: 'GET /{anything}', why: 'its path names no resource' },
    ]);
    expect(lines(made(LIBRARY)), 'without the version').toContain(
      'bibliotheque2:books:read GET /lib/v1/books /lib/v2/books /lib/v2/books/*/loans/*',
    );
  });

  it('tells where different words make the same name, and an id that is used twice', () => {
    expect(made(LIBRARY, { strategy: 'tag_based' }).collisions).toEqual([
      { name: 'bibliotheque2:books_media:read', from: ['Books & Media', 'books-media'] },
    ]);
    expect(made(LIBRARY, { strategy: 'operation_id' }).collisions).toEqual([
      { name: 'bibliotheque2:books:list_books', from: ['GET /v1/books', 'GET /v2/books'] },
    ]);
  });

  it('reads Swagger 2 with its base path, and names that every object has are words like others', () => {
    const scopes = made(WAREHOUSE, { strategy: 'tag_based', naming: { actionMapping: { OPTIONS: 'look', PATCH: 'move' } } });
    expect(lines(scopes)).toEqual([
      'warehouse:bins:look OPTIONS /wh/v3/bins/*/items/*',
      'warehouse:bins:move PATCH /wh/v3/bins/*/items/*',
      'warehouse:bins:read GET /wh/v3/bins/*/items/*',
      'warehouse:bins:write POST /wh/v3/bins/*',
      'warehouse:proto:read GET /wh/v3/__proto__ /wh/v3/constructor',
      'warehouse:reports:write POST /wh/v3/bins/export',
    ]);
    expect(scopes.wider, 'a key for bins could also export them').toEqual([
      { name: 'warehouse:bins:write', opens: ['POST /bins/export'] },
    ]);
    expect(lines(made(WAREHOUSE))).toContain('warehouse:constructor:read GET /wh/v3/constructor');
    expect(({} as Record<string, unknown>)['get']).toBeUndefined();
  });

  it('lists wildcards where they are asked for: they let nothing through by themselves', () => {
    const wild = (how: object) => made(WAREHOUSE, how).scopes.filter(({ name }) => name.endsWith('*'));
    expect(wild({})).toEqual([]);
    expect(wild({ generateWildcards: true }).map(({ name, methods, endpoints }) => ({ name, methods, endpoints }))).toEqual(
      ['*', 'bins:*', 'constructor:*', 'proto:*'].map((rest) => ({ name: `warehouse:${rest}`, methods: [], endpoints: null })),
    );
  });

  it.each([
    ['half a JSON', '{', 'document'],
    ['a list', '[1]', 'document'],
    ['half a YAML', 'a: [', 'document line 1'],
    ['a sentence', 'just words', 'document'],
    ['no version', '{"openapi":"2.9","paths":{}}', 'document.openapi'],
    ['a version that nobody knows', '{"openapi":"3.2.0","paths":{}}', 'document.openapi'],
    ['no paths', '{"openapi":"3.1.0","paths":[]}', 'document.paths'],
    ['much YAML', `openapi: 3.0.0\n${'#'.repeat(1_000_000)}`, 'document'],
    ['much JSON', `{"openapi":"3.0.0","paths":{},"x":"${'x'.repeat(2_000_000)}"}`, 'document'],
    ['deep JSON', '['.repeat(100_000), 'document'],
    ['deep YAML', `a: ${'['.repeat(5_000)}`, 'document line 1'],
    ['aliases that multiply', bomb(), 'document'],
    ['too many operations', JSON.stringify({ openapi: '3.0.0', paths: pathsOf(5001) }), 'document.paths'],
    ['too many paths in one scope', JSON.stringify({ openapi: '3.0.0', paths: pathsOf(501, '/x') }), 'strategy'],
  ])('refuses %s and says where', (_name, document, at) => {
    expect(refusal(() => made(document))).toMatchObject({ code: 'invalid', at });
  });

  it('never throws anything else, whatever the document holds', () => {
    const odd = fc.oneof(
      fc.constantFrom(
        '',
        '/',
        '//',
        '/{a}',
        '/a/{b}/c',
        '/../x',
        '/%2f',
        '*',
        '/**',
        '__proto__',
        'constructor',
        '#/paths',
        '{x}',
        'v1',
        '-',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const key = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'x-y', '/', '/a', '/a/{b}', '/v1/{c}'),
      fc.string({ maxLength: 9 }),
    );
    const operation = fc.oneof(
      odd,
      fc.record({ operationId: odd, tags: fc.oneof(odd, fc.array(odd, { maxLength: 3 })), summary: odd, servers: odd }),
    );
    const verb = fc.constantFrom(
      'get',
      'put',
      'post',
      'delete',
      'options',
      'head',
      'patch',
      'trace',
      '$ref',
      'servers',
      '__proto__',
    );
    const paths = fc.dictionary(key, fc.oneof(odd, fc.dictionary(verb, operation, { noNullPrototype: true })), {
      noNullPrototype: true,
    });
    const servers = fc.oneof(odd, fc.array(fc.oneof(odd, fc.record({ url: odd, variables: odd })), { maxLength: 3 }));
    const document = fc.record(
      {
        openapi: fc.constantFrom('3.0.0', '3.1.0', 3),
        info: fc.oneof(odd, fc.record({ title: odd })),
        servers,
        paths: fc.oneof(paths, odd),
      },
      { requiredKeys: ['openapi', 'paths'] },
    );
    const how = fc.record({ strategy: fc.constantFrom(...STRATEGIES), generateWildcards: fc.boolean() });
    fc.assert(
      fc.property(document, how, fc.boolean(), (value, options, asText) => {
        try {
          const { scopes } = made(asText ? JSON.stringify(value) : value, options);
          return (
            scopes.every(({ name }) => isScopePattern(name)) && new Set(scopes.map(({ name }) => name)).size === scopes.length
          );
        } catch (error) {
          if (error instanceof Fault) return error.code === 'invalid';
          throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

function refusal(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault) return { code: error.code, at: error.at };
    throw error;
  }
}

function pathsOf(count: number, under = ''): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${under}/p${at}`, { get: {} }]));
}

/** Each line ten times the one before. */
function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, at) => `l${at + 1}: &l${at + 1} [${Array(10).fill(`*l${at}`).join(',')}]`);
  return ['openapi: 3.0.0', 'paths: {}', 'l0: &l0 [x]', ...levels].join('\n');
}
