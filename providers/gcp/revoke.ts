import { type Call, DriverError, type KeyRef } from '../driver.ts';
import { isRefused, isUnknownTo } from './failure.ts';
import type { Handle } from './issue.ts';
import { heldRestrictions, isDeleted, isHeld, type Key, nameIn } from './key.ts';
import { EVEN_IN_USE, type Keys } from './keys.ts';
import { endOf, type Watch } from './operation.ts';

/** Deletes the key of a name. Where Google refuses that because the key was used lately, it is restricted to nothing first. */
export async function revokeKey(
  { keys, watch }: { keys: Keys; watch: Watch },
  { name, handle }: KeyRef<Handle>,
  call: Call,
): Promise<void> {
  if (handle?.operation) {
    // A key that is still being made would appear after it was found to be gone.
    const ended = await endOf(watch, handle.operation, call);
    if (ended?.key && isDeleted(ended.key)) return;
  }
  const resource = handle?.resource ?? keys.resourceOf(name);
  const isSure = handle && !handle.operation;
  if (!isSure && !(await isOurs(keys, { resource, name }, call))) return;
  if (await remove({ keys, watch }, { resource }, call)) return;

  const key = await keys.living(resource, call);
  if (!key) return;
  if (!isHeld(key)) await hold(keys, key, call);
  if (await remove({ keys, watch }, { resource, query: EVEN_IN_USE }, call)) return;
  throw new DriverError(
    'refused',
    `${watch.provider}: does not delete a key that was used in the last 7 days. It is restricted to an address that nobody has, ` +
      'so it opens nothing in a few minutes; it will be tried again until it is deleted',
  );
}

/** Takes everything away that a key opens, and leaves it there. */
export async function hold(keys: Keys, key: Key, call: Call): Promise<void> {
  await keys.update({ name: key.name, restrictions: heldRestrictions(key) }, call);
}

async function isOurs(keys: Keys, { resource, name }: { resource: string; name: string }, call: Call): Promise<boolean> {
  const key = await keys.living(resource, call);
  return key !== undefined && nameIn(key) === name;
}

/** Whether it is gone now; false when Google refuses to delete it. */
async function remove(
  { keys, watch }: { keys: Keys; watch: Watch },
  { resource, query }: { resource: string; query?: typeof EVEN_IN_USE },
  call: Call,
): Promise<boolean> {
  try {
    const begun = await keys.remove(resource, call, query);
    if (!begun.done) await call.keep({ resource, operation: begun.name });
    const ended = await endOf(watch, begun, call);
    if (!ended) return (await keys.living(resource, call)) === undefined;
    if (ended.failure) throw ended.failure;
    return true;
  } catch (error) {
    if (isRefused(error) || (query && isUnknownTo(error))) return false;
    if (error instanceof DriverError && error.kind === 'gone') return true;
    throw error;
  }
}
