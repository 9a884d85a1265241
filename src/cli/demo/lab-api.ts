import type { IncomingMessage } from 'node:http';
import { listenLocally, type LocalServer } from './local-server.ts';

export type LabApi = LocalServer;

const STATUS: Readonly<Record<string, number>> = {
  VALID: 200,
  INSUFFICIENT_SCOPE: 403,
  ENDPOINT_FORBIDDEN: 403,
  RATE_LIMITED: 429,
  QUOTA_EXCEEDED: 429,
  UNREACHABLE: 503,
};

/** A protected API of somebody else's: it knows no keys, it asks Latchkey about each request. */
export async function openLabApi(latchkeyUrl: string): Promise<LabApi> {
  return await listenLocally(async (request) => {
    const code = await verdictOn(request, latchkeyUrl).catch(() => 'UNREACHABLE');
    return { status: STATUS[code] ?? 401, body: { code } };
  });
}

async function verdictOn({ method, url: path, headers }: IncomingMessage, latchkeyUrl: string): Promise<string> {
  const answer = await fetch(`${latchkeyUrl}/v1/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: String(headers['x-api-key'] ?? ''), method, path }),
  });
  const { code } = (await answer.json()) as { code: string };
  return code;
}
