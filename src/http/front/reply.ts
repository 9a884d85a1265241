import type { ServerResponse } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly type: string;
  /** None when it is empty. */
  readonly body: string;
}

/**
 * The header lines of an answer to the request with that id, names and values in turn, for more to be added: nothing in it is a page, and none
 * of it may be kept. Helmet's other headers are about pages and browsers.
 */
export function headerLines(requestId: string): string[] {
  return [
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'content-security-policy',
    "default-src 'none'; frame-ancestors 'none'",
    'x-request-id',
    requestId,
  ];
}

export function send(response: ServerResponse, { status, type, body }: Reply, lines: string[]): void {
  const length = Buffer.byteLength(body);
  if (length > 0) lines.push('content-type', type);
  lines.push('content-length', `${length}`);
  response.writeHead(status, lines);
  // ASCII is the same in both, and latin1 is copied where UTF-8 is encoded.
  response.end(body, length === body.length ? 'latin1' : 'utf8');
}
