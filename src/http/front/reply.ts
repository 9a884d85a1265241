import type { ServerResponse } from 'node:http';

/**
 * What every answer here says: nothing in it is a page, none of it may be kept. Helmet's other headers are about pages.
 * As names and values in turn, which Node writes as they are.
 */
const FIXED = [
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  'content-security-policy',
  "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security',
  'max-age=31536000; includeSubDomains',
  'x-request-id',
] as const;

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The header lines of an answer to the request with that id, for more to be added. */
export function headerLines(requestId: string): string[] {
  return [...FIXED, requestId];
}

export function send(response: ServerResponse, { status, type, body }: Reply, lines: string[]): void {
  lines.push('content-type', type, 'content-length', `${Buffer.byteLength(body)}`);
  response.writeHead(status, lines);
  response.end(body);
}
