/**
 * `lost-answer` is done, then reset; `refuse` is reset and not done; `hang` is neither answered nor done; `html` is a proxy's 502 page,
 * `html-404` its page for an address that it does not know; a 429 asks to wait 7 s. Every error body is full of what must not be
 * repeated.
 */
export type FaultKind =
  | 'lost-answer'
  | 'refuse'
  | 'hang'
  | 'html'
  | 'html-404'
  | '500'
  | '429-seconds'
  | '429-date'
  | '403'
  | '400';

export interface Fault {
  /** The operation by AWS's name, or any. */
  readonly on: string;
  readonly how: FaultKind;
  /** After so many of them (0). */
  readonly after?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What no message of the driver may repeat. */
export const VENDOR_TEXT = 'backplane-7.internal.example';

const STATUS: Readonly<Record<string, number>> = {
  BadRequestException: 400,
  UnauthorizedException: 401,
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  NotFoundException: 404,
  ConflictException: 409,
  LimitExceededException: 429,
  TooManyRequestsException: 429,
  InternalFailure: 500,
  ServiceUnavailableException: 503,
};

/** An error the way API Gateway answers it. */
export function errorAnswer(type: string, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: STATUS[type] ?? 500,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': `${type}:`, ...headers },
    body: JSON.stringify({ message }),
  };
}

export function createFaults() {
  const armed: { readonly fault: Fault; toGo: number }[] = [];
  return {
    arm: (fault: Fault): void => void armed.push({ fault, toGo: fault.after ?? 0 }),
    waiting: (): number => armed.length,
    take(operation: string): FaultKind | undefined {
      const at = armed.findIndex(({ fault }) => fault.on === operation || fault.on === 'any');
      if (at === -1 || armed[at]!.toGo-- > 0) return undefined;
      return armed.splice(at, 1)[0]!.fault.how;
    },
  };
}

/** Answers as the fault says, quoting the request the way careless servers do. */
export function faultAnswer(how: FaultKind, quoted: string): Answer {
  const leak = `${VENDOR_TEXT} ${quoted}`;
  const page = (status: number) => ({
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html><h1>${status}</h1>${leak}</html>`,
  });
  if (how === 'html') return page(502);
  if (how === 'html-404') return page(404);
  if (how === '429-seconds') return errorAnswer('TooManyRequestsException', leak, { 'retry-after': '7' });
  if (how === '429-date')
    return errorAnswer('TooManyRequestsException', leak, { 'retry-after': new Date(Date.now() + 7000).toUTCString() });
  const type = { '403': 'AccessDeniedException', '400': 'BadRequestException' }[how as string];
  return errorAnswer(type ?? 'InternalFailure', leak);
}
