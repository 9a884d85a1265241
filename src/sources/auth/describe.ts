import type { HmacRule, SignedRequest, Verified } from '../../reservation/auth-rule.ts';
import type { SigningSecret, Source } from '../../reservation/source.ts';
import { fingerprintOf } from '../../secret/hmac.ts';
import { needsSecrets, verifyRequest } from './verify.ts';

/** What a request must bring to be believed, and why one is not, in words for who connects a system. Never a secret or a digest. */

export interface Explanation {
  readonly ok: boolean;
  /** Why not; null where it is. */
  readonly reason: string | null;
  readonly expected: string;
  /** Every secret of the source, by its fingerprint. */
  readonly tried: readonly { readonly fingerprint: string; readonly inForce: boolean; readonly matched: boolean }[];
}

/** The verdict on a request, explained. As with `verifyRequest`, `now` is when it came. */
export function explainVerdict(request: SignedRequest, source: Source): Explanation & { readonly verified: Verified } {
  const isOpen = needsSecrets(source.auth.kind) && source.secrets.length === 0;
  const verified: Verified = isOpen ? { ok: true, secretIndex: -1 } : verifyRequest(request, source);
  const tried = source.secrets.map((one, index) => ({
    fingerprint: fingerprintOf(one.secret),
    inForce: isInForce(one, request.now),
    matched: verified.ok && verified.secretIndex === index,
  }));
  return {
    ok: verified.ok,
    reason: verified.ok ? null : (endedSecret(request, source) ?? verified.reason),
    expected: describeAuth(source),
    tried,
    verified,
  };
}

/** Like `the header x-signature with v1= and the hex of HMAC-SHA256 over {timestamp}.{body}, …`. */
export function describeAuth({ auth, url }: Source): string {
  switch (auth.kind) {
    case 'hmac':
      return describeHmac(auth, url);
    case 'standard-webhooks':
      return (
        'the headers webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks (or svix-…): ' +
        'v1, and the base64 of HMAC-SHA256, or v1a, and of Ed25519, over {id}.{timestamp}.{body}, the time at most 5 minutes off'
      );
    case 'token':
      return `the header ${auth.header} with ${auth.prefix === '' ? '' : `"${auth.prefix}" and `}one of the secrets`;
    case 'field':
      return `one of the secrets in the body, as ${auth.path.join('.')}`;
    case 'basic':
      return `the header Authorization: Basic with the name "${auth.username}" and one of the secrets as the password`;
    case 'bearer':
      return 'the header Authorization: Bearer with one of the secrets';
    case 'client-certificate':
      return `the header ${auth.header}, from a proxy in LATCHKEY_TRUST_PROXY, with one of ${auth.allowed.length} allowed certificates`;
    case 'query':
      return `one of the secrets in the address, as ?${auth.parameter}=…`;
    case 'none':
      return 'nothing: it is read, and takes no webhooks';
    default:
      auth satisfies never;
      throw new Error('sources: an unknown way of signing');
  }
}

function describeHmac(rule: HmacRule, url: string): string {
  const { header, layout, algorithm, encoding, signed, secretEncoding } = rule;
  const laid = layout.text === '{signature}' ? 'with' : `laid out as ${layout.text}, {signature} being`;
  const digest = `the ${encoding} of HMAC-${algorithm.toUpperCase()} over ${signed.text}`;
  const key = secretEncoding === 'utf8' ? '' : `, the secret decoded from ${secretEncoding}`;
  const places = [
    signed.text.includes('{id}') && `{id} ${placeOf(rule, 'id')}`,
    signed.text.includes('{timestamp}') && `{timestamp} ${placeOf(rule, 'timestamp')}, ${timeOf(rule)}`,
    signed.text.includes('{url}') && `{url} being ${url}`,
  ].filter(Boolean);
  return [`the header ${header} ${laid} ${digest}${key}`, ...places].join('; ');
}

function placeOf(rule: HmacRule, part: 'id' | 'timestamp'): string {
  const own = rule[`${part}Header`];
  return own === undefined ? 'in that header' : `in the header ${own}`;
}

function timeOf({ timestampUnit, toleranceMs }: HmacRule): string {
  return `in ${timestampUnit === 's' ? 'seconds' : 'milliseconds'} since 1970 and at most ${toleranceMs / 1000} s off`;
}

function isInForce({ notAfter }: SigningSecret, now: Date): boolean {
  return !notAfter || now < notAfter;
}

/** A sender that was not told of a rotation looks like one that signs wrongly. */
function endedSecret(request: SignedRequest, source: Source): string | undefined {
  const ended = source.secrets.filter((one) => !isInForce(one, request.now)).map(({ secret }) => ({ secret }));
  if (ended.length === 0 || !verifyRequest(request, { ...source, secrets: ended }).ok) return undefined;
  return 'it is signed with a secret that has ended: its notAfter has passed';
}
