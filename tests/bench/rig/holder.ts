import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The booking system's user, as a program: takes the message with the link the moment it comes, and then the key. */
export interface Holder {
  /** For NOTIFICATION_ENDPOINT. */
  readonly url: string;
  /** The path of the link for a booking, and when its message arrived, by `performance.now()`. */
  linkFor(booking: string): Promise<{ path: string; at: number }>;
  close(): void;
}

export async function openHolder(): Promise<Holder> {
  const told = new Map<string, PromiseWithResolvers<{ path: string; at: number }>>();
  const of = (booking: string) => {
    const known = told.get(booking) ?? Promise.withResolvers<{ path: string; at: number }>();
    told.set(booking, known);
    return known;
  };
  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const { eventId, message } = JSON.parse(await text(incoming)) as { eventId: string; message: string };
    const path = /\/claim\/[\w-]+/.exec(message)?.[0];
    if (path) of(eventId).resolve({ path, at });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
  }
  const server = createServer((incoming, response) => void take(incoming, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/notifications/webhook`,
    linkFor: (booking) => of(booking).promise,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A JSON request from an address of its own: claims are limited by address, and each holder has another. */
export async function postFrom(localAddress: string, url: string, body: object): Promise<{ status: number; body: unknown }> {
  const sent = request(url, { method: 'POST', localAddress, agent: false, headers: { 'content-type': 'application/json' } });
  sent.end(JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) as unknown };
}
