import type { ServerResponse } from 'node:http';

export type FaultPlace = 'issue' | 'policy' | 'revoke' | 'usage' | 'retime' | 'list' | 'check' | 'any';

/**
 * `lost-answer` is done, then reset; `refuse` is reset and not done; `hang` is neither answered nor done; `late` is not answered, and done
 * when the fake is told that it arrives; `html` is a
 * proxy's 502 page, `html-404` its page for an address that it does not know; a 429 asks to wait 7 s. Every error body is full of what must not be repeated.
 */
export type FaultKind =
  | 'lost-answer'
  | 'refuse'
  | 'hang'
  | 'late'
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
  /** For so many requests (1); `Infinity` until `heal`. */
  readonly times?: number;
  /** Only this part of them (1), chosen as by dice but the same in each run. */
  readonly share?: number;
  /** Only those whose path or body holds this text. */
  readonly about?: string;
}

/** What a manager takes in any second; the rest is a 429 with a Retry-After in either of its forms. */
export interface StandingLimit {
  readonly perSecond: number;
  readonly retryAfter: 'seconds' | 'date';
  /** How long it asks to wait (1). */
  readonly restSeconds?: number;
}

/** What no message of a driver may repeat. */
export const VENDOR_TEXT = 'keys-db-7.internal.example';

export function createFaults() {
  const armed: { fault: Fault; left: number; dice: number }[] = [];
  return {
    arm(fault: Fault): void {
      armed.push({ fault, left: fault.times ?? 1, dice: 1 });
    },
    take(places: readonly FaultPlace[], text: string): FaultKind | undefined {
      for (const one of armed) {
        const { on, how, share = 1, about = '' } = one.fault;
        if (one.left === 0 || !(on === 'any' || places.includes(on)) || !text.includes(about)) continue;
        one.dice = (one.dice * 1_664_525 + 1_013_904_223) % 2 ** 32;
        if (one.dice >= share * 2 ** 32) continue;
        one.left -= 1;
        return how;
      }
      return undefined;
    },
    heal(): void {
      armed.length = 0;
    },
  };
}

/** Whether a request now is one too many. Those refused do not count. */
export function createLimiter(): (limit: StandingLimit | undefined) => boolean {
  const taken: number[] = [];
  return (limit) => {
    const at = performance.now();
    const oldest = limit && taken.at(-limit.perSecond);
    if (oldest !== undefined && at - oldest < 1000) return true;
    taken.push(at);
    return false;
  };
}

export function answerTooMany(response: ServerResponse, { retryAfter, restSeconds = 1 }: StandingLimit): void {
  response.statusCode = 429;
  const until = new Date(Date.now() + restSeconds * 1000).toUTCString();
  response.setHeader('Retry-After', retryAfter === 'seconds' ? String(restSeconds) : until);
  response.setHeader('Content-Type', 'application/json').end('{"error":"too many requests"}');
}

/** Answers as the fault says, quoting the request the way careless servers do. */
export function answerFault(response: ServerResponse, how: FaultKind, quoted: string): void {
  const leak = `${VENDOR_TEXT} ${quoted}`;
  if (how === '429-seconds') response.setHeader('Retry-After', '7');
  // By one clock, which a test may have set.
  if (how === '429-date')
    response.setHeader('Date', new Date().toUTCString()).setHeader('Retry-After', new Date(Date.now() + 7000).toUTCString());
  const page = { html: 502, 'html-404': 404 }[how as string];
  response.statusCode = page ?? Number.parseInt(how, 10);
  response.setHeader('Content-Type', page ? 'text/html' : 'application/json');
  response.end(page ? `<html><body><h1>${page}</h1>${leak}</body></html>` : JSON.stringify({ error: leak }));
}
