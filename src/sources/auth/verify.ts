import type { AuthKind, AuthRule, SignedRequest, Verified } from '../../reservation/auth-rule.ts';
import type { Source } from '../../reservation/source.ts';
import { isWebhookSecret } from '../../secret/standard-webhooks.ts';
import type { Secret } from '../../secret/secret.ts';
import { verifyCertificate } from './client-certificate.ts';
import { keyOf, verifyHmac } from './hmac.ts';
import { verifyStandardWebhook } from './standard-webhooks.ts';
import { verifyBasic, verifyBearer, verifyField, verifyQuery, verifyToken } from './token.ts';

/**
 * Whether a request is from its source. Looks at headers and raw bytes only, called before anything is parsed; but for a token in the body,
 * which is read for it alone. Never throws.
 */
export function verifyRequest(request: SignedRequest, source: Source): Verified {
  const { auth, secrets } = source;
  switch (auth.kind) {
    case 'hmac':
      return verifyHmac(request, auth, source);
    case 'standard-webhooks':
      return verifyStandardWebhook(request, secrets);
    case 'token':
      return verifyToken(request, auth, secrets);
    case 'field':
      return verifyField(request, auth, source);
    case 'basic':
      return verifyBasic(request, auth, secrets);
    case 'bearer':
      return verifyBearer(request, secrets);
    case 'client-certificate':
      return verifyCertificate(request, auth);
    case 'query':
      return verifyQuery(request, auth, secrets);
    case 'none':
      return { ok: false, reason: 'nothing is posted by this source' };
    default:
      auth satisfies never;
      throw new Error('sources: an unknown way of signing');
  }
}

/** False where something else than a secret decides. */
export function needsSecrets(kind: AuthKind): boolean {
  return kind !== 'client-certificate' && kind !== 'none';
}

/** What a secret must look like for a way of signing. */
export function secretFormOf(auth: AuthRule): { fits: (secret: Secret) => boolean; words: string } {
  if (auth.kind === 'standard-webhooks')
    return {
      fits: isWebhookSecret,
      words: 'whsec_ and the base64 of at least 24 bytes, or the public half whpk_… of an Ed25519 pair',
    };
  const encoding = auth.kind === 'hmac' ? auth.secretEncoding : 'utf8';
  return {
    fits: (secret) => !isPlaceholder(secret) && keyOf(secret, encoding) !== undefined,
    words: encoding === 'utf8' ? 'a text that only the two sides know' : `bytes in ${encoding}, as secretEncoding says`,
  };
}

/** Cal.com sends this in place of a signature where it has no secret: whoever took it for one would let anybody in. */
function isPlaceholder(secret: Secret): boolean {
  return secret.reveal() === 'no-secret-provided';
}
