import type { Verdict } from '../../keys/verdict.ts';

/** What is left of a key's limits, as header lines: names and values in turn. */

/**
 * `RateLimit` and `RateLimit-Policy` with an item for each limit (draft-ietf-httpapi-ratelimit-headers-10), and the `X-RateLimit-*` triple of
 * the tightest, its reset in seconds since 1970, as GitHub and most gateways have it.
 */
export function addLimitHeaders(lines: string[], { limits, rateLimit, quota }: Verdict): void {
  const tightest = rateLimit ?? quota;
  if (!tightest) return;
  if (limits && limits.length > 0) {
    let left = '';
    let policy = '';
    for (const { name, limit, remaining, windowSeconds, resetMs } of limits) {
      const comma = left === '' ? '' : ', ';
      left += `${comma}"${name}";r=${remaining}${resetMs === null ? '' : `;t=${Math.ceil(resetMs / 1000)}`}`;
      policy += `${comma}"${name}";q=${limit}${windowSeconds === null ? '' : `;w=${windowSeconds}`}`;
    }
    lines.push('ratelimit', left, 'ratelimit-policy', policy);
  }
  lines.push('x-ratelimit-limit', `${tightest.limit}`, 'x-ratelimit-remaining', `${tightest.remaining}`);
  if (tightest.resetAt) lines.push('x-ratelimit-reset', `${Math.ceil(tightest.resetAt.getTime() / 1000)}`);
}
