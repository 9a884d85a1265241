import { DriverError, type Driver } from '../../providers/driver.ts';
import type { KeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import { Postponed } from './gate.ts';
import { refOf } from './key-ref.ts';
import type { Workshop } from './turn.ts';

type Shop = Pick<Workshop, 'sealer' | 'providers' | 'call'>;

/** What hand-over must know of the provider of a key, and ask it: where the value is, and from when on it may be shown. */
export function createKeeping(shop: Shop) {
  const driverOf = (provider: string): Driver<unknown> | undefined => shop.providers(provider)?.driver;
  return {
    withholds: (provider: string): boolean => driverOf(provider)?.limits.notBefore.by === 'latchkey',
    tells: (provider: string): boolean => driverOf(provider)?.reveal !== undefined,
    async ask(key: KeyRow): Promise<Secret> {
      try {
        return await shop.call(key.provider, 'reveal', (open, call) => open.driver.reveal!(refOf(shop, key), call));
      } catch (error) {
        throw faultOf(error, key);
      }
    },
  };
}

function faultOf(error: unknown, { provider }: KeyRow): unknown {
  if (error instanceof DriverError && error.kind === 'gone')
    return new Fault('gone', 'this key is no longer at its provider; ask the operator for a new one');
  if (!(error instanceof DriverError) && !(error instanceof Postponed)) return error;
  const retryAfterMs = error.retryAfterMs ?? 30_000;
  return new Fault('unavailable', `the key cannot be read from ${provider} now; the link stays good, try again in a minute`, {
    retryAfterMs,
    cause: error,
  });
}
