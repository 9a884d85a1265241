import type { Driver, IssueRequest, Tools } from '../driver.ts';
import { checkService } from './check.ts';
import { createClient, type CredentialSource } from './client.ts';
import { type Config, familyOf } from './config.ts';
import { createKeys } from './keys.ts';
import { limitsFor, limitsOf } from './limits.ts';
import { listKeys } from './listing.ts';
import { Handle } from './places.ts';
import { createSubscriptions } from './subscriptions.ts';
import { productFor } from './tier-product.ts';
import { createTiers } from './tiers.ts';
import { readUsage } from './usage.ts';

/** The driver, with a credential of the caller's choice. Nothing is loaded or asked before the first call. */
export function openAzure(config: Config, tools: Tools, credential: CredentialSource): Driver<Handle> {
  const { provider, userAgent, lock } = tools;
  const { pace, apis, owner } = config;
  const family = familyOf(config.tier);
  const client = createClient({ config, provider, userAgent, credential });
  const subscriptions = createSubscriptions(client);
  const tiers = createTiers({ client, provider, lock });
  const keys = createKeys({ subscriptions, owner, provider });
  const tierOf = (request: IssueRequest) => productFor(request, { family, apis, provider });

  const issue: Driver<Handle>['issue'] = async (request, call) => {
    const product = tierOf(request);
    const hint = Handle.safeParse(request.kept).data?.sid;
    return await tiers.using(product, call, async () => {
      return { handle: await keys.put({ request, product: product.id, hint }, call) };
    });
  };

  return {
    limits: limitsOf(family),
    limitsFor: (asked) => limitsFor(asked, family),
    pace: {
      issuePerSecond: pace.write,
      revokePerSecond: Math.min(pace.write, pace.delete),
      concurrency: pace.concurrency,
      operations: { read: pace.read, write: pace.write, delete: pace.delete },
    },

    issue,

    // The key of the generation before is found by name: a lease whose subscription has a place free gets no second one.
    rotate: (previous, request, call) => issue({ ...request, kept: request.kept ?? previous.handle }, call),

    revoke: (key, call) => keys.takeAway(key, call),

    async retime(key, request, call) {
      await keys.move(key, request.window, call);
    },

    suspend: (key, call) => keys.hold(key, 'suspended', call),
    resume: (key, call) => keys.hold(key, 'active', call),
    probe: (key, call) => keys.standing(key, call),

    async repair(key, request, call) {
      const product = tierOf(request);
      await tiers.using(product, call, async () => await keys.amend(key, { request, product: product.id }, call));
    },

    ...(family === 'classic' && {
      usage: async (key, range, call) => await readUsage(client, { sid: await keys.sidOf(key, call), range, provider }, call),
    }),

    list: (call) => listKeys({ subscriptions, productOf: (request) => tierOf(request).id }, call),
    tidy: (call) => tiers.collectUnused(call),
    check: (call) => checkService(client, config, call),
  };
}
