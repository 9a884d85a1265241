import type { Source } from '../reservation/source.ts';
import { placeholdersOf } from '../sources/auth/template.ts';
import type { Report } from './problems.ts';

/** What a way of signing makes unwise or impossible elsewhere in the entry. */
export function checkAuth({ name, auth, mapping, body, handshakes }: Source, report: Report): void {
  const path = ['sources', name];
  const echoed = handshakes.findIndex(
    (one) => one.kind === 'echo-query' && auth.kind === 'query' && one.parameter === auth.parameter,
  );
  if (echoed !== -1)
    report({
      path: [...path, 'handshake', echoed, 'echo', 'query'],
      message: 'is where the secret is: it would be sent back, and nothing be recorded',
      fix: 'write the parameter in which the system sends its question',
    });
  if (auth.kind === 'query')
    report({
      path: [...path, 'auth', 'query'],
      message: 'puts the secret in the address, which proxies and browsers log',
      fix: 'use another way if the system knows one, such as token: { header: X-Auth-Token }',
      severity: 'warning',
    });
  const unsigned =
    body.kind === 'cloudevents' ? 'ce- headers' : mapping.headers.length > 0 ? mapping.headers.join(', ') : undefined;
  if (unsigned !== undefined && auth.kind === 'hmac' && !placeholdersOf(auth.signed).has('id'))
    report({
      path: [...path, 'auth', 'hmac'],
      message: `does not sign what is read from ${unsigned}: whoever sees a message can send it again with other ones`,
      fix: 'let the system sign an id as well ({id}), or use bearer over TLS',
      severity: 'warning',
    });
}
