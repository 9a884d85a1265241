/** There is no answer to go by: whoever asked must refuse. Says nothing of the key. */
export class VerifyUnavailable extends Error {
  readonly code = 'unavailable';
  /** When to ask again. */
  readonly retryAfterMs: number;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(`latchkey: ${message}`, { cause: options.cause });
    this.name = 'VerifyUnavailable';
    this.retryAfterMs = options.retryAfterMs ?? 5000;
  }
}
