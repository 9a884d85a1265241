import { type Call, defineDriver, DriverError, type Issued, type IssueRequest, type KeyRef } from '../driver.ts';
import { check } from './check.ts';
import { createClient } from './client.ts';
import { Config } from './config.ts';
import { importKeys } from './import.ts';
import { createKeys, Handle } from './keys.ts';
import { reportOf } from './limits.ts';
import { listKeys } from './listing.ts';
import { createTierPlans } from './plans.ts';
import { createPremadePlans } from './premade.ts';
import { revokeAll } from './revoke.ts';
import { createStages } from './stages.ts';
import { tidyPlans } from './tidy.ts';
import { takeTurns } from './turns.ts';
import { usageOf } from './usage.ts';

/** The requests of a call wait for `pace.operations`: calls as such are not held back. */
const UNPACED = 1000;
/** As many as can wait for a key's turn without being sent away, at 5 a second. */
const CONCURRENCY = 10;
const IMPORTED_AT_ONCE = 100;
/** The listing of 10 000 keys in 300 plans, at 10 requests a second, and as long again for those who wait with it. */
const DEADLINE_MS = 120_000;

/** REST APIs of AWS API Gateway: a key of ours, in a usage plan that it shares with all keys of its tier. */
export const aws = defineDriver({
  id: 'aws',
  config: Config,
  handle: Handle,
  open(config, { provider, userAgent, lock }) {
    const client = createClient({ ...config, userAgent, provider });
    const stages = createStages(config, { client, provider });
    const keys = createKeys({ client, provider });
    const plans = config.usagePlans
      ? createPremadePlans(config.usagePlans, { client, provider })
      : createTierPlans({ client, stages, tools: { provider, lock } });

    /** What is gone while a key is put into a plan is either of them, and both are found or made again by the next call. */
    const afresh = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
        plans.forget();
        throw new DriverError('transient', `${provider}: a key or its usage plan went away meanwhile`, { status: 404 });
      }
    };
    const located = async (key: KeyRef<Handle>, call: Call): Promise<readonly Handle[]> =>
      key.handle ? [key.handle] : (await keys.find(key.name, call)).map(({ id }) => ({ keyId: id! }));
    const there = async (key: KeyRef<Handle>, call: Call): Promise<Handle> => (await located(key, call))[0] ?? notThere();
    const notThere = (): never => {
      throw new DriverError('gone', `${provider}: there is no such key`, { status: 404 });
    };

    async function issue(request: IssueRequest, call: Call): Promise<Issued<Handle>> {
      const planId = await plans.find(request, call);
      const paced = await takeTurns(call, ['create', 'all', 'all']);
      const { keyId, existed } = await keys.make(request, paced);
      await (existed ? keys.move(keyId, planId, paced) : keys.add(keyId, planId, paced));
      return { handle: { keyId, planId }, existed };
    }

    return {
      limits: reportOf(config),
      limitsFor: (asked) => reportOf(config, asked),
      pace: {
        issuePerSecond: UNPACED,
        revokePerSecond: UNPACED,
        concurrency: CONCURRENCY,
        operations: config.pace,
        batch: IMPORTED_AT_ONCE,
      },
      keyForm: { joint: '' },
      deadlineMs: DEADLINE_MS,

      issue: (request, call) => afresh(issue(request, call)),

      ...(config.import && {
        issueMany: (requests: readonly IssueRequest[], call: Call) =>
          afresh(importKeys(requests, { client, keys, plans, provider }, call)),
      }),

      revoke: async (key, call) => await revokeAll(await located(key, call), { client, keys, call }),

      async suspend(key, call) {
        if (!(await keys.disable((await there(key, call)).keyId, call))) notThere();
      },

      async resume(key, call) {
        if (!(await keys.enable((await there(key, call)).keyId, call))) notThere();
      },

      async usage(key, range, call) {
        return (await usageOf(await there(key, call), range, { client, keys, call })) ?? notThere();
      },

      async probe(key, call) {
        const [first] = await located(key, call);
        const found = first && (await client.sendIfThere('GetApiKey', { apiKey: first.keyId }, call));
        if (!first || !found) return 'gone';
        if (found.enabled === false) return 'held';
        return (await keys.plansOf(first.keyId, call)).length > 0 ? 'works' : 'held';
      },

      list: (call) => listKeys({ client, plans }, call),

      async repair(key, request, call) {
        const { keyId } = await there(key, call);
        if (!(await keys.enable(keyId, call))) notThere();
        await afresh(plans.find(request, call).then((planId) => keys.move(keyId, planId, call)));
      },

      ...(config.usagePlans ? {} : { tidy: (call: Call) => tidyPlans({ client, lock }, call) }),

      check: (call) => check({ client, stages, config }, call),
    };
  },
});
