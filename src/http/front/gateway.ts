import type { IncomingMessage } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import { z } from 'zod';
import type { Verdict } from '../../keys/verdict.ts';
import type { Verify } from '../../keys/verify.ts';
import { answerGateway, refuse, type Asker, type Refusal } from './answer.ts';
import type { Callers } from './callers.ts';
import type { Asked, Dialect } from './dialects.ts';
import { parsed } from './parsed.ts';
import { keyOf } from './presented.ts';

const VerifyQuery = z.object({ method: z.string().optional(), path: z.string().optional(), ip: z.string().optional() });

const NOT_SAID: Refusal = {
  status: 403,
  error: 'invalid_request',
  description: 'The gateway did not say which method and path it asks about',
};

export interface GatewayParts {
  readonly verify: Verify;
  readonly callers: Callers;
}

/**
 * For gateways: the key as its client sent it, the verdict as status 200, 401, 403 or 429 with an OAuth-style body (RFC 6750). Answers at once
 * where verify does. Without a dialect the request's query says what it is about, and what it does not say is not checked.
 */
export function verifyForGateway(
  { verify, callers }: GatewayParts,
  request: IncomingMessage,
  { asker, dialect }: { asker: Asker; dialect: Dialect | undefined },
): void | Promise<void> {
  const asked = dialect ? dialect.read(request, callers) : queryOf(request);
  if (!asked) return refuse(asker, NOT_SAID);
  const key = keyOf(request);
  if (typeof key !== 'string') return refuse(asker, { status: 401, error: 'invalid_token', description: key.problem });
  const { method, path, ip } = asked;
  const verdict = verify({ key, method, path, ip, guesser: ip ?? callers.callerOf(request) });
  if (verdict instanceof Promise) return verdict.then((late: Verdict) => answerGateway(asker, late));
  answerGateway(asker, verdict);
}

function queryOf({ url = '' }: IncomingMessage): Partial<Asked> {
  const mark = url.indexOf('?');
  return mark === -1 ? {} : parsed(VerifyQuery, parseQuery(url.slice(mark + 1)));
}
