import { systemClock } from './clock.js';
import { createMemory } from './memory.js';
import { VerifyUnavailable } from './unavailable.js';
/** No key of any kind is longer. */
const LONGEST_KEY = 8192;
/** What Latchkey reads of a question. */
const LONGEST_BODY = 16_384;
/**
 * Asks Latchkey about keys, over connections that stay open. `verify` throws `VerifyUnavailable` when no answer came in time, or none to go
 * by: then nobody may pass. Throws a TypeError or RangeError for options that cannot be.
 */
export function createVerifier(options) {
    const { token, timeoutMs = 2000, cacheMs = 0, approximateLimits = false, clock = systemClock } = options;
    const target = new URL('v1/verify', options.url.endsWith('/') ? options.url : `${options.url}/`);
    if (!['http:', 'https:'].includes(target.protocol))
        throw new TypeError('latchkey: url must begin with http:// or https://');
    if (!Number.isInteger(timeoutMs) || timeoutMs < 1)
        throw new RangeError('latchkey: timeoutMs must be a whole number from 1');
    const memory = createMemory({ cacheMs, approximateLimits, clock });
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    async function ask(body) {
        const response = await fetch(target, {
            method: 'POST',
            headers,
            body,
            // Elsewhere the key has no business.
            redirect: 'error',
            signal: AbortSignal.timeout(timeoutMs),
        });
        const text = await response.text();
        if (response.status !== 200)
            throw new VerifyUnavailable(complaint(response.status), { retryAfterMs: retryAfterOf(response) });
        return verdictOf(text);
    }
    return {
        async verify({ key, method, path, ip, scopes, cost }) {
            const request = { key, method, path, ip, scopes, cost };
            const remembered = memory.find(request);
            if (remembered)
                return remembered;
            if (key.length > LONGEST_KEY)
                return { valid: false, code: 'NOT_FOUND' };
            const body = JSON.stringify(request);
            // No path that Latchkey accepts is so long.
            if (Buffer.byteLength(body) > LONGEST_BODY)
                return { valid: false, code: 'ENDPOINT_FORBIDDEN' };
            const askedAt = clock.elapsed();
            const verdict = await ask(body).catch((error) => {
                throw error instanceof VerifyUnavailable
                    ? error
                    : new VerifyUnavailable(`no answer from ${target.origin}`, { cause: error });
            });
            memory.keep(request, verdict, askedAt);
            return verdict;
        },
    };
}
function complaint(status) {
    if (status === 403)
        return 'it does not answer us: name our address in VERIFY_ALLOW_FROM, or give an operator token';
    return `it answered ${status}`;
}
function retryAfterOf({ headers }) {
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
/** Throws for what is not an answer about a key. */
function verdictOf(text) {
    const said = JSON.parse(text);
    if (typeof said?.['valid'] !== 'boolean' || typeof said['code'] !== 'string' || said['valid'] !== (said['code'] === 'VALID'))
        throw new VerifyUnavailable('it answered something else than a verdict');
    const verdict = said;
    return {
        ...verdict,
        ...(typeof verdict.expiresAt === 'string' && { expiresAt: new Date(verdict.expiresAt) }),
        ...(verdict.rateLimit && { rateLimit: limitOf(verdict.rateLimit) }),
        ...(verdict.quota && { quota: limitOf(verdict.quota) }),
    };
}
function limitOf(limit) {
    return { ...limit, resetAt: limit.resetAt === null ? null : new Date(limit.resetAt) };
}
