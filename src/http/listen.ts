import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo } from 'node:net';
import { setImmediate as readWhatCame, setTimeout as delay } from 'node:timers/promises';

export interface Listening {
  readonly url: string;
  /** Takes no new connection and lets running requests end, for so long. Whoever keeps a connection is told first that it ends. */
  close(longestMs: number): Promise<void>;
}

/** So long an idle connection is left open: its client may be sending, and would take its end for a failure. */
const GRACE_MS = 250;

/** Listens, with limits on how long a client may take to say what it wants. */
export async function listen(
  listener: RequestListener,
  address: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const answering = new Set<ServerResponse>();
  let closing = false;
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, maxHeaderSize: 16_384 },
    (request, response) => {
      if (closing) endAfter(response);
      listener(request, response);
      // Most are answered by now, and need no place in the list.
      if (response.writableEnded) return;
      answering.add(response);
      response.once('close', () => answering.delete(response));
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(address.host) ? '127.0.0.1' : address.host;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close(longestMs) {
      closing = true;
      answering.forEach(endAfter);
      await drain(server, longestMs);
    },
  };
}

/** The client hears that this is the last answer on this connection. */
function endAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

async function drain(server: Server, longestMs: number): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), longestMs);
  // Not http's own close, which cuts idle connections at once.
  const ended = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  await Promise.race([ended, delay(GRACE_MS)]);
  // A busy process may have requests that it has not read yet.
  await readWhatCame();
  server.close();
  await ended;
  clearTimeout(force);
}
