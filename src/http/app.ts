import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Log } from '../observe/log.ts';
import { notFound, problems } from './errors.ts';
import { requestIdOf, withRequestId } from './request-id.ts';

export interface AppParts {
  readonly log: Log;
  /** Proxies whose X-Forwarded-For is believed; none when empty. */
  readonly trustProxy: readonly string[];
  /** In this order; webhooks before anything that parses bodies. */
  readonly routers: readonly RequestHandler[];
}

/** The HTTP surface: ids, headers and errors around the routers. No body is parsed here: each route takes what it needs. */
export function createApp({ log, trustProxy, routers }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  // An ETag costs a quarter of the throughput, and nothing here is to be cached.
  app.set('etag', false);
  app.set('trust proxy', trustProxy.length > 0 ? [...trustProxy] : false);
  app.use(withRequestId, helmet(), accessLog(log), ...routers);
  app.use(notFound);
  app.use(problems(log));
  return app;
}

/** At debug. The query is left out and the log masks the tokens in paths. */
function accessLog(log: Log): RequestHandler {
  return (request, response, next) => {
    const began = performance.now();
    const path = request.originalUrl.split('?', 1)[0];
    response.once('close', () => {
      log.debug('request', {
        requestId: requestIdOf(response),
        method: request.method,
        path,
        status: response.statusCode,
        ms: Math.round((performance.now() - began) * 10) / 10,
        finished: response.writableFinished,
      });
    });
    next();
  };
}
