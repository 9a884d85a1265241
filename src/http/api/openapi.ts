import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { FAULT_CODES, type FaultCode } from '../../reservation/fault.ts';
import { STATUS_OF } from '../errors.ts';
import type { Answer, OpenApi, Operation, Parameter, Reference } from './document.ts';
import type { Elsewhere } from './elsewhere-operation.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { createGatherer, type Gatherer } from './json-schema.ts';
import type { ApiRoute } from './route.ts';
import { TAGS } from './tags.ts';
import { Empty, Nothing } from './words.ts';

export const API_PATH = '/api/v1';

const Problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong and what to do, for people.' }),
    code: z.string().meta({ description: `Stable: ${FAULT_CODES.join(', ')}, unsupported, not_allowed or internal.` }),
    requestId: z.string(),
    at: z.string().optional().meta({ description: 'The field or line that is wrong.' }),
  })
  .meta({ id: 'Problem', description: 'What every error is (RFC 9457).' });

const PROBLEM: Reference = { $ref: '#/components/responses/Problem' };
const BEARER = [{ operator: [] }];

/** The OpenAPI document of the whole service: the management API from its own declarations, the rest as described by hand. */
export function createDocument(
  served: Readonly<Record<string, readonly ApiRoute[]>>,
  about: { version: string; publicUrl: string },
): OpenApi {
  const gatherer = createGatherer();
  const paths: Record<string, Record<string, Operation>> = {};
  const add = (path: string, method: string, operation: Operation) => ((paths[path] ??= {})[method] = operation);
  for (const [base, routes] of Object.entries(served))
    for (const route of routes) add(base + route.path, route.method, operationOf(route, gatherer));
  for (const served of ELSEWHERE) add(served.path, served.method, operationElsewhere(served, gatherer));
  const problem = { description: 'What is wrong, as RFC 9457 has it.', content: problemContent(gatherer) };
  return {
    openapi: '3.1.1',
    info: { title: 'Latchkey', version: about.version, description: DESCRIPTION },
    servers: [{ url: about.publicUrl.replace(/\/+$/, '') }],
    tags: TAGS,
    security: BEARER,
    paths,
    components: {
      securitySchemes: { operator: { type: 'http', scheme: 'bearer', description: "An operator's token, lko_…" } },
      responses: { Problem: problem },
      schemas: gatherer.named(),
    },
  };
}

const DESCRIPTION = [
  'A booking becomes an API key, and the end of the booking takes it away.',
  'Instants are RFC 3339 in UTC; errors are problem documents (RFC 9457) with a stable `code`.',
  'Lists answer `items` and `next`: give `next` as `cursor` for the page after it.',
].join(' ');

function operationOf(route: ApiRoute, gatherer: Gatherer): Operation {
  const body = route.body === Nothing ? undefined : gatherer.schemaOf(route.body);
  const parameters = [
    ...parametersOf(route.params, 'path', gatherer),
    ...parametersOf(route.query, 'query', gatherer),
    ...parametersOf(route.headers === Nothing ? undefined : route.headers, 'header', gatherer),
  ];
  return {
    operationId: route.id,
    tags: [route.tag ?? tagOf(route.path)],
    summary: route.summary,
    description: route.description,
    'x-permission': route.permission,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            required: (body.required ?? []).length > 0,
            content: { 'application/json': { schema: body }, ...(route.table && TABLE) },
          },
        }
      : {}),
    responses: { ...successes(route, gatherer), ...failures(route) },
  };
}

const TABLE = { 'text/csv': { schema: { type: 'string' } } } as const;

/** The first word of the path, of a project's resources that of the resource. */
function tagOf(path: string): string {
  return path.replace(/^\/projects\/\{project\}(?=\/)/, '').split('/')[1]!;
}

function successes({ responses }: ApiRoute, gatherer: Gatherer): Record<string, Answer> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => {
      const description = STATUS_CODES[status] ?? 'Answer';
      if (schema === Empty) return [status, { description }];
      const type = Number(status) >= 400 ? 'application/problem+json' : 'application/json';
      return [status, { description, content: { [type]: { schema: gatherer.schemaOf(schema) } } }];
    }),
  );
}

function failures({ params, query, body, faults = [] }: ApiRoute): Record<string, Reference> {
  const codes = new Set<FaultCode>(['unauthorized', 'forbidden', 'too_many', 'unavailable', ...faults]);
  if (query !== Nothing || body !== Nothing || params !== Nothing) codes.add('invalid');
  if (params !== Nothing) codes.add('not_found');
  return Object.fromEntries([...codes].map((code) => [String(STATUS_OF[code]), PROBLEM]));
}

function operationElsewhere(served: Elsewhere, gatherer: Gatherer): Operation {
  const { params, query, headers, body } = served;
  const parameters = [
    ...parametersOf(params, 'path', gatherer),
    ...parametersOf(query, 'query', gatherer),
    ...parametersOf(headers, 'header', gatherer),
  ];
  return {
    operationId: served.id,
    tags: [served.tag],
    summary: served.summary,
    description: served.description,
    security: served.token ? [{}, ...BEARER] : [],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: { [body.type]: { schema: gatherer.schemaOf(body.schema) } } } } : {}),
    responses: Object.fromEntries(
      Object.entries(served.responses).map(([status, { means, type, schema, orProblem }]): [string, Answer] => [
        status,
        {
          description: orProblem ? `${means} As a problem document: ${orProblem}` : means,
          ...(schema !== Empty && {
            content: {
              ...(schema ? { [type ?? 'application/json']: { schema: gatherer.schemaOf(schema) } } : {}),
              ...(schema && !orProblem ? {} : problemContent(gatherer)),
            },
          }),
        },
      ]),
    ),
  };
}

function problemContent(gatherer: Gatherer): Answer['content'] {
  return { 'application/problem+json': { schema: gatherer.schemaOf(Problem) } };
}

function parametersOf(schema: z.ZodType | undefined, place: Parameter['in'], gatherer: Gatherer): Parameter[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = gatherer.schemaOf(schema);
  return Object.entries(properties).map(([name, { description, ...own }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    description,
    schema: own,
  }));
}
