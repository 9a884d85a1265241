import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';

/** How long the same browser may see the key again. */
export const AGAIN_MS = 60_000;

/** The key and its end, sealed for the cookie of the browser that claimed it: the database keeps nothing. */
export function keepForAgain(secret: Secret, options: { claimId: string; now: Date; sealer: Sealer }): string {
  const until = options.now.getTime() + AGAIN_MS;
  return options.sealer.seal(new Secret(JSON.stringify({ key: secret.reveal(), until })), contextOf(options.claimId));
}

/** Undefined for a cookie of another claim, one that was changed, and after its minute. */
export function openAgain(
  cookie: string | undefined,
  options: { claimId: string; now: Date; sealer: Sealer },
): Secret | undefined {
  if (cookie === undefined) return undefined;
  try {
    const kept: unknown = JSON.parse(options.sealer.open(cookie, contextOf(options.claimId)).reveal());
    const { key, until } = kept as { key: string; until: number };
    return options.now.getTime() <= until ? new Secret(key) : undefined;
  } catch {
    return undefined;
  }
}

function contextOf(claimId: string): string {
  return `claim-cookie:${claimId}`;
}
