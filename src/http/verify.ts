// oxlint-disable oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on to the error handler
import { json, Router, type ErrorRequestHandler, type NextFunction, type Request, type Response } from 'express';
import { z } from 'zod';
import type { VerifyRequest } from '../keys/verdict.ts';
import type { Verify } from '../keys/verify.ts';
import { Fault } from '../reservation/fault.ts';
import { answerGateway, keyOf } from './verify-answer.ts';

export interface VerifyDeps {
  readonly verify: Verify;
  /** Whether this caller may ask at all. */
  readonly allow: (request: Request) => boolean | Promise<boolean>;
}

export const VerifyBody = z.object({
  key: z.string(),
  method: z.string().optional(),
  path: z.string().optional(),
  ip: z.string().optional(),
  scopes: z
    .array(z.string())
    .max(100)
    .optional()
    .meta({ description: 'The key must hold one of them, by name or by a wildcard.' }),
  cost: z.int().min(1).max(10_000).optional(),
});

const VerifyQuery = z.object({ method: z.string().optional(), path: z.string().optional(), ip: z.string().optional() });

/**
 * `POST /v1/verify` for programs: always 200 with the verdict, 400 only for a body that cannot be read.
 * `GET /verify` for gateways: the key as its client sent it, the verdict as status 200, 401, 403 or 429 with an OAuth-style body (RFC 6750).
 */
export function verifyRoutes({ verify, allow }: VerifyDeps): Router {
  const router = Router();

  async function admit(request: Request, _response: Response, next: NextFunction): Promise<void> {
    if (!(await allow(request)))
      throw new Fault('forbidden', 'Keys can be verified from the networks in VERIFY_ALLOW_FROM, or with an operator token.');
    next();
  }

  async function verifyForProgram(request: Request, response: Response): Promise<void> {
    const asked: VerifyRequest = parse(VerifyBody, request.body);
    const verdict = await verify(asked);
    response.set('cache-control', 'no-store').json(verdict);
  }

  async function verifyForGateway(request: Request, response: Response): Promise<void> {
    const found = keyOf(request);
    if ('problem' in found) return answerGateway(response, found);
    const about = parse(VerifyQuery, request.query);
    answerGateway(response, await verify({ key: found.key, ...about }));
  }

  // Whatever its content type says: a body here is JSON or refused.
  router.post('/v1/verify', admit, json({ type: () => true, limit: '16kb' }), faultOfBody, verifyForProgram);
  router.get('/verify', admit, verifyForGateway);
  return router;
}

function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const at = first?.path.join('.');
  throw new Fault('invalid', `${at ? `${at}: ` : ''}${first?.message ?? 'The request cannot be read.'}`, { at });
}

const faultOfBody: ErrorRequestHandler = (error: { type?: string }, _request, _response, next) => {
  next(error.type === 'entity.parse.failed' ? new Fault('invalid', 'The body is not JSON.') : error);
};
