import type { BasicRule, FieldTokenRule, QueryRule, SignedRequest, TokenRule, Verified } from '../../reservation/auth-rule.ts';
import type { BodyRule } from '../../reservation/reception.ts';
import type { SigningSecret } from '../../reservation/source.ts';
import { equalTexts } from '../../secret/hmac.ts';
import { readBody } from '../body/read.ts';
import { memberAt } from './member.ts';
import { readHeader } from '../headers.ts';
import { matchingSecret } from './signature.ts';

/** Requests that show one of the source's secrets as it is: nothing but the transport keeps it, and the body, from being changed. */

const LONGEST = 4096;

export function verifyToken(request: SignedRequest, rule: TokenRule, secrets: readonly SigningSecret[]): Verified {
  const header = readHeader(request.rawHeaders, rule.header);
  if ('reason' in header) return { ok: false, ...header };
  if (!header.value.startsWith(rule.prefix)) return { ok: false, reason: `${rule.header} does not begin with its prefix` };
  return shows(header.value.slice(rule.prefix.length), secrets, request.now);
}

/** `Authorization: Bearer` (RFC 6750). */
export function verifyBearer(request: SignedRequest, secrets: readonly SigningSecret[]): Verified {
  const given = credentialsOf(request, 'bearer');
  return 'reason' in given ? { ok: false, ...given } : shows(given.value, secrets, request.now);
}

/** `Authorization: Basic` (RFC 7617), in UTF-8. */
export function verifyBasic(request: SignedRequest, rule: BasicRule, secrets: readonly SigningSecret[]): Verified {
  const given = credentialsOf(request, 'basic');
  if ('reason' in given) return { ok: false, ...given };
  const decoded = Buffer.from(given.value, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) return { ok: false, reason: 'Authorization holds no name and password' };
  const isNamed = equalTexts(decoded.slice(0, colon), rule.username);
  const verdict = shows(decoded.slice(colon + 1), secrets, request.now);
  // Both were compared, so the time does not tell which was wrong.
  return isNamed ? verdict : { ok: false, reason: 'the name or the password does not match' };
}

/** In the address. A parameter that comes twice is refused: proxies and we could believe different ones. */
export function verifyQuery(request: SignedRequest, rule: QueryRule, secrets: readonly SigningSecret[]): Verified {
  const values = new URLSearchParams(request.query ?? '').getAll(rule.parameter);
  if (values.length !== 1) return { ok: false, reason: `the parameter ${rule.parameter} must be there once` };
  return shows(values[0]!, secrets, request.now);
}

/** In the body, which is therefore read before it is known whose it is: within the bounds of any body, and nothing else is done with it. */
export function verifyField(
  request: SignedRequest,
  rule: FieldTokenRule,
  { secrets, body }: { readonly secrets: readonly SigningSecret[]; readonly body: BodyRule },
): Verified {
  const read = readBody(request, body);
  const value = read.ok ? memberAt(read.document, rule.path) : undefined;
  if (typeof value !== 'string') return { ok: false, reason: `the body has no ${rule.path.join('.')}` };
  return shows(value, secrets, request.now);
}

function shows(token: string, secrets: readonly SigningSecret[], now: Date): Verified {
  const index =
    token === '' || token.length > LONGEST
      ? undefined
      : matchingSecret(secrets, now, (secret) => equalTexts(token, secret.reveal()));
  return index === undefined
    ? { ok: false, reason: 'the secret that it shows is none of this source' }
    : { ok: true, secretIndex: index };
}

function credentialsOf({ rawHeaders }: SignedRequest, scheme: string): { readonly value: string } | { readonly reason: string } {
  const header = readHeader(rawHeaders, 'Authorization');
  if ('reason' in header) return header;
  const [named = '', value = '', ...rest] = header.value.split(/ +/);
  if (named.toLowerCase() !== scheme || rest.length > 0) return { reason: `Authorization is not of the scheme ${scheme}` };
  return { value };
}
