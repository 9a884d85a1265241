import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createPoster, type Reply } from '../src/cli/simulate/post.ts';

/* How long the simulated sender waits, at servers that do not do their part. */

const HURRIED = { atOnce: 1, connectMs: 60, answerMs: 120 };

let server: Server;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** What comes of one request, where the server does with the connection what is said. */
async function postTo(onConnection: (socket: Socket) => void, scheme: 'http' | 'https' = 'http'): Promise<Reply> {
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const poster = createPoster(new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`), HURRIED);
  const reply = await poster.post('{}', {});
  poster.close();
  return reply;
}

test('a server that never answers is given up after the time for an answer', async () => {
  const reply = await postTo(() => {});
  expect(reply).toMatchObject({ status: 0, problem: 'no answer in 0.12 s' });
  expect(reply.ms).toBeGreaterThanOrEqual(HURRIED.answerMs - 5);
});

test('one that begins to answer and goes on for ever, too', async () => {
  const reply = await postTo((socket) => void socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{'));
  expect(reply).toMatchObject({ status: 0, problem: 'no answer in 0.12 s' });
});

test('one that does not get as far as a connection, after the time for that', async () => {
  // It waits for a greeting that TLS has not: to a secure client it is no connection yet.
  expect(await postTo(() => {}, 'https')).toMatchObject({ status: 0, problem: 'no connection in 0.06 s' });
});

test('one that hangs up in the middle of its answer has not answered', async () => {
  const reply = await postTo((socket) => void socket.end('HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{'));
  expect(reply).toMatchObject({ status: 0, problem: 'ECONNRESET' });
});

test('an answer is its status and what our intake calls the outcome; without one, the status alone', async () => {
  const answering = (body: string) => (socket: Socket) =>
    void socket.once('data', () => socket.end(`HTTP/1.1 202 Accepted\r\ncontent-length: ${body.length}\r\n\r\n${body}`));
  expect(await postTo(answering('{"status":"duplicate"}'))).toMatchObject({ status: 202, outcome: 'duplicate' });
  server.close();
  expect(await postTo(answering('OK'))).toEqual({ status: 202, ms: expect.any(Number) });
});
