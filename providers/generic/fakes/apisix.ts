import { z } from 'zod';
import { startVendor, taking, type Answer, type Knock, type Sent, type VendorFake, type VendorKey } from './vendor.ts';

/*
 * Apache APISIX, its Admin API for consumers (apisix.apache.org/docs/apisix/admin-api, plugins key-auth, limit-count and
 * consumer-restriction), and routes on which the operator has key-auth. Usernames are as older versions take them.
 */

export interface ApisixOptions {
  readonly token: string;
  readonly now: () => Date;
  readonly routes: readonly { readonly id: string; readonly path: RegExp; readonly methods: readonly string[] }[];
}

const amount = z.int().positive();
const shared = { rejected_code: z.int().min(200).max(599), policy: z.enum(['local', 'redis', 'redis-cluster']) };
/** Rules are known since 3.16; each counts under its own key, in which a variable must stand. */
const rule = z.strictObject({ count: amount, time_window: amount, key: z.string().regex(/\$\{?\w/) });
const LimitCount = z.union([
  z.strictObject({ ...shared, count: amount, time_window: amount, key: z.string(), key_type: z.enum(['var', 'constant']) }),
  z.strictObject({ ...shared, rules: z.array(rule).min(1) }),
]);
const Consumer = z.strictObject({
  username: z.string().regex(/^[a-zA-Z0-9_]{1,100}$/),
  desc: z.string().max(256).optional(),
  labels: z.record(z.string(), z.string().regex(/^\S{1,256}$/)),
  plugins: z.strictObject({
    'key-auth': z.strictObject({ key: z.string() }),
    'limit-count': LimitCount.optional(),
    'consumer-restriction': z.strictObject({ type: z.literal('route_id'), whitelist: z.array(z.string()).min(1) }).optional(),
  }),
});
type Consumer = z.infer<typeof Consumer>;

interface Kept {
  readonly value: Consumer;
  readonly passed: number[];
}

const wrong: Answer = { status: 400, body: { error_msg: 'invalid configuration' } };
const missing: Answer = { status: 404, body: { message: 'Key not found' } };

export async function startApisix({ token, now, routes }: ApisixOptions): Promise<VendorFake> {
  const consumers = new Map<string, Kept>();
  const named = ({ params }: Sent) => params['username'] ?? '';
  const node = (value: Consumer) => ({ key: `/apisix/consumers/${value.username}`, value, createdIndex: 1, modifiedIndex: 1 });

  const put = taking(Consumer, wrong, (value) => {
    const { username, plugins } = value;
    const taken = [...consumers.values()].some(
      (one) => one.value.username !== username && one.value.plugins['key-auth'].key === plugins['key-auth'].key,
    );
    if (taken) return { status: 400, body: { error_msg: 'duplicate key found with consumer' } };
    const known = consumers.has(username);
    // Another configuration is counted anew.
    consumers.set(username, { value, passed: [] });
    return { status: known ? 200 : 201, body: node(value) };
  });

  function page({ query }: Sent): Answer {
    const [number, size] = [Number(query.get('page') ?? 1), Number(query.get('page_size') ?? 10)];
    if (size < 10 || size > 500) return wrong;
    const found = Array.from(consumers.values(), ({ value }) => node(value));
    return { status: 200, body: { total: found.length, list: found.slice((number - 1) * size, number * size) } };
  }

  function knock({ apiKey, method, path }: Knock): number {
    const at = now().getTime();
    const kept = [...consumers.values()].find(({ value }) => value.plugins['key-auth'].key === apiKey);
    if (!kept) return 401;
    const route = routes.find((one) => one.path.test(path) && one.methods.includes(method));
    if (!route) return 404;
    const allowed = kept.value.plugins['consumer-restriction']?.whitelist;
    if (allowed && !allowed.includes(route.id)) return 403;
    const exhausted = ({ count, time_window: seconds }: { count: number; time_window: number }) =>
      kept.passed.filter((when) => at - when < seconds * 1000).length >= count;
    if (rulesOf(kept.value).some(exhausted)) return kept.value.plugins['limit-count']?.rejected_code ?? 503;
    kept.passed.push(at);
    return 200;
  }

  const server = await startVendor({
    lost: { status: 404, body: { error_msg: 'not found' } },
    malformed: { status: 400, body: { error_msg: 'invalid request body' } },
    credential: ['x-api-key', token],
    refused: { status: 401, body: { error_msg: 'failed to check token' } },
    routes: {
      'GET /apisix/admin/consumers': { places: ['list', 'check'], act: page },
      'PUT /apisix/admin/consumers': { places: ['issue'], act: put },
      'GET /apisix/admin/consumers/:username': {
        places: [],
        act: (sent) => {
          const kept = consumers.get(named(sent));
          return kept ? { status: 200, body: node(kept.value) } : missing;
        },
      },
      'DELETE /apisix/admin/consumers/:username': {
        places: ['revoke'],
        act: (sent) =>
          consumers.delete(named(sent))
            ? { status: 200, body: { deleted: '1', key: `/apisix/consumers/${named(sent)}` } }
            : missing,
      },
    },
  });
  return { ...server, knock, keys: () => Array.from(consumers.values(), ({ value }) => asKey(value)) };
}

function rulesOf({ plugins }: Consumer): { count: number; time_window: number }[] {
  const limit = plugins['limit-count'];
  if (!limit) return [];
  return 'rules' in limit ? limit.rules : [limit];
}

function asKey(value: Consumer): VendorKey {
  const routes = value.plugins['consumer-restriction']?.whitelist ?? [];
  const limits = rulesOf(value).map((one) => `${one.count} in ${one.time_window} s`);
  return { name: value.labels['latchkey'] ?? '', policies: [...routes.map((id) => `route ${id}`), ...limits] };
}
