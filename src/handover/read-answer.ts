import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Fault } from '../reservation/fault.ts';

/** How much of an answer is read before the socket is closed; nothing of it is kept. */
const ANSWER_CAP_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 24 * 3600_000;

/** The body of an answer, inflated where it is gzip, as long as it is not larger than that. Throws Fault `unavailable`. */
export async function readAnswer(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    response.destroy();
    throw new Fault('unavailable', 'the answer is compressed in a way that was not asked for');
  }
  const stream = encoding === 'gzip' ? inflated(response) : response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new Fault('unavailable', `the answer is larger than ${mostBytes} bytes`);
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  if (!response.complete) throw new Fault('unavailable', 'the answer was cut off');
  return Buffer.concat(chunks, bytes);
}

function inflated(response: IncomingMessage): Readable {
  const gunzip = createGunzip();
  response.on('error', (error) => gunzip.destroy(error));
  return response.pipe(gunzip);
}

/** Reads an answer away of which nothing is kept. */
export function drain(response: IncomingMessage): void {
  let bytes = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_CAP_BYTES) response.destroy();
  });
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now; capped at a day. */
export function retryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now.getTime();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : undefined;
}
