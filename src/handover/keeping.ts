import type { KeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import { utc } from './words.ts';

/** Where a key's value is until its holder claims it, and from when on it may be shown. */
export interface Keeping {
  /** Its keys work as soon as they are there: before the window nobody is shown one. */
  withholds(provider: string): boolean;
  /** It made the value itself, and tells it each time it is asked. We keep none. */
  tells(provider: string): boolean;
  /** The value of a key of such a provider. Throws a Fault: `unavailable`, and the link stays good, or `gone`. */
  ask(key: KeyRow): Promise<Secret>;
}

type Waiting = Pick<KeyRow, 'provider' | 'opensAt'>;

/** Until when a key is shown to nobody; undefined when it may be. */
export function withheldUntil(keeping: Keeping, { provider, opensAt }: Waiting, now: Date): Date | undefined {
  return opensAt > now && keeping.withholds(provider) ? opensAt : undefined;
}

export function withheldFault(until: Date, now: Date): Fault {
  return new Fault('conflict', `this key is shown from ${utc(until)} on, when its window opens; the link stays good`, {
    retryAfterMs: until.getTime() - now.getTime(),
  });
}
