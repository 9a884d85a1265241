import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface LocalServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A small JSON server on a free port of this machine. What `answer` throws becomes a 500. */
export async function listenLocally(
  answer: (request: IncomingMessage, body: string) => Promise<{ status: number; body: object }>,
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    text(request)
      .then((body) => answer(request, body))
      .catch(() => ({ status: 500, body: {} }))
      .then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
