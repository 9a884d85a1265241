export const FAULT_CODES = [
  'invalid',
  'not_found',
  'conflict',
  'gone',
  'forbidden',
  'unauthorized',
  'too_large',
  'too_many',
  'unavailable',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** Something the caller can act on. `message` is for the caller: what is wrong and what to do; HTTP statuses are the edge's business. */
export class Fault extends Error {
  readonly code: FaultCode;
  /** Where it is wrong, e.g. a field or a line, when that helps. */
  readonly at: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: FaultCode, message: string, options: { at?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.at = options.at;
    this.retryAfterMs = options.retryAfterMs;
  }
}
