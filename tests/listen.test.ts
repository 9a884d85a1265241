import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { listen } from '../src/http/listen.ts';

const here = { host: '127.0.0.1', port: 0 };

/** A request that its server does not answer by itself. */
async function ask() {
  const arrived = Promise.withResolvers<ServerResponse>();
  const server = await listen((_, response) => arrived.resolve(response), here);
  const sent = request(server.url).end();
  const answered = Promise.withResolvers<IncomingMessage>();
  sent.once('response', answered.resolve).once('error', answered.reject);
  return { server, response: await arrived.promise, answer: answered.promise };
}

test('a request that is running when the service stops has its answer, and nobody new comes in', async () => {
  const { server, response, answer } = await ask();
  const closed = server.close(60_000);
  await expect(fetch(server.url)).rejects.toThrow();
  response.end('late');
  const { headers } = await answer;
  expect(headers.connection).toBe('close');
  await closed;
});

test('one that takes longer than a stop may take is cut off', async () => {
  const { server, answer } = await ask();
  const [cut] = await Promise.allSettled([answer, server.close(20)]);
  expect(cut).toMatchObject({ status: 'rejected', reason: { code: 'ECONNRESET' } });
});

test('a port that is taken is an error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await expect(listen(() => {}, { ...here, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  other.close();
});
