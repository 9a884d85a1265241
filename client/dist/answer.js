const REFUSALS = {
    NOT_FOUND: { status: 401, error: 'invalid_token', description: 'Invalid API Key' },
    NOT_YET_VALID: { status: 401, error: 'invalid_token', description: 'API key is not valid yet' },
    EXPIRED: { status: 401, error: 'invalid_token', description: 'API key has expired' },
    REVOKED: { status: 401, error: 'invalid_token', description: 'API key has been revoked' },
    SUSPENDED: { status: 401, error: 'invalid_token', description: 'API key is suspended' },
    OUTSIDE_HOURS: { status: 403, error: 'insufficient_scope', description: 'API key may not be used at this hour' },
    INSUFFICIENT_SCOPE: { status: 403, error: 'insufficient_scope', description: 'API key does not have required permissions' },
    ENDPOINT_FORBIDDEN: { status: 403, error: 'insufficient_scope', description: 'API key does not have access to this endpoint' },
    IP_FORBIDDEN: { status: 403, error: 'insufficient_scope', description: 'API key may not be used from this address' },
    RATE_LIMITED: { status: 429, error: 'rate_limit_exceeded', description: 'Rate limit exceeded' },
    QUOTA_EXCEEDED: { status: 429, error: 'quota_exceeded', description: 'Quota exceeded' },
};
/** A refusal that is not known here is one all the same. */
const UNKNOWN = { status: 403, error: 'insufficient_scope', description: 'API key was refused' };
/** What is said of tokens in other words. */
const OF_TOKENS = {
    NOT_FOUND: { ...REFUSALS.NOT_FOUND, description: 'Invalid token' },
    NOT_YET_VALID: { ...REFUSALS.NOT_YET_VALID, description: 'Token is not valid yet' },
    EXPIRED: { ...REFUSALS.EXPIRED, description: 'Token expired' },
};
const FROZEN = { status: 429, error: 'quota_exceeded', description: 'Quota is frozen' };
const GUESSING = { status: 429, error: 'rate_limit_exceeded', description: 'Too many invalid API keys' };
/**
 * What goes to the client whether it passes or not: `RateLimit` and `RateLimit-Policy` with an item for each limit
 * (draft-ietf-httpapi-ratelimit-headers-10), and the `X-RateLimit-*` triple of the tightest.
 */
export function setLimitHeaders(response, { limits = [], rateLimit, quota }) {
    const tightest = rateLimit ?? quota;
    if (!tightest)
        return;
    if (limits.length > 0) {
        response.setHeader('RateLimit', limits.map(leftOf).join(', '));
        response.setHeader('RateLimit-Policy', limits.map(policyOf).join(', '));
    }
    response.setHeader('X-RateLimit-Limit', String(tightest.limit));
    response.setHeader('X-RateLimit-Remaining', String(tightest.remaining));
    if (tightest.resetAt)
        response.setHeader('X-RateLimit-Reset', String(Math.ceil(tightest.resetAt.getTime() / 1000)));
}
function leftOf({ name, remaining, resetMs }) {
    return `"${name}";r=${remaining}${resetMs === null ? '' : `;t=${Math.ceil(resetMs / 1000)}`}`;
}
function policyOf({ name, limit, windowSeconds }) {
    return `"${name}";q=${limit}${windowSeconds === null ? '' : `;w=${windowSeconds}`}`;
}
export function refuse(response, verdict) {
    const { retryAfterMs } = verdict;
    if (retryAfterMs !== undefined)
        response.setHeader('Retry-After', seconds(retryAfterMs));
    send(response, refusalOf(verdict));
}
function refusalOf({ code, retryAfterMs, tokenType, frozen }) {
    if (code === 'NOT_FOUND' && retryAfterMs !== undefined)
        return GUESSING;
    if (frozen)
        return FROZEN;
    return (tokenType && OF_TOKENS[code]) ?? REFUSALS[code] ?? UNKNOWN;
}
/** There is no one key to ask about. */
export function refuseUnasked(response, problem) {
    send(response, { status: 401, error: 'invalid_token', description: problem });
}
/** Nobody passes while nobody can be asked. */
export function refuseAll(response, { retryAfterMs }) {
    response.setHeader('Retry-After', seconds(retryAfterMs));
    sendJson(response, 503, { error: 'temporarily_unavailable', error_description: 'API keys cannot be verified at the moment' });
}
export function sendJson(response, status, body) {
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    response.end(JSON.stringify(body));
}
function send(response, { status, error, description }) {
    if (status !== 429)
        response.setHeader('WWW-Authenticate', `Bearer realm="latchkey", error="${error}", error_description="${description}"`);
    sendJson(response, status, { error, error_description: description });
}
function seconds(ms) {
    return String(Math.max(1, Math.ceil(ms / 1000)));
}
