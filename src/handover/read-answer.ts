import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Fault } from '../reservation/fault.ts';

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
