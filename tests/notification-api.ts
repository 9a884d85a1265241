import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * The booking system's two callback endpoints, as its backend behaves: a bare object mapper that refuses unknown fields, the signature
 * compared as text, length limits, an enum, a resource that must exist.
 */

const NOTIFICATION = ['webhookId', 'userId', 'message', 'type', 'eventId', 'resourceId', 'eventType', 'metadata'];
const LOG = ['webhookId', 'eventType', 'payload', 'statusCode', 'response', 'success', 'retryCount', 'resourceId', 'metadata'];
const ENUM = new Set(
  'EVENT_CREATED EVENT_UPDATED EVENT_DELETED EVENT_START EVENT_END RESOURCE_CREATED RESOURCE_UPDATED RESOURCE_STATUS_CHANGED RESOURCE_DELETED ALL'.split(
    ' ',
  ),
);

export interface NotificationApi {
  readonly notifications: string;
  readonly log: string;
  /** What it accepted, and what it answered to everything. */
  readonly accepted: { path: string; fields: Record<string, unknown> }[];
  readonly answers: { path: string; status: number; message?: string }[];
  /** The next answers, instead of looking at the request. */
  readonly failures: { status: number; headers?: Record<string, string> }[];
  close(): Promise<void>;
}

export async function startNotificationApi(hook: { id: number; secret: string; resources: number[] }): Promise<NotificationApi> {
  const api = { accepted: [], answers: [], failures: [] } as unknown as NotificationApi;
  const server = createServer((request, response) => {
    void answer();
    async function answer(): Promise<void> {
      const body = await bodyOf(request);
      const path = request.url ?? '';
      const failure = api.failures.shift();
      const message = failure ? undefined : judge({ path, body, signature: request.headers['x-webhook-signature'] }, hook);
      const status = failure?.status ?? Number(message?.slice(0, 3) ?? (path.endsWith('/log') ? 201 : 200));
      api.answers.push({ path, status, message });
      if (status < 300) api.accepted.push({ path, fields: JSON.parse(body.toString()) as Record<string, unknown> });
      response.writeHead(status, { 'content-type': 'application/json', ...failure?.headers });
      response.end(JSON.stringify({ success: status < 300, message: message ?? null }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...api,
    notifications: `${base}/api/notifications/webhook`,
    log: `${base}/api/webhooks/log`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Undefined when it is accepted, else status and message. */
function judge(
  request: { path: string; body: Buffer; signature: string | string[] | undefined },
  hook: { id: number; secret: string; resources: number[] },
): string | undefined {
  const log = request.path === '/api/webhooks/log';
  if (!log && request.path !== '/api/notifications/webhook') return '404 Not found';
  const fields = parse(request.body);
  if (!fields || Object.keys(fields).some((field) => !(log ? LOG : NOTIFICATION).includes(field)))
    return '400 Invalid JSON payload';
  if (request.signature === undefined) return '401 Missing signature header';
  if (Number(fields.webhookId) !== hook.id) return '401 Webhook not found';
  if (request.signature !== createHmac('sha256', hook.secret).update(request.body).digest('base64'))
    return '401 Invalid signature';
  return log ? judgeLog(fields, hook.resources) : judgeNotification(fields);
}

function judgeNotification(fields: Record<string, unknown>): string | undefined {
  if (typeof fields.userId !== 'string' || typeof fields.message !== 'string') return '400 required';
  if (fields.message.length > 500) return '400 message too long';
  return ['INFO', 'SUCCESS', 'WARNING', 'ERROR'].includes(String(fields.type)) ? undefined : '400 type';
}

function judgeLog(fields: Record<string, unknown>, resources: number[]): string | undefined {
  if (!ENUM.has(String(fields.eventType))) return '400 eventType';
  if (typeof fields.payload !== 'string' || fields.payload.length > 4000) return '400 payload';
  if (fields.response !== undefined && (typeof fields.response !== 'string' || fields.response.length > 4000))
    return '400 response';
  if (typeof fields.success !== 'boolean') return '400 success';
  if (fields.resourceId === undefined) return undefined;
  if (typeof fields.resourceId !== 'number') return '400 resourceId';
  return resources.includes(fields.resourceId) ? undefined : '404 Resource not found';
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
