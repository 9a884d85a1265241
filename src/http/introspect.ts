// oxlint-disable oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on to the error handler
import { Router, urlencoded, type ErrorRequestHandler, type NextFunction, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Inspect, Inspected } from '../keys/inspect.ts';
import { bearerOf, type VerifyAccess } from './front/access.ts';
import { Fault } from '../reservation/fault.ts';
import type { TokenRules } from '../reservation/tokens.ts';

export interface IntrospectDeps {
  readonly inspect: Inspect;
  /** Whether this caller may ask at all: as with verify. */
  readonly access: VerifyAccess;
  /** For keys that say nothing themselves. */
  readonly rules: () => Pick<TokenRules, 'issuer' | 'audience'>;
}

/** `token_type_hint` and what else there may be is not needed. */
export const IntrospectBody = z.object({ token: z.string().min(1) });

/** What RFC 7662 names, as far as we know it; `lease` is ours. Instants are seconds since 1970. */
export const Introspection = z.union([
  z.strictObject({ active: z.literal(false) }),
  z.strictObject({
    active: z.literal(true),
    scope: z.string(),
    client_id: z.string(),
    username: z.string(),
    token_type: z.literal('Bearer'),
    exp: z.int().optional(),
    iat: z.int().optional(),
    nbf: z.int(),
    sub: z.string(),
    aud: z.string(),
    iss: z.string(),
    jti: z.string(),
    lease: z.string(),
  }),
]);

/** `POST /oauth/introspect` (RFC 7662): any key of the built-in manager, be it a token or not. Burns nothing and counts nothing. */
export function introspectRoutes({ inspect, access, rules }: IntrospectDeps): Router {
  const router = Router();

  async function admit(request: Request, _response: Response, next: NextFunction): Promise<void> {
    const from = request.ip ?? '';
    if (!access.isListed(from) && !(await access.hasToken(bearerOf(request.headers.authorization), from)))
      throw new Fault(
        'forbidden',
        'Tokens can be asked about from the networks in VERIFY_ALLOW_FROM, or with an operator token.',
      );
    next();
  }

  const readForm = urlencoded({ extended: false, type: () => true, limit: '16kb' });
  router.post('/oauth/introspect', admit, readForm, badForm, async (request: Request, response: Response) => {
    const asked = IntrospectBody.safeParse(request.body);
    response.set('Cache-Control', 'no-store');
    if (!asked.success) {
      // RFC 6749 5.2, to which RFC 7662 refers.
      response.status(400).json({ error: 'invalid_request', error_description: 'No token provided' });
      return;
    }
    const found = await inspect(asked.data.token);
    response.json(found ? activeOf(found, rules()) : { active: false });
  });
  return router;
}

/** What a token says of itself comes from it; the rest, and when it is good, from our books. */
function activeOf({ record, claims }: Inspected, rules: ReturnType<IntrospectDeps['rules']>): z.output<typeof Introspection> {
  return {
    active: true,
    scope: record.rights.scopes.join(' '),
    client_id: record.budget.lease,
    username: record.holder,
    token_type: 'Bearer',
    ...(record.closesAt < NEVER_MS ? { exp: Math.floor(record.closesAt / 1000) } : {}),
    ...(claims?.iat === undefined ? {} : { iat: claims.iat }),
    nbf: Math.ceil(record.opensAt / 1000),
    sub: record.holder,
    aud: typeof claims?.aud === 'string' ? claims.aud : (rules.audience ?? record.project),
    iss: claims?.iss ?? rules.issuer,
    jti: record.id,
    lease: record.budget.lease,
  };
}

/** From the year 9999 on a key is said not to expire. */
const NEVER_MS = Date.UTC(9999, 0, 1);

const badForm: ErrorRequestHandler = (error: { type?: string }, _request, _response, next) => {
  next(error.type === undefined ? error : new Fault('invalid', 'The body is not a form.'));
};
