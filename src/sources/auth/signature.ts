import type { SigningSecret } from '../../reservation/source.ts';
import type { Secret } from '../../secret/secret.ts';

/** Which of a source's secrets count. Comparing and hashing is in src/secret/hmac.ts. */

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
