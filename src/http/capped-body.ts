import type { IncomingMessage } from 'node:http';
import type { NextFunction } from 'express';

type Request = IncomingMessage & { body?: unknown };

/** How long the rest of a refused body is thrown away before the connection is: until then the sender can read why. */
const PATIENCE_MS = 2000;

export interface Cap {
  /** In bytes, as they are sent. */
  readonly most: number;
  /** How they may be encoded apart from not at all; inflating them is up to who reads them. */
  readonly encodings?: readonly string[];
}

/**
 * The raw bytes of a request as `request.body`, at most as many as its cap says, whatever length it claims. A larger one is refused as soon
 * as it is known to be larger: body-parser would first read the rest, so one without an end would never be answered. A compressed one is
 * refused too where that is not expected. What `capOf` throws is the error.
 */
export function cappedBody<R extends Request>(
  capOf: (request: R) => Cap,
): (request: R, response: unknown, next: NextFunction) => void {
  return (request, _response, next) => {
    const { most, encodings = [] } = capOf(request);
    if (!['identity', ...encodings].includes((request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()))
      return next(refusal(415));
    if (Number(request.headers['content-length'] ?? 0) > most) return refuse(request, next);
    collect(request, most, next);
  };
}

function collect(request: Request, most: number, next: NextFunction): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const settle = (then: () => void): void => {
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    then();
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > most) return settle(() => refuse(request, next));
    chunks.push(chunk);
  };
  const onEnd = (): void =>
    settle(() => {
      request.body = Buffer.concat(chunks);
      next();
    });
  const onClose = (): void => settle(() => next(refusal(400)));
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}

function refuse(request: Request, next: NextFunction): void {
  const cut = setTimeout(() => request.destroy(), PATIENCE_MS).unref();
  request.once('close', () => clearTimeout(cut));
  request.resume();
  next(refusal(413));
}

const WHY = {
  400: 'its body broke off',
  413: 'its body is too large',
  415: 'its body is encoded in a way that is not taken here',
} as const;

/** As body parsers throw it: the error handler has the words for each status. */
function refusal(status: keyof typeof WHY): Error {
  return Object.assign(new Error(WHY[status]), { status });
}
