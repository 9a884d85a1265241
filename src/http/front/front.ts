import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Verify } from '../../keys/verify.ts';
import type { Log } from '../../observe/log.ts';
import { Fault } from '../../reservation/fault.ts';
import { problemOf } from '../errors.ts';
import { requestIdFor } from '../request-id.ts';
import { bearerOf, TOKEN_HEADER, type VerifyAccess } from './access.ts';
import type { Asker } from './answer.ts';
import { compileCallers } from './callers.ts';
import { dialectAt, type Dialect } from './dialects.ts';
import { verifyForGateway } from './gateway.ts';
import { verifyForProgram } from './program.ts';
import { headerLines, send } from './reply.ts';

export interface FrontParts {
  readonly verify: Verify;
  readonly access: VerifyAccess;
  /** Proxies whose X-Forwarded-For is believed; none when empty. */
  readonly trustProxy: readonly string[];
  readonly log: Log;
  /** Writes a line about each request, at debug. */
  readonly logsRequests: boolean;
  /** Gets every request that is not about a key. */
  readonly otherwise: RequestListener;
}

/** What asks, and by which rules it is let in. */
interface Door {
  readonly isProgram: boolean;
  readonly dialect: Dialect | undefined;
}

const PROGRAM: Door = { isProgram: true, dialect: undefined };
const PLAIN: Door = { isProgram: false, dialect: undefined };

/**
 * Answers whether keys are good, before the router: a gateway asks on every request of its clients, so this way is kept free of everything
 * that it does not need. A known key with limits of this process is answered before the listener returns.
 */
export function createFront({ verify, access, trustProxy, log, logsRequests, otherwise }: FrontParts): RequestListener {
  const callers = compileCallers(trustProxy);
  const gateway = { verify, callers };

  /** In a dialect it is the gateway itself that must be listed: forwarded addresses are those of its clients. */
  function askerOf(request: IncomingMessage, { dialect }: Door): string {
    return dialect ? (request.socket.remoteAddress ?? '') : callers.callerOf(request);
  }

  function serve(request: IncomingMessage, asker: Asker, door: Door): void | Promise<void> {
    const caller = askerOf(request, door);
    if (access.isListed(caller)) return answer(request, asker, { door, caller });
    const token = door.isProgram ? bearerOf(request.headers.authorization) : request.headers[TOKEN_HEADER];
    return access.hasToken(typeof token === 'string' ? token : undefined, caller).then((may) => {
      if (!may)
        throw new Fault('forbidden', 'Keys can be verified from the networks in VERIFY_ALLOW_FROM, or with an operator token.');
      return answer(request, asker, { door, caller });
    });
  }

  function answer(
    request: IncomingMessage,
    asker: Asker,
    { door, caller }: { door: Door; caller: string },
  ): void | Promise<void> {
    if (door.isProgram) return verifyForProgram(verify, request, { asker, caller });
    return verifyForGateway(gateway, request, { asker, dialect: door.dialect });
  }

  function fail(request: IncomingMessage, { response, requestId, knowsOnly403, reads }: Asker, error: unknown): void {
    const { status, retryAfter, body, isUnexpected } = problemOf(error, requestId);
    if (isUnexpected) log.error('request failed', { requestId, method: request.method, error });
    if (response.headersSent) return void response.destroy();
    const lines = headerLines(requestId);
    if (retryAfter !== undefined) lines.push('retry-after', retryAfter);
    const told = knowsOnly403 && status < 500 ? 403 : status;
    if (told !== status) lines.push('x-verify-status', `${status}`);
    const type = 'application/problem+json; charset=utf-8';
    send(response, { status: told, type, body: reads === 'nothing' ? '' : body }, lines);
  }

  return (request, response) => {
    const door = doorOf(request);
    if (!door) return otherwise(request, response);
    const given = request.headers['x-request-id'];
    const requestId = requestIdFor(given);
    const { knowsOnly403 = false, reads = 'all' } = door.dialect ?? {};
    const asker: Asker = { response, requestId, isTraced: logsRequests || given !== undefined, knowsOnly403, reads };
    if (logsRequests) logWhenDone(log, request, asker);
    try {
      const later = serve(request, asker, door);
      if (later) later.catch((error: unknown) => fail(request, asker, error));
    } catch (error) {
      fail(request, asker, error);
    }
  };
}

function doorOf({ method, url = '' }: IncomingMessage): Door | undefined {
  if (!url.startsWith('/v')) return undefined;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (path === '/verify') return method === 'GET' || method === 'HEAD' ? PLAIN : undefined;
  if (path === '/v1/verify') return method === 'POST' ? PROGRAM : undefined;
  const dialect = dialectAt(path);
  return dialect && { isProgram: false, dialect };
}

/** As the router logs its own: without the query. What Envoy appends is the client's path, which is none of ours to keep. */
function logWhenDone(
  log: Log,
  request: IncomingMessage,
  { response, requestId }: { response: ServerResponse; requestId: string },
): void {
  const began = performance.now();
  const path = (request.url ?? '').split('?', 1)[0]?.replace(/^(\/verify\/envoy)\/.*/s, '$1');
  response.once('close', () => {
    const ms = Math.round((performance.now() - began) * 10) / 10;
    log.debug('request', {
      requestId,
      method: request.method,
      path,
      status: response.statusCode,
      ms,
      finished: response.writableFinished,
    });
  });
}
