import { DriverError, type Standing } from '../../providers/driver.ts';
import type { KeyRow } from '../ledger/schema.ts';
import { refOf } from './key-ref.ts';
import type { Workshop } from './turn.ts';

/** What the provider said of a key after its revocation: null where it cannot be asked, or did not let us ask. */
export interface ReadBack {
  readonly readBack: Exclude<Standing, 'works'> | null;
  /** Why it did not let us ask. */
  readonly readBackFailed?: string;
}

/**
 * Asks for the state of a key that was just revoked. Throws a `DriverError` when it works all the same or that cannot be told
 * now: the revocation is made again then.
 */
export async function readBack(shop: Workshop, key: KeyRow): Promise<ReadBack> {
  if (!shop.providers(key.provider)?.driver.probe) return { readBack: null };
  const standing = await probe(shop, key).catch(whyNot);
  if (standing === 'works') throw new DriverError('transient', `${key.provider}: the key still works after its revocation`);
  return typeof standing === 'string' ? { readBack: standing } : standing;
}

const probe = (shop: Workshop, key: KeyRow): Promise<Standing> =>
  shop.call(key.provider, 'probe', (open, call) => open.driver.probe!(refOf(shop, key), call));

/** A question that is refused for good undoes no revocation. */
function whyNot(error: unknown): 'gone' | ReadBack {
  if (!(error instanceof DriverError) || error.kind === 'transient' || error.kind === 'rate-limited') throw error;
  return error.kind === 'gone' ? 'gone' : { readBack: null, readBackFailed: error.kind };
}
