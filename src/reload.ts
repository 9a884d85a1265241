import type { Catalogue } from './catalogue.ts';
import type { Ledger } from './ledger/database.ts';
import { livingKeysByProvider } from './ledger/counts.ts';
import type { Log } from './observe/log.ts';
import type { Problem } from './policy/problems.ts';

export interface Reloading {
  /** Every problem of the new configuration, or none when it is in force. */
  reload(): Promise<readonly Problem[]>;
  /** What a reload could not finish, because the database was out of reach. Throws when it still is. */
  catchUp(): Promise<void>;
}

export interface ReloadingOptions {
  readonly catalogue: Pick<Catalogue, 'reload'>;
  /** Has everything that the configuration concerns looked at again. */
  readonly reconsider: () => Promise<unknown>;
  readonly log: Log;
}

export function createReloading({ catalogue, reconsider, log }: ReloadingOptions): Reloading {
  let due = false;

  async function catchUp(): Promise<void> {
    if (!due) return;
    due = false;
    try {
      await reconsider();
    } catch (error) {
      due = true;
      throw error;
    }
  }

  return {
    catchUp,
    async reload() {
      const problems = await catalogue.reload();
      if (problems.length > 0) return problems;
      due = true;
      await catchUp().catch((error: unknown) =>
        log.warn('bookings will be reconsidered later', { error: error instanceof Error ? error.message : 'unknown' }),
      );
      return [];
    },
  };
}

/** Keys of a provider that is not configured can be neither revoked nor moved. */
export async function warnOfLostProviders(
  { db }: Pick<Ledger, 'db'>,
  catalogue: Pick<Catalogue, 'provider'>,
  log: Log,
): Promise<void> {
  for (const [provider, keys] of Object.entries(await livingKeysByProvider(db)))
    if (!catalogue.provider(provider)) log.warn('living keys need a provider that is not configured', { provider, keys });
}
