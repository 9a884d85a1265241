import type { ServerResponse } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly type: string;
  /** None when it is empty. */
  readonly body: string;
}

/**
 * The header lines of an answer, names and values in turn, for more to be added: nothing in it is a page, and none of it may be kept. Helmet's
 * other headers are about pages and browsers.
 */
export function headerLines(requestId: string): string[] {
  const lines = emptyLines();
  lines.push('content-security-policy', "default-src 'none'; frame-ancestors 'none'", 'x-request-id', requestId);
  return lines;
}

/** The same for an answer without a body, which no browser can take for anything. */
export function emptyLines(): string[] {
  return ['cache-control', 'no-store', 'x-content-type-options', 'nosniff'];
}

export function send(response: ServerResponse, { status, type, body }: Reply, lines: string[]): void {
  const length = body === '' ? 0 : Buffer.byteLength(body);
  if (length > 0) lines.push('content-type', type);
  lines.push('content-length', `${length}`);
  response.writeHead(status, lines);
  // ASCII is the same in both, and latin1 is copied where UTF-8 is encoded.
  response.end(body, length === body.length ? 'latin1' : 'utf8');
}
