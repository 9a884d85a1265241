import { hash, randomBytes } from 'node:crypto';
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Fault } from '../reservation/fault.ts';
import { sentence } from './claim-frame.ts';
import { problemPage } from './claim-page.ts';
import { addressBlock, fromOwnPage, wantsJson } from './claim-request.ts';
import { retryAfterOf, setRetryAfter, STATUS_OF } from './errors.ts';

/** On every answer, errors included: nothing is kept, framed, indexed, run or told to another site. */
export function privately(_req: Request, res: Response, next: NextFunction): void {
  const nonce = randomBytes(16).toString('base64');
  res.locals['nonce'] = nonce;
  res.set({
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Robots-Tag': 'noindex, nofollow',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  });
  next();
}

export function nonceOf(res: Response): string {
  return String(res.locals['nonce']);
}

/** Per minute. */
export interface ClaimLimits {
  /** What failed, from one address: links that nobody has, confirmations that are wrong. Guessing is slow. */
  readonly failures: number;
  /** Everything, from one address: a class behind one router opens its links at once. */
  readonly requests: number;
  /** Everything that is asked of one link. */
  readonly perLink: number;
}

const FAILED: ReadonlySet<number> = new Set([STATUS_OF.forbidden, STATUS_OF.not_found]);

/** Beyond the limits 429 with Retry-After. */
export function limited(limits: ClaimLimits): RequestHandler {
  const minutely = (points: number) => new RateLimiterMemory({ points, duration: 60 });
  const [failures, requests, links] = [minutely(limits.failures), minutely(limits.requests), minutely(limits.perLink)];
  return async (req, res, next) => {
    const address = addressBlock(req.ip);
    await takeOne(requests, address);
    await takeOne(links, hash('sha256', req.path));
    const failed = await failures.get(address);
    if (failed !== null && failed.remainingPoints <= 0) throw tooMany(failed.msBeforeNext);
    // Not before it is known what came of it. More than the limit may be on their way by then, never more than `requests`.
    res.once('finish', () => {
      if (FAILED.has(res.statusCode)) void failures.penalty(address);
    });
    next();
  };
}

async function takeOne(limiter: RateLimiterMemory, name: string): Promise<void> {
  await limiter.consume(name).catch((state: { msBeforeNext: number }) => {
    throw tooMany(state.msBeforeNext);
  });
}

function tooMany(retryAfterMs: number): Fault {
  return new Fault('too_many', 'too many requests; wait a minute', { retryAfterMs });
}

/** Forms come from our own page only, and bodies are forms or JSON. */
export function onlyOwnForms(publicUrl: string): RequestHandler {
  return (req, _res, next) => {
    // `is` answers null when there is no body at all.
    if (req.is(['application/x-www-form-urlencoded', 'application/json']) === false)
      throw new Fault('invalid', 'send a form or JSON');
    if (!fromOwnPage(req, publicUrl)) throw new Fault('forbidden', 'this form was sent from another site; open the link itself');
    next();
  };
}

/** A page for people; programs get what the rest of the service answers. */
export const pageOfFault: ErrorRequestHandler = (error: unknown, req, res, next) => {
  const fault = faultOf(error);
  if (!fault || wantsJson(req)) return next(error);
  const title = fault.code === 'not_found' ? 'There is no such link' : 'That did not work';
  setRetryAfter(res, retryAfterOf(fault));
  res
    .status(STATUS_OF[fault.code])
    .type('html')
    .send(problemPage(title, sentence(fault.message), nonceOf(res)));
};

/** The body parsers' own errors quote what they could not read. */
function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  return status >= 400 && status < 500 ? new Fault('invalid', 'the request cannot be read') : undefined;
}
