import type { AuthRule } from '../../reservation/auth-rule.ts';

/**
 * `WWW-Authenticate` of a 401 (RFC 9110 section 15.5.2 wants one). For ways that HTTP has no scheme for it is one of our own, so that nobody
 * takes a signature for a bearer token.
 */
export function challengeOf({ kind }: AuthRule, realm: string): string {
  if (kind === 'basic') return `Basic realm="${realm}", charset="UTF-8"`;
  return `${kind === 'bearer' ? 'Bearer' : 'Webhook'} realm="${realm}"`;
}
