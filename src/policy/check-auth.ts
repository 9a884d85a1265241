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
  const unsigned = unsignedOf({ auth, mapping, body });
  if (unsigned.length > 0)
    report({
      path: [...path, 'auth', 'hmac'],
      message: `does not sign what is read from ${unsigned.join(', ')}: whoever sees a message can send it again with another one`,
      fix: 'let the system sign an id as well ({id}), or use bearer over TLS',
      severity: 'warning',
    });
}

/** What the map reads outside of what a digest covers. A message with a signed id counts once only, so that nobody can send it otherwise. */
function unsignedOf({ auth, mapping, body }: Pick<Source, 'auth' | 'mapping' | 'body'>): readonly string[] {
  const signed = auth.kind === 'hmac' ? placeholdersOf(auth.signed) : undefined;
  if (!signed || signed.has('id')) return [];
  return [
    ...(body.kind === 'cloudevents' ? ['ce- headers'] : []),
    ...mapping.headers,
    ...(mapping.readsPath && !signed.has('url') ? ['request.path'] : []),
  ];
}
