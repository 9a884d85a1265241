import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A vendor that a test makes up: what it answers is a function, what it was asked is written down. */

export interface Asked {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** A status, and a body that is sent as JSON. */
export type Told = readonly [status: number, body?: unknown];

export interface FakeVendor {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. What throws is a 500. */
export async function startVendor(answer: (asked: Asked) => Told): Promise<FakeVendor> {
  const asked: Asked[] = [];
  const server = createServer((incoming, response) => {
    void (async () => {
      const { method = '', url = '', headers } = incoming;
      const { pathname, searchParams } = new URL(url, 'http://vendor');
      const sent = await text(incoming);
      const body: unknown = sent ? JSON.parse(sent) : undefined;
      const one = { method, path: pathname, query: Object.fromEntries(searchParams), headers, body };
      asked.push(one);
      const [status, told] = attempt(() => answer(one));
      response.writeHead(status, { 'content-type': 'application/json' }).end(told === undefined ? '' : JSON.stringify(told));
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function attempt(work: () => Told): Told {
  try {
    return work();
  } catch {
    return [500];
  }
}
