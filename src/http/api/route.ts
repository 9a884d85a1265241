import express, { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { operatorOf, type Guard } from '../../access/guard.ts';
import type { Operator, Permission } from '../../access/operators.ts';
import { mustSee, mustSeeAll } from '../../access/reach.ts';
import type { Originated } from '../../ledger/origins.ts';
import { Fault, type FaultCode } from '../../reservation/fault.ts';
import { Nothing } from './words.ts';

/** One operation of the management API: what is served and what is documented are read from the same declaration. */
export interface ApiRoute {
  /** Stable: generated clients take their method names from it. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below /api/v1, as in OpenAPI: `/leases/{id}`. */
  readonly path: string;
  readonly permission: Permission;
  /** What operators of one project find there. Without it only a path below `/projects/{project}` is open to them, and to those of that project. */
  readonly reach?: Reach;
  readonly summary: string;
  readonly description?: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** By their names in lower case. */
  readonly headers: z.ZodType;
  readonly body: z.ZodType;
  /** The chapter of the document, where the path does not tell it. */
  readonly tag?: string;
  /** Takes a table (text/csv) as well: the body that it stands for. */
  readonly table?: (text: string) => unknown;
  /** Bytes of a body, where it may be more than the usual 64 kB. */
  readonly largestBody?: number;
  readonly responses: Responses;
  /** What may be answered besides the faults that every route has. */
  readonly faults?: readonly FaultCode[];
  handle(input: { params: unknown; query: unknown; headers: unknown; body: unknown }, caller: Operator): Promise<Reply>;
}

/**
 * own        what is theirs: `handle` looks at the caller
 * lease, ... one of these, named by the path: 404 when it is not of their project, before anything else is looked at
 */
export type Reach = 'own' | Originated;

/** By status; a body's fields that its schema does not name never leave. */
export type Responses = Readonly<Record<number, z.ZodType>>;

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  /** A text of this type instead of JSON. */
  readonly type?: 'text/csv';
}

type ReplyTo<R extends Responses> = { [S in keyof R & number]: { status: S; body: z.output<R[S]>; type?: 'text/csv' } }[keyof R &
  number];

interface Declaration<
  P extends z.ZodType,
  Q extends z.ZodType,
  H extends z.ZodType,
  B extends z.ZodType,
  R extends Responses,
> extends Omit<ApiRoute, 'params' | 'query' | 'headers' | 'body' | 'responses' | 'handle'> {
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  readonly responses: R;
  handle(
    input: { params: z.output<P>; query: z.output<Q>; headers: z.output<H>; body: z.output<B> },
    caller: Operator,
  ): Promise<ReplyTo<NoInfer<R>>>;
}

/** Types a declaration; the only way to make one. */
export function route<
  R extends Responses,
  P extends z.ZodType = typeof Nothing,
  Q extends z.ZodType = typeof Nothing,
  H extends z.ZodType = typeof Nothing,
  B extends z.ZodType = typeof Nothing,
>(declaration: Declaration<P, Q, H, B, R>): ApiRoute {
  return { params: Nothing, query: Nothing, headers: Nothing, body: Nothing, ...declaration };
}

const LARGEST_BODY = 65_536;

export interface RouterParts {
  readonly guard: Pick<Guard, 'needs'>;
  /** Whether something is there and not of a project that the caller sees. */
  readonly hides: (caller: Operator, what: Originated, id: string) => Promise<boolean>;
}

/** Serves the routes: the caller's right first, then what was sent, checked before anything is done. Every failure is a Fault for the error handler. */
export function createApiRouter(routes: readonly ApiRoute[], { guard, hides }: RouterParts): Router {
  const router = Router();
  for (const declared of routes) {
    // Whatever its content type says: a body here is JSON or refused.
    const limit = declared.largestBody ?? LARGEST_BODY;
    const parseBody = [
      ...(declared.table ? [express.text({ type: 'text/csv', limit })] : []),
      express.json({ type: () => true, limit }),
    ];
    const path = declared.path.replaceAll(/\{(\w+)\}/g, ':$1');
    router[declared.method](path, guard.needs(declared.permission), parseBody, async (request: Request, response: Response) => {
      const caller = operatorOf(response);
      const params = read(declared.params, request.params, 'path');
      await checkReach(declared, { caller, params: request.params, hides });
      const input = {
        params,
        query: read(declared.query, request.query, 'query'),
        // Every request has others beside those that are asked for.
        headers: declared.headers === Nothing ? {} : read(declared.headers, request.headers, 'header'),
        body: read(declared.body, await bodyOf(declared, request), 'body'),
      };
      answer(response, declared, await declared.handle(input, caller));
    });
  }
  return router;
}

function bodyOf({ table }: ApiRoute, { body }: Request): unknown {
  return table && typeof body === 'string' ? table(body) : (body ?? {});
}

/** The one place where projects are kept apart: a route that says nothing is closed to whoever sees one project only. */
async function checkReach({ reach }: ApiRoute, { caller, params, hides }: Asking): Promise<void> {
  if (caller.project === null) return;
  // A tenant is a project in the words of others.
  const project = params['project'] ?? params['tenant'];
  if (project !== undefined) return mustSee(caller, String(project));
  if (reach === 'own') return;
  if (reach === undefined) return mustSeeAll(caller);
  const [id] = Object.values(params);
  if (await hides(caller, reach, String(id))) throw new Fault('not_found', `there is no ${reach} ${String(id)}`);
}

type Asking = { caller: Operator; params: Request['params'] } & Pick<RouterParts, 'hides'>;

function read(schema: z.ZodType, given: unknown, part: 'path' | 'query' | 'header' | 'body'): unknown {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? []);
  const at = path.map(String).join('.').slice(0, 100);
  const wrong = issue?.code === 'unrecognized_keys' ? 'is not known here' : (issue?.message ?? 'cannot be read');
  throw new Fault('invalid', `${part}${at === '' ? '' : ` ${at}`}: ${wrong}`, { at: at === '' ? part : at });
}

function answer(response: Response, { id, responses }: ApiRoute, { status, body, type }: Reply): void {
  const schema = responses[status];
  if (!schema) throw new Error(`api: ${id} answers ${status}, which it does not declare`);
  response.status(status).set('Cache-Control', 'no-store');
  if (body === undefined) return void response.end();
  if (type) return void response.type(type).send(z.encode(schema, body));
  response.type(status >= 400 ? 'application/problem+json' : 'application/json');
  // Encoding takes what the schema names and leaves the rest behind.
  response.send(JSON.stringify(z.encode(schema, body)));
}
