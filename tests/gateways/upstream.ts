import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the API behind a gateway got. */
export interface Arrived {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly sha256: string;
}

export type Upstream = Awaited<ReturnType<typeof openUpstream>>;

/** A small API that knows no keys: it answers 200 to everything, except 403 to /api/its-own-403, and remembers what it got. */
export async function openUpstream() {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => void hash.update(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      arrived.push({ method, target: url, headers, sha256: hash.digest('hex') });
      response.writeHead(url === '/api/its-own-403' ? 403 : 200, { 'content-type': 'text/plain' });
      response.end('from the API');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What came since it was last asked. */
    take: (): Arrived[] => arrived.splice(0),
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
