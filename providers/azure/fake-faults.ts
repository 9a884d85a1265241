import type { ServerResponse } from 'node:http';

export type FaultPlace = 'issue' | 'policy' | 'revoke' | 'retime' | 'usage' | 'list' | 'check' | 'change' | 'any';

/** `change` is any write or delete of a subscription.
 *
 * `lost-answer` is done, then reset; `refuse` is reset and not done; `hang` is neither answered nor done; `late` is not answered, and done when
 * the fake is told that it arrives; `html` is a proxy's 502 page, `html-200` a login page, `html-404` a page for an address that it does not know; a
 * 429 asks to wait 7 s. Every error body is full of what must not be repeated.
 */
export type FaultKind =
  | 'lost-answer'
  | 'refuse'
  | 'hang'
  | 'late'
  | '500'
  | '429-seconds'
  | '429-date'
  | '429-ms'
  | 'html'
  | 'html-200'
  | 'html-404'
  | '403'
  | '400';

export interface Fault {
  readonly on: FaultPlace;
  readonly how: FaultKind;
  /** For so many requests (1). */
  readonly times?: number;
}

/** What no message of a driver may repeat. */
export const VENDOR_TEXT = 'apim-sql-7.internal.example';

export function createFaults() {
  const armed: { fault: Fault; left: number }[] = [];
  return {
    arm(fault: Fault): void {
      armed.push({ fault, left: fault.times ?? 1 });
    },
    take(places: readonly FaultPlace[]): FaultKind | undefined {
      const one = armed.find(({ fault, left }) => left > 0 && (fault.on === 'any' || places.includes(fault.on)));
      if (!one) return undefined;
      one.left -= 1;
      return one.fault.how;
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
  if (how === '429-ms') response.setHeader('x-ms-retry-after-ms', '7000');
  if (how === '429-date') response.setHeader('Retry-After', new Date(Date.now() + 7000).toUTCString());
  const page = { html: 502, 'html-200': 200, 'html-404': 404 }[how as string];
  response.statusCode = page ?? Number.parseInt(how, 10);
  response.setHeader('Content-Type', page ? 'text/html' : 'application/json; charset=utf-8');
  const code = how === '400' ? 'ValidationError' : 'SomeError';
  response.end(
    page
      ? `<html><body><h1>${page}</h1>${leak}</body></html>`
      : JSON.stringify({
          error: { code, message: `One or more fields: ${leak}`, details: [{ code, target: leak, message: leak }] },
        }),
  );
}
