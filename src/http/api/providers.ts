import { z } from 'zod';
import { may } from '../../access/operators.ts';
import { owedByProvider } from '../../ledger/counts.ts';
import { readInventories } from '../../ledger/inventories.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { ProviderView, viewOfProvider } from './provider-views.ts';
import { route, type ApiRoute } from './route.ts';
import { Flag, listOf } from './words.ts';

type Deps = Pick<ApiDeps, 'ledger' | 'policy' | 'providers' | 'call' | 'watch' | 'now'>;

export function providersApi(deps: Deps): ApiRoute[] {
  return [
    route({
      id: 'listProviders',
      method: 'get',
      path: '/providers',
      permission: 'read',
      summary: 'Providers: what they enforce, how fast they are, how they are and what waits for them',
      query: z.strictObject({
        check: Flag.optional().meta({ description: 'Ask each provider now whether it works; needs the permission `act`.' }),
      }),
      responses: { 200: listOf(ProviderView) },
      handle: async ({ query }, caller) => {
        if (query.check && !may(caller, 'act'))
          throw new Fault('forbidden', `Checking providers calls them; the role ${caller.role} may not do this.`);
        return { status: 200, body: { items: await listProviders(deps, query), next: null } };
      },
    }),
  ];
}

async function listProviders(
  { ledger, policy, providers, call, watch, now }: Deps,
  { check }: { readonly check?: boolean },
): Promise<z.output<typeof ProviderView>[]> {
  const configured = Object.values(policy().providers);
  if (check) await Promise.all(configured.map(({ name }) => watch.check(call, name)));
  const [owed, inventories] = await Promise.all([owedByProvider(ledger.db, now()), readInventories(ledger.db)]);
  return configured.flatMap(({ name, driver }) => {
    const open = providers(name)?.driver;
    if (!open) return [];
    const about = { state: watch.of(name), owed: owed.get(name), inventory: inventories.get(name) };
    return [viewOfProvider({ name, driver, open, ...about })];
  });
}
