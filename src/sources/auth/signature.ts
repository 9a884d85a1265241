import type { SigningSecret } from '../../reservation/source.ts';
import type { Secret } from '../../secret/secret.ts';

/** Pieces that every way of signing verifies with. Comparing and hashing is in src/secret/hmac.ts. */

export type Header = { readonly is: 'there'; readonly value: string } | { readonly is: 'absent' } | { readonly is: 'repeated' };

/** A header that decides must come once: with two, we and a proxy before us could believe different ones. */
export function soleHeader(rawHeaders: readonly string[], name: string): Header {
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
  if (values.length > 1) return { is: 'repeated' };
  return values[0] === undefined ? { is: 'absent' } : { is: 'there', value: values[0] };
}

export function inForce(secrets: readonly SigningSecret[], now: Date): SigningSecret[] {
  return secrets.filter(({ notAfter }) => !notAfter || now < notAfter);
}

/** The index of the first secret in force that matches, so that it can be seen when an old one is no longer used. */
export function matchingSecret(
  secrets: readonly SigningSecret[],
  now: Date,
  matches: (secret: Secret) => boolean,
): number | undefined {
  const found = inForce(secrets, now).find(({ secret }) => matches(secret));
  return found && secrets.indexOf(found);
}
