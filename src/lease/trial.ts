import { randomBytes } from 'node:crypto';
import type { IssueRequest } from '../../providers/driver.ts';
import { newId } from '../ledger/ids.ts';
import { askedOf } from '../policy/asked.ts';
import { Fault } from '../reservation/fault.ts';
import type { Plan } from '../reservation/plan.ts';
import { startRun, type TrialStep } from './trial-run.ts';
import { takeAway, tryAll } from './trial-steps.ts';
import type { Workshop } from './turn.ts';
import { mintValue } from './value.ts';

export interface TrialDeps extends Pick<
  Workshop,
  'call' | 'providers' | 'policy' | 'keyPrefix' | 'mintToken' | 'now' | 'ledger' | 'log'
> {
  readonly wait: (ms: number) => Promise<unknown>;
}

/** How a throw-away key fared. */
export interface Trial {
  readonly provider: string;
  readonly plan: string;
  /** Its name at the provider. */
  readonly key: string;
  readonly ok: boolean;
  /** It may still work: nobody tries again to revoke it. */
  readonly left: boolean;
  readonly steps: readonly TrialStep[];
}

/** By a plan's name, or the first that makes keys there. */
export type TryOut = (provider: string, by: { readonly plan?: string; readonly actor: string }) => Promise<Trial>;

const LENGTH_MS = 10 * 60_000;

/**
 * Tries a provider with a throw-away key of a plan's defaults, through all that its driver can, and always revokes it in the end. Nothing of it
 * is kept but an audit entry. Throws a Fault when there is no such provider, or no plan that says what a key there may do.
 */
export function createTryOut(deps: TrialDeps): TryOut {
  return async (provider, { plan: wanted, actor }) => {
    const driver = deps.providers(provider)?.driver;
    if (!driver) throw new Fault('not_found', `there is no provider ${provider}`);
    const plan = planFor(deps, provider, wanted);
    const request = await throwAway(deps, plan);
    const about = { plan: plan.name, key: request.name };
    await deps.ledger.transact(async (tx) => tx.audit({ actor, action: 'provider.tested', subject: provider, detail: about }));
    const run = startRun({ ...deps, provider, request });
    const went = await tryAll(run, driver);
    const dead = !run.begun() || (await takeAway(run, driver));
    if (!dead) deps.log.error('a key of a trial may be left', { provider, key: request.name });
    return { provider, ...about, ok: went && dead, left: !dead, steps: run.steps() };
  };
}

function planFor({ policy }: TrialDeps, provider: string, wanted: string | undefined): Plan {
  const own = policy().plans.filter((plan) => plan.provider === provider);
  const plan = wanted === undefined ? own[0] : own.find(({ name }) => name === wanted);
  if (plan) return plan;
  const why =
    own.length === 0
      ? `no plan makes keys at ${provider}, so nothing says what a key there may do`
      : `plan ${wanted} makes no keys at ${provider}; there are ${own.map(({ name }) => name).join(', ')}`;
  throw new Fault('invalid', why, { at: 'plan' });
}

async function throwAway(deps: TrialDeps, plan: Plan): Promise<IssueRequest> {
  const id = randomBytes(6).toString('hex');
  const opensAt = deps.now();
  const window = { opensAt, closesAt: new Date(opensAt.getTime() + LENGTH_MS) };
  const asked = askedOf(plan, deps.policy().scopesOf(plan.project))[0]!;
  const [keyId, lease, holder] = [newId('key'), `lse_test${id}`, { id: 'latchkey-test', name: 'Latchkey test' }];
  return {
    ...asked,
    project: plan.project,
    name: `lk-test${id}-1`,
    keyId,
    secret: await mintValue(deps, plan, { keyId, lease, holder: holder.id, window, ...asked }),
    lease,
    reservation: { source: 'latchkey', id: 'test' },
    resource: { id: 'latchkey-test', name: 'Latchkey test', type: 'API Key' },
    holder,
    window,
  };
}
