import { DriverError } from '../../../providers/driver.ts';
import { Postponed } from '../gate.ts';

/** What came of something that was tried at a provider: null when it is done, else why it is not. */
export async function attempt(work: () => Promise<string | null | void>): Promise<string | null> {
  try {
    return (await work()) ?? null;
  } catch (error) {
    if (error instanceof DriverError || error instanceof Postponed) return error.message;
    throw error;
  }
}

/** A provider that does not know the key has done what `revoke` is for. */
export async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
  }
}
