import { DriverError, type Usage } from '../../providers/driver.ts';
import type { KeyRow } from '../ledger/schema.ts';
import { Postponed } from './gate.ts';
import { refOf } from './key-ref.ts';
import type { Workshop } from './turn.ts';

type Deps = Pick<Workshop, 'sealer' | 'providers' | 'call' | 'now'>;

/** What a provider says of a key's use since its window opened, asked now; or why it says nothing. */
export async function usageAt(deps: Deps, key: KeyRow): Promise<Usage | { readonly unknown: string }> {
  const driver = deps.providers(key.provider)?.driver;
  if (driver && !driver.usage) return { unknown: `provider ${key.provider} does not report the use of a key` };
  try {
    const range = { from: key.opensAt, to: deps.now() };
    return await deps.call(key.provider, 'usage', (open, call) => open.driver.usage!(refOf(deps, key), range, call));
  } catch (error) {
    if (error instanceof DriverError || error instanceof Postponed) return { unknown: error.message };
    throw error;
  }
}

/** A provider can be asked about keys that it once confirmed and that are not known to be dead. */
export function canBeUsed(key: KeyRow): boolean {
  return key.state === 'active' || (key.state === 'revoking' && key.confirmedAt !== null);
}
