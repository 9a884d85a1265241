import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { openScopes } from '../src/scopes/open.ts';
import { openApiHouse, type ApiHouse, type Ask } from './api-house.ts';
import { describeEngines } from './engines.ts';

const PETSTORE = JSON.parse(readFileSync(new URL('fixtures/openapi/petstore.json', import.meta.url), 'utf8')) as object;
const LIBRARY = readFileSync(new URL('fixtures/openapi/library.yaml', import.meta.url), 'utf8');
const AT = '/projects/default/scopes';

describeEngines('the catalogue of scopes', (engine) => {
  let house: ApiHouse;
  afterEach(async () => {
    expect(house.errors).toEqual([]);
    await house.close();
  });

  const put = (name: string, body: unknown, how: Ask = {}) =>
    house.ask('PUT', `/api/v1${AT}/${encodeURIComponent(name)}`, { ...how, body });
  const remove = (name: string) => house.ask('DELETE', `/api/v1${AT}/${encodeURIComponent(name)}`);
  const names = async (query = '') =>
    (await house.get(`${AT}?limit=200${query}`)).body.items.map(({ name }: { name: string }) => name);
  const audited = async () =>
    (await house.get('/audit')).body.items
      .filter(({ action }: { action: string }) => action.startsWith('scopes.'))
      .map(({ action, actor, subject }: Record<string, string>) => `${actor} ${action} ${subject}`);

  test('a scope that is described is in force here at once, on other nodes when they hear of it, and until it is taken out', async () => {
    house = await openApiHouse(engine);
    const { ledger, now } = house.deps;
    const other = await openScopes({ ledger, now, configured: () => ({}), log: () => {} });
    const shop = { methods: ['GET', 'HEAD'], endpoints: ['/shop/*'], description: 'Look around.' };
    expect(await put('shop:goods:read', shop)).toMatchObject({
      status: 200,
      body: { name: 'shop:goods:read', ...shop, origin: 'api', wildcard: false, overruled: false },
    });
    expect(house.deps.scopes.stored('default')).toEqual({ 'shop:goods:read': shop });
    expect(house.deps.scopes.stored('default')['constructor']).toBeUndefined();
    if (engine.name === 'postgres')
      await expect.poll(() => other.stored('default'), { timeout: 20_000 }).toEqual({ 'shop:goods:read': shop });
    expect((await put('shop:*', { description: 'All of it.' })).body).toMatchObject({
      wildcard: true,
      methods: [],
      endpoints: null,
    });
    expect(await names()).toEqual(['admin', 'delete', 'read', 'shop:*', 'shop:goods:read', 'write']);
    expect(await names('&covers=shop:goods:*')).toEqual(['shop:goods:read']);
    expect(Object.keys(house.deps.scopes.stored('default')), 'a wildcard lets nothing through by itself').toEqual([
      'shop:goods:read',
    ]);

    await put('shop:goods:read', { ...shop, methods: ['GET'] });
    await put('shop:goods:read', { ...shop, methods: ['GET'] });
    expect((await remove('shop:goods:read')).status).toBe(204);
    expect((await remove('shop:goods:read')).status).toBe(404);
    expect((await house.get(`${AT}/shop:goods:read`)).status).toBe(404);
    expect(house.deps.scopes.stored('default')).toEqual({});
    if (engine.name === 'postgres') await expect.poll(() => other.stored('default'), { timeout: 20_000 }).toEqual({});
    expect(await audited(), 'one entry for each change, and none where nothing changed').toEqual([
      'admin scopes.removed default',
      'admin scopes.described default',
      'admin scopes.described default',
      'admin scopes.described default',
    ]);
    await other.close();
  });

  test('what is wrong is refused: names outside the grammar, scopes without methods, those of the configuration, other projects', async () => {
    house = await openApiHouse(engine);
    const refused = async (name: string, body: unknown, how?: Ask) => (await put(name, body, how)).status;
    expect(await refused('shop:*:read', { methods: ['GET'] })).toBe(400);
    expect(await refused('sho*', {})).toBe(400);
    expect(await refused('shop', {})).toBe(400);
    expect(await refused('shop:*', { methods: ['GET'] })).toBe(400);
    expect(await refused('shop', { methods: ['FETCH'] })).toBe(400);
    expect(await refused('shop', { methods: ['GET'], endpoints: [] })).toBe(400);
    expect(await refused('shop', { methods: ['GET'], endpoints: ['/../x'] })).toBe(400);
    expect(await refused('read', { methods: ['DELETE'] })).toBe(409);
    expect((await remove('read')).status).toBe(409);
    expect(await refused('shop', { methods: ['GET'] }, { as: house.tokens.operator })).toBe(403);
    expect((await house.get('/projects/other/scopes')).status).toBe(404);
    expect((await house.ask('PUT', '/api/v1/projects/other/scopes/shop', { body: { methods: ['GET'] } })).status).toBe(404);
    expect(await names()).toEqual(['admin', 'delete', 'read', 'write']);
    // Described here first and in the file later: the file's is in force, and the list says so.
    await put('later', { methods: ['GET'] });
    house.state.policy = { ...house.state.policy, scopesOf: () => ({ later: { methods: ['DELETE'] } }) };
    expect((await house.get(`${AT}/later`)).body).toMatchObject({ origin: 'file', methods: ['DELETE'], overruled: true });
  });

  test('an import is all or nothing, tells every mistake with its place, and an export comes back in unchanged', async () => {
    house = await openApiHouse(engine);
    const wrong = [
      { name: 'shop:goods:read', methods: ['GET'] },
      { name: 'shop goods', methods: ['GET'] },
      { name: 'shop:goods:write', methods: ['POST', 'FETCH'], endpoints: ['shop'], colour: 'red' },
      { name: 'shop:goods:read', methods: ['HEAD'] },
      'shop',
      { name: 'shop:none', methods: [] },
    ];
    const answer = await house.post(`${AT}/import`, { scopes: wrong });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid' } });
    expect(answer.body.mistakes.map(({ at }: { at: string }) => at)).toEqual([
      'scopes[1].name',
      'scopes[2].methods[1]',
      'scopes[2].endpoints[0]',
      'scopes[2].colour',
      'scopes[3]',
      'scopes[4].name',
      'scopes[4]',
      'scopes[5]',
    ]);
    expect((await house.post(`${AT}/import`, { scopes: { 'a:b': { methods: 'GET' } } })).body.mistakes[0].at).toBe(
      'scopes.a:b.methods',
    );
    expect((await house.get(`${AT}/export`)).body).toEqual({ scopes: [] });

    const good = {
      'shop:goods:read': { methods: ['GET'] },
      'shop:goods:write': { methods: ['POST'], endpoints: ['/shop/*'] },
      'shop:*': {},
    };
    expect((await house.post(`${AT}/import`, { scopes: good, dryRun: true })).body).toMatchObject({
      applied: false,
      added: { length: 3 },
    });
    expect(await names('&covers=shop:*')).toEqual([]);
    expect((await house.post(`${AT}/import`, { scopes: good })).body).toMatchObject({
      applied: true,
      added: { length: 3 },
      unchanged: 0,
    });
    const { body: exported } = await house.get(`${AT}/export`);
    expect((await house.post(`${AT}/import`, exported)).body).toMatchObject({
      applied: false,
      added: [],
      changed: [],
      unchanged: 3,
    });
    await house.post(`${AT}/import`, { scopes: [{ name: 'shop:goods:read', methods: ['GET', 'HEAD'] }] });
    await house.post(`${AT}/import`, exported);
    expect((await house.get(`${AT}/export`)).body, 'back to what was exported').toEqual(exported);
    expect((await house.post(`${AT}/import`, { scopes: { read: { methods: ['GET'] } } })).status, 'of the configuration').toBe(
      409,
    );
    expect(await audited()).toHaveLength(3);

    const example = JSON.parse(readFileSync(new URL('../config/examples/scopes.json', import.meta.url), 'utf8')) as unknown;
    expect((await house.post(`${AT}/import`, { scopes: example })).body).toMatchObject({
      applied: true,
      changed: [],
      removed: [],
    });
    expect(await names('&covers=desk:projects:*')).toEqual([
      'desk:projects:*',
      'desk:projects:delete',
      'desk:projects:read',
      'desk:projects:write',
    ]);

    const many = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`m:${from + at}`, { methods: ['GET'] }]));
    const rest = 5000 - Object.keys(good).length - (example as unknown[]).length;
    expect((await house.post(`${AT}/import`, { scopes: many(0, rest) })).body.applied, 'as many as there may be').toBe(true);
    expect(await house.post(`${AT}/import`, { scopes: many(rest, 1) })).toMatchObject({ status: 400 });
  });

  // What is written and how was asked of both engines above.
  test.runIf(engine.name === 'embedded')(
    'an OpenAPI document is looked at first, then made, all or nothing, and twice is once',
    async () => {
      house = await openApiHouse(engine);
      const from = (body: object) => house.post(`${AT}/from-openapi`, body);
      const preview = await from({ document: PETSTORE, dryRun: true, generateWildcards: true });
      expect(preview).toMatchObject({
        status: 200,
        body: { applied: false, namespace: 'petstore', added: { length: 7 }, wider: [] },
      });
      expect(await names('&covers=petstore:*')).toEqual([]);
      expect((await from({ document: PETSTORE, generateWildcards: true })).body).toMatchObject({
        applied: true,
        added: { length: 7 },
      });
      expect((await from({ document: PETSTORE, generateWildcards: true })).body).toMatchObject({ applied: false, unchanged: 7 });
      expect(house.deps.scopes.stored('default')['petstore:pets:read']).toMatchObject({
        methods: ['GET'],
        endpoints: ['/api/v1/pets', '/api/v1/pets/*', '/api/v1/pets/findByStatus'],
      });

      // A document that changed: what it no longer has goes only where that is asked for, and nothing of another origin.
      await put('petstore:by:hand', { methods: ['GET'] });
      const moved = { document: PETSTORE, basePath: '/pets-api', strategy: 'tag_based', dryRun: true };
      expect((await from(moved)).body).toMatchObject({ removed: [], wider: [{ name: 'petstore:pets:read' }] });
      expect((await from({ ...moved, dryRun: false })).body).toMatchObject({ code: 'conflict', at: 'allowWider' });
      const { body } = await from({ ...moved, dryRun: false, allowWider: true, prune: true });
      expect(body.removed.map(({ name }: { name: string }) => name)).toEqual([
        'petstore:*',
        'petstore:orders:*',
        'petstore:pets:*',
      ]);
      expect(await names('&covers=petstore:by:*')).toEqual(['petstore:by:hand']);

      expect((await from({ document: LIBRARY })).body).toMatchObject({ code: 'conflict', at: 'ignoreUnknownResources' });
      expect((await from({ document: LIBRARY, ignoreUnknownResources: true })).body).toMatchObject({
        applied: true,
        leftOut: { length: 5 },
      });
      expect(await from({ document: 'openapi: 3.1.0\npaths: [' })).toMatchObject({
        status: 400,
        body: { at: 'document line 2' },
      });
      expect((await from({ document: LIBRARY, naming: { namespace: 'Not This' } })).status).toBe(400);
      expect(await audited()).toHaveLength(4);
    },
  );
});
