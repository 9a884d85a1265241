import express from 'express';
import type { Receiver } from '../intake/receive.ts';
import { cappedBody } from './capped-body.ts';
import { requestIdOf } from './request-id.ts';

/** Where reservation systems post their events. Mounted before anything that parses bodies: signatures are over raw bytes. */

const LARGEST = 256 * 1024;
/** Senders keep our answer in a column of a few thousand characters. */
const MOST_BOOKINGS = 50;

/** `POST /webhook` is the source named `default`. Answers 202 once the event is recorded; every failure is a Fault for the error handler. */
export function webhookRoutes({ receiver }: { receiver: Pick<Receiver, 'receive'> }): express.Router {
  const router = express.Router();
  const rawBody = cappedBody(LARGEST);

  const receive = async (source: string, request: express.Request, response: express.Response) => {
    const body: unknown = request.body;
    const outcome = await receiver.receive({
      source,
      rawHeaders: request.rawHeaders,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      requestId: requestIdOf(response),
    });
    const { status, eventId, reservations } = outcome;
    response.status(202).json({ status, eventId, reservations: reservations.slice(0, MOST_BOOKINGS) });
  };

  router.post('/webhook', rawBody, (request, response) => receive('default', request, response));
  router.post('/webhooks/:source', rawBody, (request, response) => receive(request.params.source, request, response));
  return router;
}
