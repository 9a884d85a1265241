import { z } from 'zod';
import { readInventories, readInventory } from '../../ledger/inventories.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { InventoryView, viewOfInventory } from './inventory-views.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf, Text } from './words.ts';

const ByName = z.strictObject({ name: Text.meta({ description: 'Of the provider.' }) });

const Wish = z.strictObject({
  fix: z.boolean().default(false).meta({ description: 'Without it the provider is only looked at.' }),
  evenIfMostAreMissing: z.boolean().default(false).meta({
    description: 'Fix also where more than half of ten or more keys are not listed, which is rather the wrong account.',
  }),
});

export function inventoryApi({
  ledger,
  policy,
  providers,
  inventories,
}: Pick<ApiDeps, 'ledger' | 'policy' | 'providers' | 'inventories'>): ApiRoute[] {
  const lists = (name: string): boolean => providers(name)?.driver.list !== undefined;
  return [
    route({
      id: 'listInventories',
      method: 'get',
      path: '/inventory',
      permission: 'read',
      summary: 'What the last inventory of each provider found, and how far one is that runs',
      query: z.strictObject({ provider: Text.optional() }),
      responses: { 200: listOf(InventoryView) },
      handle: async ({ query: { provider } }) => {
        const rows = await readInventories(ledger.db);
        const asked = Object.values(policy().providers).filter(({ name }) => provider === undefined || name === provider);
        const items = asked.map((one) => viewOfInventory(one, rows.get(one.name), { lists: lists(one.name) }));
        return { status: 200, body: { items, next: null } };
      },
    }),
    route({
      id: 'takeInventory',
      method: 'post',
      path: '/providers/{name}/inventory',
      permission: 'act',
      summary: 'Compare what a provider lists under our names with our books, and set right what is otherwise',
      description:
        'Answers at once; it is taken in the background, and over when `asked` of `/inventory` is null again. Without `fix` nothing is changed at the provider.',
      params: ByName,
      body: Wish,
      responses: { 202: InventoryView },
      faults: ['conflict'],
      handle: async ({ params: { name }, body: { fix, evenIfMostAreMissing } }, caller) => {
        const provider = policy().providers[name];
        if (!provider) throw new Fault('not_found', `there is no provider ${name}`);
        await inventories.ask(name, { by: caller.name, fix, evenIfMost: evenIfMostAreMissing });
        const row = await readInventory(ledger.db, name);
        return { status: 202, body: viewOfInventory(provider, row, { lists: lists(name) }) };
      },
    }),
  ];
}
