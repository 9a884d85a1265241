import type { SignedRequest, Source, Verified } from '../../reservation/source.ts';
import { isWebhookSecret } from '../../secret/standard-webhooks.ts';
import type { Secret } from '../../secret/secret.ts';
import { verifyHmac } from './hmac.ts';
import { verifyStandardWebhook } from './standard-webhooks.ts';

/** Whether a request is from its source. Looks at headers and raw bytes only; called before anything is parsed. Never throws. */
export function verifyRequest(request: SignedRequest, source: Source): Verified {
  const { auth } = source;
  switch (auth.kind) {
    case 'hmac':
      return verifyHmac(request, auth, source);
    case 'standard-webhooks':
      return verifyStandardWebhook(request, source.secrets);
    default:
      auth satisfies never;
      throw new Error('sources: an unknown way of signing');
  }
}

/** What a secret must look like for a way of signing; without it, any. */
export function secretFormOf(kind: Source['auth']['kind']): { fits: (secret: Secret) => boolean; words: string } | undefined {
  if (kind !== 'standard-webhooks') return undefined;
  return {
    fits: isWebhookSecret,
    words: 'whsec_ and the base64 of at least 24 bytes, or the public half whpk_… of an Ed25519 pair',
  };
}
