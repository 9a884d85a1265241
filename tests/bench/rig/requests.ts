import { createHmac } from 'node:crypto';

/** What to ask for, as it can be told to another process. */
export interface Recipe {
  readonly kind: 'webhook';
  readonly secret: string;
  /** `now`: keys are made at once. `tomorrow`: the booking is recorded, and its key made when its time comes. */
  readonly starts: 'now' | 'tomorrow';
  /** The first booking's number; each request is another booking. */
  readonly first: number;
  /** How long each lasts; two hours where nothing is said. */
  readonly lastsMs?: number;
  /** Where it is posted; `/webhook` where nothing is said. */
  readonly path?: string;
}

/** Asks about keys, one after the other, at a path of `/verify`. */
export interface Questions {
  readonly kind: 'verify';
  readonly keys: readonly string[];
  readonly path: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const RESOURCES = 200;

/** Whole HTTP requests, one after the other. */
export function requestsFor(recipe: Recipe | Questions, host: string): () => string {
  if (recipe.kind === 'verify') return questionsFor(recipe, host);
  let booking = recipe.first;
  return () => webhookRequest(eventOf(booking++, recipe), { host, ...recipe });
}

function questionsFor({ keys, path }: Questions, host: string): () => string {
  let turn = 0;
  return () => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${keys[turn++ % keys.length]!}\r\n\r\n`;
}

/** As the reservation system's poller writes it, about 600 bytes. */
export function eventOf(
  booking: number,
  { starts, lastsMs = 2 * HOUR_MS }: { starts: 'now' | 'tomorrow'; lastsMs?: number },
): object {
  const now = Date.now();
  const start = now + (starts === 'now' ? -1000 : DAY_MS);
  return {
    eventType: 'EVENT_START',
    timestamp: new Date(now).toISOString(),
    eventId: String(booking),
    webhookId: 7,
    userId: `user-${booking}`,
    username: `user-${booking}`,
    email: `user-${booking}@campus.example`,
    eventTitle: 'GPU lab',
    eventStart: new Date(start).toISOString(),
    eventEnd: new Date(start + lastsMs).toISOString(),
    customParameters: '{"scopes":["read"],"quota":500}',
    resourceId: 1 + (booking % RESOURCES),
    resourceName: `Lab Server ${1 + (booking % RESOURCES)}`,
    resourceType: 'API Key',
    siteId: 'torino',
  };
}

export function webhookRequest(
  event: object,
  { host, secret, path = '/webhook' }: { host: string; secret: string; path?: string },
): string {
  const body = JSON.stringify(event);
  const signature = createHmac('sha256', secret).update(body).digest('base64');
  return post(path, { host, headers: `X-Webhook-Signature: ${signature}\r\n`, body });
}

/** Bodies here are ASCII, so characters are bytes. */
function post(path: string, { host, headers, body }: { host: string; headers: string; body: string }): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}
