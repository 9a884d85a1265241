import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { answerParent } from './child.ts';

/** What answering at all costs: 200 and a small JSON, with nothing checked. */

export const VERIFY_PEERS = ['bare node:http', 'bare Express 5, tuned', 'bare Express 5, as installed'] as const;
export type VerifyPeer = (typeof VERIFY_PEERS)[number];

const ANSWER = { valid: true, keyId: 'key_0', expiresAt: '2026-01-01T00:00:00.000Z' };

function handlerOf(peer: VerifyPeer): RequestListener {
  if (peer === 'bare node:http') {
    const body = JSON.stringify(ANSWER);
    return (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    };
  }
  const app = express();
  if (peer === 'bare Express 5, tuned') app.disable('x-powered-by').set('etag', false);
  app.get('/verify', (_request, response) => void response.json(ANSWER));
  app.post('/v1/verify', express.json(), (_request, response) => void response.json(ANSWER));
  return app;
}

if (import.meta.main) {
  const server = createServer(handlerOf(process.argv[2] as VerifyPeer));
  server.listen(0, '127.0.0.1', () => {
    answerParent({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, async () => ({}));
  });
}
