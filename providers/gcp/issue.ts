import { type Call, DriverError, type IssueRequest, type Issued } from '../driver.ts';
import { isThere } from './failure.ts';
import { type Allowed, driftOf, isDeleted, isHeld, type Key, keyFor, nameIn } from './key.ts';
import type { Keys } from './keys.ts';
import { endOf, restsBetween, type Watch } from './operation.ts';

/** The key's resource name, and, while Google works at it, the name of the operation. */
export interface Handle {
  readonly resource: string;
  readonly operation?: string | undefined;
}

export interface Making {
  readonly keys: Keys;
  readonly watch: Watch;
  readonly request: IssueRequest;
  readonly wanted: Allowed;
  /** From an earlier call whose answer was lost. */
  readonly operation: string | undefined;
}

/**
 * Makes the key of a name, or goes on with what an earlier call has begun: first by its operation, then by its name. A name makes one key
 * in its life: one that was deleted is never brought back.
 */
export async function issueKey(making: Making, call: Call): Promise<Issued<Handle>> {
  const { keys, watch, request, wanted, operation } = making;
  const resource = keys.resourceOf(request.name);
  const resumed = operation === undefined ? undefined : await endOf(watch, operation, call);
  if (resumed?.key && !isDeleted(resumed.key)) return await asWanted(making, resumed.key, call);
  let begun;
  try {
    begun = await keys.create(request.name, keyFor(request, wanted), call);
  } catch (error) {
    if (!isThere(error)) throw error;
    return await adopt(making, call);
  }
  if (!begun.done) await call.keep({ resource, operation: begun.name });
  const ended = await endOf(watch, begun, call);
  if (ended?.key) return { handle: { resource: ended.key.name || resource } };
  if (ended?.failure && !isThere(ended.failure)) throw ended.failure;
  return await adopt(making, call);
}

/** The id is taken: by our own key, perhaps one that is still being made, or for good. */
async function adopt(making: Making, call: Call): Promise<Issued<Handle>> {
  const { keys, watch, request } = making;
  const resource = keys.resourceOf(request.name);
  const rest = restsBetween(watch, call);
  let key = await keys.find(resource, call);
  if (!key && (await wasDeleted(making, call))) throw spent(watch.provider);
  while (!key) {
    await rest();
    key = await keys.find(resource, call);
  }
  if (isDeleted(key)) throw spent(watch.provider);
  if (nameIn(key) !== request.name)
    throw new DriverError('rejected', `${watch.provider}: there is a key of that id already, and it is not ours`);
  return await asWanted(making, key, call);
}

const spent = (provider: string) =>
  new DriverError(
    'rejected',
    `${provider}: a key of that name was deleted. Its id is taken for 30 days, and Latchkey brings no deleted key back: the next generation has a new name`,
  );

/** Some versions of the service show a deleted key by its name, others only in the list. */
async function wasDeleted({ keys, request }: Making, call: Call): Promise<boolean> {
  const id = keys.resourceOf(request.name).split('/').at(-1);
  for await (const key of keys.all({ deleted: true }, call))
    if (key.name?.split('/').at(-1) === id && isDeleted(key)) return true;
  return false;
}

/** What the request says may have changed since the key was asked for. */
async function asWanted({ keys, request, wanted }: Making, key: Key, call: Call): Promise<Issued<Handle>> {
  const resource = key.name || keys.resourceOf(request.name);
  if (isHeld(key) || driftOf(key, wanted).length > 0) await keys.update({ name: resource, ...keyFor(request, wanted) }, call);
  return { handle: { resource }, existed: true };
}
