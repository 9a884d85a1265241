import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** Gives every request an id, the caller's where it is a plain one, and tells it in `X-Request-Id`. */
export function withRequestId(request: Request, response: Response, next: NextFunction): void {
  const id = requestIdFor(request.get('x-request-id'));
  response.locals['requestId'] = id;
  response.set('X-Request-Id', id);
  next();
}

/** No other process counts under this name. */
const PROCESS = randomUUID().slice(0, 13);
let requests = 0;

/** The given id where it is a plain one, else a new one. To count is cheaper than to draw, and an id is no secret. */
export function requestIdFor(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : `${PROCESS}-${(requests += 1)}`;
}

export function requestIdOf(response: Response): string {
  return String(response.locals['requestId'] ?? '');
}
