/*
 * How much of each operation an account takes, as documented:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */

export interface Rates {
  readonly create: number;
  readonly delete: number;
  readonly plans: number;
  readonly resources: number;
  readonly all: number;
  /** Of `all`; for the others only a second's worth may come at once, and at least one. */
  readonly burst: number;
}

export const DOCUMENTED_RATES: Rates = { create: 5, delete: 5, plans: 0.05, resources: 2.5, all: 10, burst: 40 };

const SCARCE: Readonly<Record<string, Exclude<keyof Rates, 'all' | 'burst'>>> = {
  CreateApiKey: 'create',
  DeleteApiKey: 'delete',
  UpdateUsagePlan: 'plans',
  GetResources: 'resources',
};

/** Whether a request now is one too many. Those refused do not count. */
export function createRates(rates: Rates | undefined, now: () => Date): (operation: string) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const fill = (name: 'create' | 'delete' | 'plans' | 'resources' | 'all'): { tokens: number; at: number } => {
    const perSecond = rates![name];
    const largest = name === 'all' ? rates!.burst : Math.max(1, perSecond);
    const at = now().getTime();
    const bucket = buckets.get(name) ?? { tokens: largest, at };
    const filled = { tokens: Math.min(largest, bucket.tokens + ((at - bucket.at) / 1000) * perSecond), at };
    buckets.set(name, filled);
    return filled;
  };
  return (operation) => {
    if (!rates) return false;
    const scarce = SCARCE[operation];
    const needed = [fill('all'), ...(scarce ? [fill(scarce)] : [])];
    // What a division leaves over must not cost a whole turn.
    if (needed.some(({ tokens }) => tokens < 1 - 1e-6)) return true;
    for (const bucket of needed) bucket.tokens -= 1;
    return false;
  };
}
