import express, { type Request, type Response, type Router } from 'express';
import { browserFrom, mintBrowser } from '../handover/again.ts';
import type { Claims } from '../handover/claim.ts';
import type { Revealed, RevealRequest } from '../handover/reveal.ts';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import { type CallWith, examplesFor } from './claim-examples.ts';
import { type ClaimLimits, limited, nonceOf, onlyOwnForms, pageOfFault, privately } from './claim-guard.ts';
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
  readonly limits?: ClaimLimits;
}

const COOKIE = 'claim';
const LIMITS: ClaimLimits = { failures: 30, requests: 1200, perLink: 60 };

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
    const view = await claims.look(req.params.token, browserFrom(cookieOf(req, COOKIE)));
    if (view.state === 'waiting') knowAgain(req, res);
    res.status(view.state === 'waiting' || view.showsAgain ? 200 : STATUS_OF.gone);
    if (wantsJson(req)) res.json(view);
    else res.type('html').send(claimPage(view, { nonce: nonceOf(res) }));
  }

  async function reveal(req: Request<{ token: string }>, res: Response): Promise<void> {
    const { token } = req.params;
    const request = { ...requestOf(req), browser: knowAgain(req, res) };
    const revealed = await claims.reveal(token, request).catch(async (error: unknown) => await explain(error, req, res));
    if (!revealed) return;
    const how = callWith(revealed.provider);
    if (wantsJson(req)) res.json(answerOf(revealed, how, now()));
    else res.type('html').send(keyPage(revealed, { nonce: nonceOf(res), callWith: how, now: now() }));
  }

  /** What the browser is known by; one that is new to us is given it, before there is anything that an answer lost on its way could cost. */
  function knowAgain(req: Request<{ token: string }>, res: Response): Secret {
    const known = browserFrom(cookieOf(req, COOKIE));
    if (known) return known;
    const browser = mintBrowser();
    const { protocol, pathname: path } = new URL(
      `${publicUrl.replace(/\/+$/, '')}/claim/${encodeURIComponent(req.params.token)}`,
    );
    res.cookie(COOKIE, browser.reveal(), { httpOnly: true, sameSite: 'strict', secure: protocol === 'https:', path });
    return browser;
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

  router.use('/claim', privately, limited(deps.limits ?? LIMITS));
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
  };
}

/** What a program gets. */
function answerOf(revealed: Revealed, how: CallWith, now: Date): Record<string, unknown> {
  const { secret, window, grant, ...about } = revealed;
  const open = window.opensAt <= now;
  return { key: secret.reveal(), ...how, open, ...window, ...grant, ...about, examples: examplesFor(revealed, how) };
}
