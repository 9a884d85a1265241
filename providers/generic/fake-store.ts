import { matchesGlob } from 'node:path/posix';
import { z } from 'zod';

/*
 * What the fake manager keeps and what its gateway enforces. The bodies are the contract to the letter: a field too many,
 * one missing or a date without a zone is a 400, so a driver that drifts from the wire cannot pass.
 */

const Methods = z.array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']));

const KeyBody = z.strictObject({
  api_key: z.string().min(16),
  name: z.string(),
  description: z.string(),
  user_id: z.string(),
  username: z.string(),
  resource_name: z.string(),
  scopes: z.array(z.string()),
  quota: z.int().optional(),
  rate_limit: z.string().optional(),
  expires_at: z.iso.datetime(),
  allowed_endpoints: z.array(z.string()),
  metadata: z.strictObject({
    created_by: z.literal('webhook'),
    resource_type: z.literal('temporary_access'),
    reservation_id: z.string(),
  }),
});
type KeyBody = z.infer<typeof KeyBody>;

const policy = <Type extends string, Shape extends z.ZodRawShape>(type: Type, configuration: Shape) =>
  z.strictObject({ api_key: z.string(), policy_type: z.literal(type), configuration: z.strictObject(configuration) });

const RATE = /^(\d+)\/(second|minute|hour|day)$/;

const PolicyBody = z.discriminatedUnion('policy_type', [
  policy('rate_limit', { limit: z.string().regex(RATE), scope: z.literal('api_key') }),
  policy('quota', { limit: z.int(), period: z.enum(['hour', 'day', 'month']), scope: z.literal('api_key') }),
  policy('scope_access', { scope: z.string(), allowed_methods: Methods, allowed_endpoints: z.array(z.string()).nullable() }),
  policy('path_access', { path_pattern: z.string(), allowed_methods: Methods, deny_by_default: z.literal(true) }),
]);
type PolicyBody = z.infer<typeof PolicyBody>;
export type Policy = PolicyBody extends infer P ? (P extends PolicyBody ? Omit<P, 'api_key'> : never) : never;

export interface ManagedKey extends KeyBody {
  policies: Policy[];
  passed: Date[];
  refused: number;
}

export interface Knock {
  readonly apiKey: string;
  readonly method: string;
  readonly path: string;
}

export interface StoreOptions {
  readonly now: () => Date;
  /** A known api_key posted again: refused, or taken as its new state. */
  readonly repeats: 'conflict' | 'upsert';
}

export type Store = ReturnType<typeof createStore>;

export function createStore({ now, repeats }: StoreOptions) {
  const keys = new Map<string, ManagedKey>();
  const known = repeats === 'upsert' ? 200 : 409;

  return {
    keys,

    putKey(body: unknown): number {
      const parsed = KeyBody.safeParse(body);
      if (!parsed.success) return 400;
      const key = keys.get(parsed.data.api_key);
      if (!key) keys.set(parsed.data.api_key, { ...parsed.data, policies: [], passed: [], refused: 0 });
      if (key && repeats === 'upsert') Object.assign(key, parsed.data);
      return key ? known : 201;
    },

    putPolicy(body: unknown): number {
      const parsed = PolicyBody.safeParse(body);
      if (!parsed.success) return 400;
      const { api_key, ...added } = parsed.data;
      const key = keys.get(api_key);
      if (!key) return 404;
      if (key.policies.some((policy) => JSON.stringify(policy) === JSON.stringify(added))) return known;
      key.policies.push(added);
      return 201;
    },

    removeKey: (apiKey: string): number => (keys.delete(apiKey) ? 204 : 404),

    usage(apiKey: string): object | undefined {
      const key = keys.get(apiKey);
      return key && { quota_used: key.passed.length, quota_limit: key.quota ?? 0, rate_limit_hits: key.refused };
    },

    /** A request at the gateway: 200, 401, 403 or 429. Without a policy of some kind, that kind restricts nothing. */
    knock({ apiKey, method, path }: Knock): number {
      const key = keys.get(apiKey);
      if (!key || now() >= new Date(key.expires_at)) return 401;
      if (!allows(key, method, path)) return 403;
      if (exhausted(key, now())) {
        key.refused += 1;
        return 429;
      }
      key.passed.push(now());
      return 200;
    },
  };
}

/** Everything that the key itself says it should have is attached. */
export function isComplete(key: ManagedKey): boolean {
  const attached = (type: Policy['policy_type']) => key.policies.filter((policy) => policy.policy_type === type).length;
  return (
    attached('rate_limit') === (key.rate_limit ? 1 : 0) &&
    attached('quota') === (key.quota ? 1 : 0) &&
    attached('scope_access') === key.scopes.length &&
    attached('path_access') === key.allowed_endpoints.length
  );
}

function allows(key: ManagedKey, method: string, path: string): boolean {
  const scopes = key.policies.flatMap((policy) => (policy.policy_type === 'scope_access' ? [policy.configuration] : []));
  const paths = key.policies.flatMap((policy) => (policy.policy_type === 'path_access' ? [policy.configuration] : []));
  const does = (methods: readonly string[]) => methods.includes(method);
  const fits = (globs: readonly string[] | null) => !globs || globs.some((glob) => matchesGlob(path, glob));
  return (
    (!scopes.length || scopes.some((scope) => does(scope.allowed_methods) && fits(scope.allowed_endpoints))) &&
    (!paths.length || paths.some((entry) => does(entry.allowed_methods) && fits([entry.path_pattern])))
  );
}

const PERIOD_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, month: 30 * 86_400_000 };

function exhausted(key: ManagedKey, at: Date): boolean {
  const used = (per: string) =>
    key.passed.filter((t) => at.getTime() - t.getTime() < PERIOD_MS[per as keyof typeof PERIOD_MS]).length;
  return key.policies.some((policy) => {
    if (policy.policy_type === 'quota') return used(policy.configuration.period) >= policy.configuration.limit;
    if (policy.policy_type !== 'rate_limit') return false;
    const [, limit, per = ''] = RATE.exec(policy.configuration.limit) ?? [];
    return used(per) >= Number(limit);
  });
}
