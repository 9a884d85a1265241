import { Router } from 'express';
import { JWKS_AGE_MS } from '../keys/key-ring.ts';
import { REVOKED_TYP } from '../keys/revoked-list.ts';
import type { Tokens } from '../keys/tokens.ts';

/** A copy that is handed on is good for as long again, and longer than whoever takes it needs. */
const REVOKED_COPY_S = 30;

/**
 * For APIs that check tokens themselves: `/.well-known/jwks.json`, the public keys (RFC 7517), and `/.well-known/revoked-keys`, the signed
 * list of tokens that are good no more. Both are public: there is no secret in them.
 */
export function wellKnownRoutes({ published, revoked }: Pick<Tokens, 'published' | 'revoked'>): Router {
  const router = Router();
  router.get('/.well-known/jwks.json', async (_request, response) => {
    const keys = await published();
    response
      .set('Cache-Control', `public, max-age=${JWKS_AGE_MS / 1000}`)
      .type('application/jwk-set+json')
      .json({ keys });
  });
  router.get('/.well-known/revoked-keys', async (_request, response) => {
    const list = await revoked();
    response.set('Cache-Control', `public, max-age=${REVOKED_COPY_S}`).type(`application/${REVOKED_TYP}`).send(list);
  });
  return router;
}
