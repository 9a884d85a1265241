import type { IncomingHttpHeaders } from 'node:http';

/** What of a request says which key it comes with. */
export interface WithHeaders {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

export type Presented =
  | { readonly key: string }
  | { readonly problem: 'Missing API Key' | 'No token provided' | 'More than one API key' };

/** The key in X-API-Key or Authorization: Bearer. More than one of a kind, or two different keys, is a problem and never a choice of ours. */
export function keyOf({ headers, rawHeaders }: WithHeaders): Presented {
  // Node drops a second Authorization in silence; the raw list still has it.
  const bearers = timesIn(rawHeaders, 'authorization');
  if (bearers > 1 || timesIn(rawHeaders, 'x-api-key') > 1) return { problem: 'More than one API key' };
  const own = headers['x-api-key'];
  const bearer = /^Bearer +([^\s,]+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = typeof own === 'string' ? own : bearer;
  if (key === undefined) return { problem: bearers === 0 ? 'Missing API Key' : 'No token provided' };
  return bearer !== undefined && bearer !== key ? { problem: 'More than one API key' } : { key };
}

function timesIn(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((header, at) => at % 2 === 0 && header.toLowerCase() === name).length;
}
