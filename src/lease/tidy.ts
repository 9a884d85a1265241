import { DriverError } from '../../providers/driver.ts';
import { reservePace } from '../ledger/pace.ts';
import { Postponed } from './gate.ts';
import type { Workshop } from './turn.ts';

type Deps = Pick<Workshop, 'call' | 'providers' | 'ledger' | 'now' | 'log'>;

const PER_SECOND = 1 / 3600;

/**
 * Has each provider that can collect what it keeps for nobody, once an hour over all nodes. Never rejects for a provider that fails: its turn
 * comes again.
 */
export async function tidyProviders(deps: Deps, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => tidyOne(deps, name)));
}

async function tidyOne({ call, providers, ledger, now, log }: Deps, provider: string): Promise<void> {
  if (!providers(provider)?.driver.tidy) return;
  const slot = { provider, operation: 'tidy', perSecond: PER_SECOND, furthestMs: 0, now: now() };
  if ((await reservePace(ledger.db, slot)) === undefined) return;
  try {
    const collected = await call(provider, 'tidy', (open, surroundings) => open.driver.tidy!(surroundings));
    if (collected > 0) log.info('provider tidied', { provider, collected });
  } catch (error) {
    if (!(error instanceof DriverError) && !(error instanceof Postponed)) throw error;
    log.warn('provider not tidied', { provider, error: error.message });
  }
}
