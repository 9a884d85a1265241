/** There is no answer to go by: whoever asked must refuse. Says nothing of the key. */
export class VerifyUnavailable extends Error {
    code = 'unavailable';
    /** When to ask again. */
    retryAfterMs;
    constructor(message, options = {}) {
        super(`latchkey: ${message}`, { cause: options.cause });
        this.name = 'VerifyUnavailable';
        this.retryAfterMs = options.retryAfterMs ?? 5000;
    }
}
