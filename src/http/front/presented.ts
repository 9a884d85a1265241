import type { IncomingMessage } from 'node:http';
import { bearerOf } from './access.ts';

/** The key that a request shows, or why there is none. */
export type Presented = string | { readonly problem: string };

const MISSING: Presented = { problem: 'Missing API Key' };
/** Authorization is there, and holds nothing that could be a key. */
const NO_TOKEN: Presented = { problem: 'No token provided' };
const SEVERAL: Presented = { problem: 'More than one API key' };

/** The key in X-API-Key or Authorization: Bearer. More than one of a kind, or two different keys, is a problem and never a choice of ours. */
export function keyOf({ rawHeaders, headers }: IncomingMessage): Presented {
  let own = 0;
  let bearers = 0;
  // Node drops a second Authorization in silence; the raw list still has it.
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 9) own += name.toLowerCase() === 'x-api-key' ? 1 : 0;
    else if (name.length === 13) bearers += name.toLowerCase() === 'authorization' ? 1 : 0;
  }
  if (own > 1 || bearers > 1) return SEVERAL;
  const bearer = bearers === 0 ? undefined : bearerOf(headers.authorization);
  if (own === 0) return bearer ?? (bearers === 0 ? MISSING : NO_TOKEN);
  const key = headers['x-api-key'] as string;
  return bearer === undefined || bearer === key ? key : SEVERAL;
}
