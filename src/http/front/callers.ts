import type { IncomingMessage } from 'node:http';
import { compileAddresses } from '../../keys/addresses.ts';
import { createMemo } from './memo.ts';

/** Whose request it is: an address that no client can forge. */
export interface Callers {
  /** The address of the connection, or what a trusted proxy says it is; empty when the connection is gone. */
  callerOf(request: IncomingMessage): string;
  /** The last address in an X-Forwarded-For that is not a trusted proxy's: what the asker itself saw, or was told by whom we trust. */
  clientIn(forwardedFor: string | undefined): string | undefined;
}

/** Proxies are trusted by address, none without a list. */
export function compileCallers(trusted: readonly string[]): Callers {
  const isTrusted = createMemo(compileAddresses(trusted));

  function clientIn(forwardedFor: string | undefined): string | undefined {
    if (forwardedFor === undefined) return undefined;
    const addresses = forwardedFor.split(',');
    let last = '';
    for (let at = addresses.length - 1; at >= 0; at -= 1) {
      last = (addresses[at] ?? '').trim();
      if (!isTrusted(last)) break;
    }
    return last;
  }

  return {
    clientIn,
    callerOf(request) {
      const address = request.socket.remoteAddress ?? '';
      if (trusted.length === 0 || !isTrusted(address)) return address;
      return clientIn(request.headers['x-forwarded-for'] as string | undefined) ?? address;
    },
  };
}
