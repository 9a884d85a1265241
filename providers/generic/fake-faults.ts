import type { ServerResponse } from 'node:http';

export type FaultPlace = 'issue' | 'policy' | 'revoke' | 'usage' | 'retime' | 'any';

/**
 * `lost-answer` is done, then reset; `refuse` is reset and not done; `hang` is neither answered nor done; `html` is a
 * proxy's 502 page; a 429 asks to wait 7 s. Every error body is full of what must not be repeated.
 */
export type FaultKind = 'lost-answer' | 'refuse' | 'hang' | '500' | '429-seconds' | '429-date' | 'html' | '403' | '400';

export interface Fault {
  readonly on: FaultPlace;
  readonly how: FaultKind;
  /** For so many requests (1); `Infinity` until `heal`. */
  readonly times?: number;
}

/** What no message of a driver may repeat. */
export const VENDOR_TEXT = 'keys-db-7.internal.example';

export function createFaults() {
  const armed: { on: FaultPlace; how: FaultKind; left: number }[] = [];
  return {
    arm({ on, how, times = 1 }: Fault): void {
      armed.push({ on, how, left: times });
    },
    take(places: readonly FaultPlace[]): FaultKind | undefined {
      const fault = armed.find(({ on, left }) => left > 0 && (on === 'any' || places.includes(on)));
      if (fault) fault.left -= 1;
      return fault?.how;
    },
    heal(): void {
      armed.length = 0;
    },
  };
}

/** Answers as the fault says, quoting the request the way careless servers do. */
export function answerFault(response: ServerResponse, how: FaultKind, quoted: string): void {
  const leak = `${VENDOR_TEXT} ${quoted}`;
  if (how === '429-seconds') response.setHeader('Retry-After', '7');
  if (how === '429-date') response.setHeader('Retry-After', new Date(Date.now() + 7000).toUTCString());
  response.statusCode = how === 'html' ? 502 : Number.parseInt(how, 10);
  response.setHeader('Content-Type', how === 'html' ? 'text/html' : 'application/json');
  response.end(how === 'html' ? `<html><body><h1>502</h1>${leak}</body></html>` : JSON.stringify({ error: leak }));
}
