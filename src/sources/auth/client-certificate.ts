import type { CertificateRule, SignedRequest, Verified } from '../../reservation/auth-rule.ts';
import { equalTexts } from '../../secret/hmac.ts';
import { readHeader } from '../headers.ts';

/** A certificate that a proxy verified and names in a header. From anybody else that header is only a text. */
export function verifyCertificate(request: SignedRequest, rule: CertificateRule): Verified {
  if (request.viaTrustedProxy !== true) return { ok: false, reason: 'it does not come from a proxy in LATCHKEY_TRUST_PROXY' };
  const header = readHeader(request.rawHeaders, rule.header);
  if ('reason' in header) return { ok: false, ...header };
  const named = fingerprint(header.value);
  const known = rule.allowed.map((one) => equalTexts(fingerprint(one), named)).includes(true);
  return known ? { ok: true, secretIndex: -1 } : { ok: false, reason: 'the certificate is none of those allowed' };
}

/** Proxies write the same fingerprint in either case, with and without colons. Names are compared as they are. */
function fingerprint(text: string): string {
  const bare = text.replaceAll(':', '');
  return /^[0-9a-f]{32,128}$/iu.test(bare) ? bare.toLowerCase() : text;
}
