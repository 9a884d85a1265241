import { createHmac } from 'node:crypto';
import type { HmacRule, SignedRequest, Source, Verified } from '../../reservation/source.ts';
import { decodeBase64Digest, decodeHexDigest, equalDigests } from '../../secret/hmac.ts';
import type { Secret } from '../../secret/secret.ts';
import { matchingSecret, soleHeader } from './signature.ts';

const LENGTHS = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;

/** A digest (RFC 2104) of what the rule's template makes of the raw request. */
export function verifyHmac(request: SignedRequest, rule: HmacRule, { secrets, url }: Pick<Source, 'secrets' | 'url'>): Verified {
  const header = soleHeader(request.rawHeaders, rule.header.toLowerCase());
  if (header.is === 'absent') return { ok: false, reason: `there is no ${rule.header} header` };
  if (header.is === 'repeated') return { ok: false, reason: `there is more than one ${rule.header} header` };
  const digest = decode(header.value, rule);
  if (!digest) return { ok: false, reason: `${rule.header} is not a ${rule.algorithm} digest in ${rule.encoding}` };
  const secretIndex = matchingSecret(secrets, request.now, (secret) =>
    equalDigests(digestOf(request.body, rule, { secret, url }), digest),
  );
  return secretIndex === undefined ? { ok: false, reason: 'the signature does not match' } : { ok: true, secretIndex };
}

function decode(text: string, { prefix, encoding, algorithm }: HmacRule): Buffer | undefined {
  const digest = text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
  if (digest === undefined) return undefined;
  return encoding === 'hex' ? decodeHexDigest(digest, LENGTHS[algorithm]) : decodeBase64Digest(digest, LENGTHS[algorithm]);
}

function digestOf(body: Buffer, { algorithm, signed }: HmacRule, { secret, url }: { secret: Secret; url: string }): Buffer {
  const hmac = createHmac(algorithm, secret.reveal());
  for (const part of signed.split(/(\{\w+\})/)) hmac.update(part === '{body}' ? body : part === '{url}' ? url : part);
  return hmac.digest();
}
