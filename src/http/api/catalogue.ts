import { z } from 'zod';
import { DriverError, type Health } from '../../../providers/driver.ts';
import { may } from '../../access/operators.ts';
import { Postponed } from '../../lease/gate.ts';
import { askedOf, limitsOf } from '../../policy/asked.ts';
import { Fault } from '../../reservation/fault.ts';
import { PlanView, ProviderView, SourceView, viewOfDriver, viewOfPlan, viewOfSource } from './catalogue-views.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { Flag, listOf } from './words.ts';

type Deps = Pick<ApiDeps, 'policy' | 'providers' | 'call'>;

/** What is configured: short lists, in one answer, without anything secret. */
export function catalogueApi(deps: Deps): ApiRoute[] {
  const { policy, providers } = deps;
  return [
    route({
      id: 'listPlans',
      method: 'get',
      path: '/plans',
      permission: 'read',
      summary: 'Plans, in the order in which they are matched',
      responses: { 200: listOf(PlanView) },
      handle: async () => {
        const { plans, scopes } = policy();
        const items = plans.map((plan) => {
          const driver = providers(plan.provider)?.driver;
          return viewOfPlan(plan, { scopes, limits: driver ? limitsOf(driver, askedOf(plan, scopes)) : {} });
        });
        return { status: 200, body: { items, next: null } };
      },
    }),
    listProviders(deps),
    route({
      id: 'listSources',
      method: 'get',
      path: '/sources',
      permission: 'read',
      summary: 'Sources, without their secrets',
      responses: { 200: listOf(SourceView) },
      handle: async () => ({ status: 200, body: { items: Object.values(policy().sources).map(viewOfSource), next: null } }),
    }),
  ];
}

function listProviders({ policy, providers, call }: Deps): ApiRoute {
  return route({
    id: 'listProviders',
    method: 'get',
    path: '/providers',
    permission: 'read',
    summary: 'Providers, what they enforce and how fast they are',
    query: z.strictObject({
      check: Flag.optional().meta({ description: 'Also ask each provider whether it works; needs the permission `act`.' }),
    }),
    responses: { 200: listOf(ProviderView) },
    handle: async ({ query }, caller) => {
      if (query.check && !may(caller, 'act'))
        throw new Fault('forbidden', `Checking providers calls them; the role ${caller.role} may not do this.`);
      const items = Object.values(policy().providers).map(async ({ name, driver }) => {
        const open = providers(name);
        if (!open) return undefined;
        return { name, driver, ...viewOfDriver(open.driver), ...(query.check ? { check: await check(call, name) } : {}) };
      });
      return { status: 200, body: { items: (await Promise.all(items)).filter((item) => item !== undefined), next: null } };
    },
  });
}

async function check(call: Deps['call'], provider: string): Promise<Health & { error?: string }> {
  try {
    return await call(provider, 'check', (open, surroundings) => open.driver.check(surroundings));
  } catch (error) {
    if (error instanceof DriverError || error instanceof Postponed) return { ok: false, warnings: [], error: error.message };
    throw error;
  }
}
