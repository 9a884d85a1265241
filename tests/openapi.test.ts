import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apiDeclarations, apiRoutes } from '../src/http/api/api.ts';
import type { ApiDeps } from '../src/http/api/deps.ts';
import type { JsonSchema, OpenApi, Operation } from '../src/http/api/document.ts';
import { createApp } from '../src/http/app.ts';
import { silentLog } from '../src/observe/log.ts';

/** The rules of OpenAPI 3.1.1 that a document like ours can break. */
const Schema = z.record(z.string(), z.unknown());
const Content = z.record(z.string().regex(/^[\w.+-]+\/[\w.+-]+$/), z.strictObject({ schema: Schema }));
const Answer = z.union([
  z.strictObject({ $ref: z.string() }),
  z.strictObject({ description: z.string().min(1), content: Content.optional() }),
]);
const Security = z.array(z.record(z.string(), z.array(z.string())));
const OperationRule = z.strictObject({
  operationId: z.string().regex(/^[a-z]\w+$/),
  tags: z.array(z.string()).min(1),
  summary: z.string().min(1),
  description: z.string().optional(),
  security: Security.optional(),
  'x-permission': z.string().optional(),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        description: z.string().optional(),
        schema: Schema,
      }),
    )
    .optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: Content }).optional(),
  responses: z.record(z.string().regex(/^[2-5]\d\d$/), Answer).refine((responses) => Object.keys(responses).length > 0),
});
const Rules = z.strictObject({
  openapi: z.literal('3.1.1'),
  info: z.strictObject({ title: z.string().min(1), version: z.string().min(1), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.url() })).min(1),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  security: Security,
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), OperationRule)),
  components: z.strictObject({
    securitySchemes: z.record(
      z.string(),
      z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer'), description: z.string() }),
    ),
    responses: z.record(z.string(), Answer),
    schemas: z.record(z.string().regex(/^[\w.-]+$/), Schema),
  }),
});

const deps = { publicUrl: 'https://keys.example.org/', version: '1.2.3', guard: { needs: () => () => {} } } as unknown as ApiDeps;
const routes = apiDeclarations(deps);
let server: Server;
let document: OpenApi;
let page: Response;
let html: string;

beforeAll(async () => {
  server = createApp({ log: silentLog, trustProxy: [], routers: [apiRoutes(deps)] }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApi;
  page = await fetch(`${url}/docs`);
  html = await page.text();
});
afterAll(() => void server.close());

const operations = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
  );

describe('the OpenAPI document', () => {
  test('keeps the rules of OpenAPI 3.1', () => {
    const read = Rules.safeParse(document);
    expect(read.error?.issues ?? []).toEqual([]);
    const ids = operations().map(([, , operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map((tag) => tag.name);
    for (const [path, , { parameters = [], tags: own }] of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.filter((each) => each.in === 'path');
      expect(
        declared.map((each) => each.name),
        path,
      ).toEqual(named);
      expect(
        declared.every((each) => each.required),
        path,
      ).toBe(true);
      expect(tags, path).toEqual(expect.arrayContaining([...own]));
    }
  });

  test('every reference leads somewhere, and no schema is there for nothing', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
    expect(Object.keys(document.components.schemas).sort()).toEqual([...new Set(names)].sort());
    expect(text.matchAll(/"\$ref":"(?!#\/components\/(schemas|responses)\/)/g).toArray()).toEqual([]);
    expect(text).not.toContain('$defs');
  });

  test('has every declared route with its permission, and no other of the management API', () => {
    const declared = routes.map((route) => `${route.method} /api/v1${route.path} ${route.permission}`);
    const documented = operations().filter(([path]) => path.startsWith('/api/v1'));
    expect(documented.map(([path, method, operation]) => `${method} ${path} ${operation['x-permission']}`).sort()).toEqual(
      declared.sort(),
    );
    for (const [path, , { responses }] of documented) {
      expect(Object.keys(responses), path).toEqual(expect.arrayContaining(['401', '403']));
      if (path.includes('{')) expect(responses, path).toHaveProperty('404');
    }
  });

  test('has what is served elsewhere, open to those it is for', () => {
    const open = operations()
      .filter(([, , operation]) => operation.security?.length === 0)
      .map(([path, method]) => `${method} ${path}`);
    expect(open).toEqual(
      expect.arrayContaining([
        'post /webhook',
        'post /webhooks/{source}',
        'get /claim/{token}',
        'post /claim/{token}',
        'get /verify',
        'get /health/ready',
      ]),
    );
  });

  test('names what a caller sends and gets as it travels', () => {
    const { schemas } = document.components;
    expect(schemas['Lease']).toMatchObject({
      type: 'object',
      properties: {
        closesAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
        grant: { anyOf: [{ $ref: '#/components/schemas/Grant' }, { type: 'null' }] },
      },
    });
    expect(schemas['NewOperator']).toMatchObject({ properties: { token: { type: 'string' } } });
    const list = document.paths['/api/v1/leases']!['get']!;
    expect(list.parameters).toContainEqual(
      expect.objectContaining({
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
      }),
    );
    const body = document.paths['/api/v1/leases/{id}/rotate']!['post']!.requestBody!.content['application/json']!.schema;
    expect(body).toMatchObject({ required: ['overlap'], additionalProperties: false });
    expect(fieldsNamed(Object.values(schemas))).not.toContainEqual(expect.stringMatching(/^(sealed|handle|tokenHash)/));
  });
});

describe('the docs page', () => {
  test('has every path, operation and schema', () => {
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!));
    for (const [path, method, operation] of operations()) {
      expect(ids, operation.operationId).toContain(operation.operationId);
      expect(html).toContain(`<span class="method ${method}">${method.toUpperCase()}</span> <code class="path">${path}</code>`);
    }
    for (const name of Object.keys(document.components.schemas)) expect(ids).toContain(`schema-${name}`);
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids, `#${target}`).toContain(target);
  });

  test('runs nothing and loads nothing, and its policy allows nothing but its own style', () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|style="| on\w+="/i);
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('shows how to call an operation', () => {
    expect(html.replaceAll('&#34;', '"').replaceAll('&#39;', "'")).toContain(
      `curl -X POST -H "Authorization: Bearer $LATCHKEY_TOKEN" -H "Content-Type: application/json" -d '{"reason":"posted in a chat"}' "https://keys.example.org/api/v1/leases/$id/revoke"`,
    );
  });
});

function fieldsNamed(schemas: readonly JsonSchema[]): string[] {
  return schemas.flatMap(({ properties = {} }) => [...Object.keys(properties), ...fieldsNamed(Object.values(properties))]);
}
