import express from 'express';
import type { Receiver, Reception } from '../intake/receive.ts';
import { Fault } from '../reservation/fault.ts';
import { challengeOf } from '../sources/auth/challenge.ts';
import { echoOf, methodsOf, permissionFor } from '../sources/handshake/greet.ts';
import { cappedBody } from './capped-body.ts';
import { requestIdOf } from './request-id.ts';

/** Where reservation systems post their events. Mounted before anything that parses bodies: signatures are over raw bytes. */

/** Senders keep our answer in a column of a few thousand characters. */
const MOST_BOOKINGS = 50;
const NO_BODY: ReadonlySet<number> = new Set([204, 205]);

/**
 * `POST /webhook` is the source named `default`; a source may post to paths below its own as well. Answers as the source's `answers` say
 * once the event is recorded; every failure is a Fault for the error handler.
 */
export function webhookRoutes({ receiver }: { receiver: Pick<Receiver, 'receive' | 'source' | 'unread'> }): express.Router {
  const router = express.Router();
  const rawBody = cappedBody((request: express.Request) => {
    const { largest, contentEncoding } = receiver.source(nameOf(request)).body;
    return { most: largest, encodings: contentEncoding === 'gzip' ? ['gzip'] : [] };
  });

  const aboutOf = (request: express.Request, response: express.Response) => ({
    source: nameOf(request),
    requestId: requestIdOf(response),
  });

  /** Without a signature: what asks knows no secret yet. */
  const greet: express.RequestHandler = (request, response, next) => {
    const { handshakes } = receiver.source(nameOf(request));
    const echo = ['GET', 'POST'].includes(request.method) ? echoOf(queryOf(request), handshakes) : undefined;
    const permission = request.method === 'OPTIONS' ? permissionFor(request.rawHeaders, handshakes) : undefined;
    if (echo === undefined && request.method === 'POST') return next();
    if (echo === undefined) response.set('Allow', methodsOf(handshakes));
    if (echo === undefined && !permission) return next(Object.assign(new Error('method not allowed'), { status: 405 }));
    receiver.unread(aboutOf(request, response));
    if (echo !== undefined) plainly(response, 200, echo);
    else response.status(200).set(permission).end();
  };

  /** A sender that compresses, or sends too much, is to be found in the log as one that signs wrongly is. */
  const turnAway: express.ErrorRequestHandler = (error: Error & { status?: number }, request, response, next) => {
    const code = error.status === 413 ? 'too_large' : 'invalid';
    if (error.status !== undefined && error.status !== 405)
      receiver.unread(aboutOf(request, response), new Fault(code, error.message));
    next(error);
  };

  const receive: express.RequestHandler = async (request, response) => {
    const body: unknown = request.body;
    const trusts = request.app.get('trust proxy fn') as (address: string, hop: number) => boolean;
    const received = {
      ...aboutOf(request, response),
      path: pathOf(request),
      rawPath: rawPathOf(request),
      query: queryOf(request),
      rawHeaders: request.rawHeaders,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      viaTrustedProxy: trusts(request.socket.remoteAddress ?? '', 0),
    };
    // Another configuration may stand by the time that it is refused.
    const { auth, name } = receiver.source(received.source);
    try {
      answer(response, await receiver.receive(received));
    } catch (error) {
      if (error instanceof Fault && error.code === 'unauthorized') response.set('WWW-Authenticate', challengeOf(auth, name));
      throw error;
    }
  };

  for (const path of ['/webhook', '/webhooks/:source', '/webhooks/:source/*path'])
    router.all(path, greet, rawBody, turnAway, receive);
  return router;
}

function answer(response: express.Response, reception: Reception): void {
  if (reception.kind === 'recorded') {
    const { status, eventId, reservations } = reception.outcome;
    return json(response, reception.status, { status, eventId, reservations: reservations.slice(0, MOST_BOOKINGS) });
  }
  const { status, body } = reception.reply;
  if ('text' in body) plainly(response, status, body.text);
  else json(response, status, body.json);
}

function json(response: express.Response, status: number, body: object): void {
  response.status(status);
  if (NO_BODY.has(status)) response.end();
  else response.json(body);
}

/** No browser may take it for a page. */
function plainly(response: express.Response, status: number, text: string): void {
  response.status(status).set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' }).type('text/plain').send(text);
}

function nameOf(request: express.Request): string {
  const { source } = request.params;
  return typeof source === 'string' ? source : 'default';
}

/** What stands behind the source's name. */
function pathOf(request: express.Request): string {
  const { path } = request.params;
  const text = Array.isArray(path) ? path.join('/') : '';
  if (text.length > 500 || /\p{C}/u.test(text)) throw new Fault('not_found', 'there is nothing below a source at this path');
  return text;
}

/** Likewise as it was sent: a signature may cover it. */
function rawPathOf(request: express.Request): string {
  return request.path.split('/').slice(3).join('/');
}

/** Never to be logged: it may hold the secret. */
function queryOf(request: express.Request): string {
  const mark = request.url.indexOf('?');
  return mark === -1 ? '' : request.url.slice(mark + 1);
}
