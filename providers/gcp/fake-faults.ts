import type { ServerResponse } from 'node:http';

/** `policy` is the look at an operation, `change` a PATCH, `read` one key, `gateway` anything of the API Gateway API. */
export type FaultPlace = 'issue' | 'policy' | 'revoke' | 'list' | 'check' | 'read' | 'reveal' | 'change' | 'gateway';

/**
 * `lost-answer` is done, then reset; `refuse` is reset and not done; `hang` is neither answered nor done; `html` is a proxy's 502 page,
 * `html-404` its page for an address that it does not know; a 429 asks to wait 7 s. Every error body is full of what must not be repeated.
 */
export type FaultKind =
  | 'lost-answer'
  | 'refuse'
  | 'hang'
  | '500'
  | '429-seconds'
  | '429-date'
  | 'html'
  | 'html-404'
  | '403'
  | '400';

export interface Fault {
  readonly on: FaultPlace;
  readonly how: FaultKind;
  /** For so many requests (1). */
  readonly times?: number;
  /** Only for requests before that moment of `performance.now()`. */
  readonly until?: number;
}

/** What no message of a driver may repeat. */
export const VENDOR_TEXT = 'akmf-backend-7.internal.example';

const STATUS: Readonly<Record<string, string>> = {
  '400': 'INVALID_ARGUMENT',
  '403': 'PERMISSION_DENIED',
  '429': 'RESOURCE_EXHAUSTED',
  '500': 'INTERNAL',
};

export function createFaults() {
  const armed: { fault: Fault; left: number }[] = [];
  return {
    arm(fault: Fault): void {
      armed.push({ fault, left: fault.times ?? 1 });
    },
    take(places: readonly FaultPlace[]): FaultKind | undefined {
      const now = performance.now();
      const one = armed.find(({ fault: { on, until = Infinity }, left }) => left > 0 && places.includes(on) && now < until);
      if (one) one.left -= 1;
      return one?.fault.how;
    },
  };
}

/** Answers as the fault says, quoting the request the way careless servers do. */
export function answerFault(response: ServerResponse, how: FaultKind, quoted: string): void {
  const leak = `${VENDOR_TEXT} ${quoted}`;
  if (how === '429-seconds') response.setHeader('Retry-After', '7');
  if (how === '429-date') response.setHeader('Retry-After', new Date(Date.now() + 7000).toUTCString());
  const page = { html: 502, 'html-404': 404 }[how as string];
  const code = page ?? Number.parseInt(how, 10);
  response.statusCode = code;
  response.setHeader('Content-Type', page ? 'text/html' : 'application/json');
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: leak, domain: leak, metadata: { leak } }];
  const error = { code, message: leak, status: STATUS[String(code)], details };
  response.end(page ? `<html><body><h1>${page}</h1>${leak}</body></html>` : JSON.stringify({ error }));
}
