import type { Listed } from '../../../providers/driver.ts';
import type { Caller } from '../call.ts';

/** For one look into our books. */
const PAGE = 250;

export interface Listing {
  readonly provider: string;
  readonly stopping: AbortSignal;
  /** What it throws breaks the listing off, and is thrown as it is. */
  see(page: readonly Listed<unknown>[]): Promise<void>;
}

/**
 * Everything that a provider lists under our names, page after page in one call, so that never more than a page is held. Resolves when
 * the listing came to its end, and throws when it broke off.
 */
export async function listAll(call: Caller, { provider, stopping, see }: Listing): Promise<void> {
  // What our own books say is no failure of the provider's.
  const ours: { error?: unknown } = {};
  const seen = async (page: readonly Listed<unknown>[]): Promise<boolean> => {
    try {
      stopping.throwIfAborted();
      await see(page);
      return true;
    } catch (error) {
      ours.error = error;
      return false;
    }
  };
  await call(provider, 'list', async ({ driver }, surroundings) => {
    await untilStopped(walk(driver.list!(surroundings), seen), stopping);
  });
  stopping.throwIfAborted();
  if ('error' in ours) throw ours.error;
}

async function walk(all: AsyncIterable<Listed<unknown>>, seen: (page: Listed<unknown>[]) => Promise<boolean>): Promise<void> {
  let page: Listed<unknown>[] = [];
  for await (const listed of all) {
    page.push(listed);
    if (page.length < PAGE) continue;
    if (!(await seen(page))) return;
    page = [];
  }
  await seen(page);
}

/** A listing may take minutes, and a stop does not wait for it. */
async function untilStopped(work: Promise<void>, stopping: AbortSignal): Promise<void> {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  stopping.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([work, stopped]);
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}
