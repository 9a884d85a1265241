import { z } from 'zod';
import { type Call, defineDriver, type Driver, DriverError, type IssueRequest, type KeyRef, type Tools } from '../driver.ts';
import { createClient } from './client.ts';
import { Config } from './config.ts';
import { healthOf } from './health.ts';
import { type Handle, issueKey } from './issue.ts';
import {
  type Allowed,
  allowedBefore,
  allowedFor,
  driftOf,
  isDeleted,
  isHeld,
  type Key,
  keyFor,
  nameIn,
  restrictionsOf,
} from './key.ts';
import { createKeys } from './keys.ts';
import { limitsOf } from './limits.ts';
import { type Pause, realPause } from './operation.ts';
import { hold, revokeKey } from './revoke.ts';
import type { AuthClient } from './sdk.ts';
import { createTargets } from './target.ts';

const StoredHandle = z.object({ resource: z.string(), operation: z.string().optional() });

export const gcp = defineDriver({
  id: 'gcp',
  config: Config,
  handle: StoredHandle,
  open: (config, tools) => openWith(config, tools, {}),
});

/** What tests replace: the client of google-auth-library, and how time passes between two looks at an operation. */
export interface Surroundings {
  readonly authClient?: AuthClient;
  readonly pause?: Pause;
}

export function openWith(config: Config, tools: Tools, { authClient, pause = realPause }: Surroundings): Driver<Handle> {
  const { provider, userAgent } = tools;
  const client = createClient({ config, provider, userAgent, authClient });
  const watch = { client, pause, provider };
  const keys = createKeys(watch, config.projectId);
  const targets = createTargets(client, config, provider);

  const resourceOf = ({ name, handle }: KeyRef<Handle>) => handle?.resource ?? keys.resourceOf(name);
  const wantedBy = (request: IssueRequest, service: string): Allowed =>
    allowedFor(request, { provider, service, methods: config.methods });
  const living = async (ref: KeyRef<Handle>, call: Call): Promise<Key> => {
    const key = await keys.living(resourceOf(ref), call);
    if (key) return key;
    throw new DriverError('gone', `${provider}: there is no such key`, { status: 404 });
  };

  return {
    limits: limitsOf(config),
    // 120 writes and 240 reads a minute, for the project.
    pace: { issuePerSecond: 2, revokePerSecond: 2, concurrency: 8, operations: { writes: 2, reads: 4 } },
    deadlineMs: 180_000,

    async issue(request, call) {
      // Before anything is made: a key that is restricted to no service opens all of them.
      const wanted = wantedBy(request, await targets.service(call));
      const { operation } = StoredHandle.safeParse(request.kept).data ?? {};
      return await issueKey({ keys, watch, request, wanted, operation }, call);
    },

    revoke: (key, call) => revokeKey({ keys, watch }, key, call),
    reveal: (key, call) => keys.value(resourceOf(key), call),

    async suspend(ref, call) {
      await hold(keys, await living(ref, call), call);
    },

    async resume(ref, call) {
      const key = await living(ref, call);
      const before = allowedBefore(key, await targets.service(call));
      if (!before)
        throw new DriverError('rejected', `${provider}: the annotations that say what the key opened are not there any more`);
      await keys.update({ name: key.name, restrictions: restrictionsOf(before) }, call);
    },

    async repair(ref, request, call) {
      const { name } = await living(ref, call);
      await keys.update({ name, ...keyFor(request, wantedBy(request, await targets.service(call))) }, call);
    },

    async probe(ref, call) {
      const key = await keys.find(resourceOf(ref), call);
      if (!key || isDeleted(key) || nameIn(key) !== ref.name) return 'gone';
      return isHeld(key) ? 'held' : 'works';
    },

    async *list(call) {
      const service = await targets.service(call);
      for await (const key of keys.all({ deleted: false }, call)) {
        const name = nameIn(key);
        if (name === undefined || !key.name) continue;
        const driftFrom = (request: IssueRequest) => driftOf(key, wantedBy(request, service));
        yield { name, handle: { resource: key.name }, secret: null, driftFrom };
      }
    },

    check: (call) => healthOf({ keys, targets }, call),
  };
}
