import express, { type Request, type Response, type Router } from 'express';
import type { Claims } from '../handover/claim.ts';
import type { Revealed, RevealRequest } from '../handover/reveal.ts';
import { Fault } from '../reservation/fault.ts';
import { type CallWith, examplesFor } from './claim-examples.ts';
import { limited, nonceOf, onlyOwnForms, pageOfFault, privately } from './claim-guard.ts';
import { keyPage } from './claim-key-page.ts';
import { claimPage } from './claim-page.ts';
import { cookieOf, wantsJson } from './claim-request.ts';
import { STATUS_OF } from './errors.ts';

export interface ClaimRoutesDeps {
  readonly claims: Claims;
  readonly now: () => Date;
  readonly publicUrl: string;
  /** How a key of this provider is sent; without it, `X-API-Key`. */
  readonly callWith?: (provider: string) => CallWith;
  /** Requests per minute and address. */
  readonly perMinute?: number;
}

const COOKIE = 'claim';

/**
 * `/claim/:token` for holders and their programs. GET and HEAD never consume; POST reveals once. A form is answered by a page,
 * JSON by JSON; faults go on to the service's error handler unless a person is to read them.
 */
export function claimRoutes(deps: ClaimRoutesDeps): Router {
  const { claims, now, publicUrl } = deps;
  const router = express.Router();
  const callWith = deps.callWith ?? (() => ({ header: 'X-API-Key' }));
  const bodies = [express.urlencoded({ extended: false, limit: '4kb' }), express.json({ limit: '4kb' })];

  async function look(req: Request<{ token: string }>, res: Response): Promise<void> {
    const view = await claims.look(req.params.token);
    const mayShowAgain = view.state === 'claimed' && cookieOf(req, COOKIE) !== undefined;
    res.status(view.state === 'waiting' || mayShowAgain ? 200 : STATUS_OF.gone);
    if (wantsJson(req)) res.json(view);
    else res.type('html').send(claimPage(view, { nonce: nonceOf(res), mayShowAgain }));
  }

  async function reveal(req: Request<{ token: string }>, res: Response): Promise<void> {
    const { token } = req.params;
    const revealed = await claims.reveal(token, requestOf(req)).catch(async (error: unknown) => await explain(error, req, res));
    if (!revealed) return;
    if (revealed.cookie)
      keepCookie(res, revealed.cookie, new URL(`${publicUrl.replace(/\/+$/, '')}/claim/${encodeURIComponent(token)}`));
    const how = callWith(revealed.provider);
    if (wantsJson(req)) res.json(answerOf(revealed, how, now()));
    else res.type('html').send(keyPage(revealed, { nonce: nonceOf(res), callWith: how, now: now() }));
  }

  /** Shows a person the page again with what was wrong; anything else goes on. */
  async function explain(error: unknown, req: Request<{ token: string }>, res: Response): Promise<undefined> {
    if (wantsJson(req) || !(error instanceof Fault) || error.code === 'not_found') throw error;
    const view = await claims.look(req.params.token);
    res
      .status(STATUS_OF[error.code])
      .type('html')
      .send(claimPage(view, { nonce: nonceOf(res), error: error.message }));
  }

  router.use('/claim', privately, limited(deps.perMinute ?? 30));
  router.get('/claim/:token', look);
  router.post('/claim/:token', onlyOwnForms(publicUrl), ...bodies, reveal);
  router.use('/claim', pageOfFault);
  return router;
}

function requestOf(req: Request): RevealRequest {
  const body: unknown = req.body;
  const confirmation = typeof body === 'object' && body !== null && 'confirmation' in body ? body.confirmation : undefined;
  return {
    confirmation: typeof confirmation === 'string' ? confirmation.slice(0, 254) : undefined,
    ip: req.ip ?? '',
    agent: req.get('user-agent') ?? '',
    cookie: cookieOf(req, COOKIE),
  };
}

function keepCookie(res: Response, cookie: { value: string; maxAgeMs: number }, url: URL): void {
  const secure = url.protocol === 'https:';
  res.cookie(COOKIE, cookie.value, { httpOnly: true, sameSite: 'strict', secure, path: url.pathname, maxAge: cookie.maxAgeMs });
}

/** What a program gets. */
function answerOf(revealed: Revealed, how: CallWith, now: Date): Record<string, unknown> {
  const { secret, cookie: _cookie, window, grant, ...about } = revealed;
  const open = window.opensAt <= now;
  return { key: secret.reveal(), ...how, open, ...window, ...grant, ...about, examples: examplesFor(revealed, how) };
}
