import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** Gives every request an id, the caller's where it is a plain one, and tells it in `X-Request-Id`. */
export function withRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('x-request-id');
  const id = given !== undefined && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
  response.locals['requestId'] = id;
  response.set('X-Request-Id', id);
  next();
}

export function requestIdOf(response: Response): string {
  return String(response.locals['requestId'] ?? '');
}
