import { sees } from '../../access/reach.ts';
import { askedOf, limitsOf } from '../../policy/asked.ts';
import { PlanView, viewOfPlan } from './catalogue-views.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf } from './words.ts';

/** What is configured: short lists, in one answer, without anything secret. */
export function catalogueApi({ policy, providers }: Pick<ApiDeps, 'policy' | 'providers'>): ApiRoute[] {
  return [
    route({
      id: 'listPlans',
      method: 'get',
      path: '/plans',
      permission: 'read',
      reach: 'own',
      summary: 'Plans, in the order in which they are matched',
      responses: { 200: listOf(PlanView) },
      handle: async (_input, caller) => {
        const { plans, scopesOf } = policy();
        const seen = plans.filter(({ project }) => sees(caller, project));
        const items = seen.map((plan) => {
          const driver = providers(plan.provider)?.driver;
          const scopes = scopesOf(plan.project);
          return viewOfPlan(plan, { scopes, limits: driver ? limitsOf(driver, askedOf(plan, scopes)) : {} });
        });
        return { status: 200, body: { items, next: null } };
      },
    }),
  ];
}
