import { z } from 'zod';
import { startVendor, taking, type Answer, type Knock, type Sent, type VendorFake, type VendorKey } from './vendor.ts';

/*
 * Kong Gateway with a database: its Admin API for consumers and what hangs on them (developer.konghq.com; Kong/kong
 * `kong/api/endpoints.lua`), and routes on which the operator has the plugins key-auth and acl.
 */

export interface KongOptions {
  readonly token: string;
  readonly now: () => Date;
  readonly routes: readonly { readonly path: RegExp; readonly methods: readonly string[]; readonly allow: readonly string[] }[];
  readonly database?: 'postgres' | 'off';
}

const PERIODS = ['second', 'minute', 'hour', 'day', 'month', 'year'] as const;
type Period = (typeof PERIODS)[number];
const amount = z.number().positive().optional();
const tags = z.array(z.string().regex(/^[^,/]+$/));
const ttl = z.int().min(0).max(100_000_000);
const Consumer = z.strictObject({ custom_id: z.string(), tags });
const Credential = z.strictObject({ key: z.string(), ttl, tags });
const Patch = z.strictObject({ ttl, tags });
const Group = z.strictObject({ group: z.string(), tags });
const limits = { second: amount, minute: amount, hour: amount, day: amount, month: amount, year: amount };
const config = z.strictObject({ ...limits, policy: z.enum(['local', 'cluster', 'redis']) });
const Plugin = z.strictObject({ name: z.literal('rate-limiting'), config, tags });

interface Kept extends z.infer<typeof Consumer> {
  readonly username: string;
  readonly keys: Map<string, { readonly key: string; readonly expiresAt: number }>;
  readonly groups: Map<string, string>;
  readonly plugins: Map<string, z.infer<typeof config>>;
  readonly passed: number[];
}

const done = (body: object): Answer => ({ status: 200, body });
const lost: Answer = { status: 404, body: { message: 'Not found' } };
const violation: Answer = { status: 400, body: { code: 2, name: 'schema violation', message: 'schema violation', fields: {} } };
const conflict: Answer = { status: 409, body: { code: 5, name: 'unique constraint violation', fields: {} } };

export async function startKong({ token, now, routes, database = 'postgres' }: KongOptions): Promise<VendorFake> {
  const consumers = new Map<string, Kept>();
  const every = () => [...consumers.values()];
  const of = ({ params }: Sent) => consumers.get(params['consumer'] ?? '');
  // A ttl of 0 is none.
  const end = (seconds: number) => (seconds === 0 ? Infinity : now().getTime() + seconds * 1000);

  /** `PUT /consumers/:consumer/<things>/:id` makes the thing of that id, or puts another in its place. */
  const put = <Body>(shape: z.ZodType<Body>, keep: (kept: Kept, id: string, body: Body) => Answer | undefined) =>
    taking(shape, violation, (body, sent) => {
      const [kept, id = ''] = [of(sent), sent.params['id']];
      if (!kept) return lost;
      return (z.uuid().safeParse(id).success ? keep(kept, id, body) : violation) ?? done({ ...body, id });
    });
  const putConsumer = taking(Consumer, violation, (body, { params: { consumer: username = '' } }) => {
    if (every().some((one) => one.username !== username && one.custom_id === body.custom_id)) return conflict;
    const kept = consumers.get(username) ?? { username, keys: new Map(), groups: new Map(), plugins: new Map(), passed: [] };
    consumers.set(username, Object.assign(kept, body));
    return done({ username, ...body });
  });
  const putKey = put(Credential, (kept, id, { key, ttl: seconds }) => {
    if (every().some(({ keys }) => [...keys].some(([other, one]) => other !== id && one.key === key))) return conflict;
    return void kept.keys.set(id, { key, expiresAt: end(seconds) });
  });
  const putGroup = put(Group, ({ groups }, id, { group }) => {
    if ([...groups].some(([other, one]) => other !== id && one === group)) return conflict;
    return void groups.set(id, group);
  });
  const putPlugin = put(Plugin, ({ plugins }, id, body) => {
    if (!inOrder(body.config)) return violation;
    return [...plugins.keys()].some((other) => other !== id) ? conflict : void plugins.set(id, body.config);
  });
  const patchKey = taking(Patch, violation, (body, sent) => {
    const [keys, id = ''] = [of(sent)?.keys, sent.params['id']];
    const kept = keys?.get(id);
    if (kept) keys?.set(id, { ...kept, expiresAt: end(body.ttl) });
    return kept ? done({ id, ...body }) : lost;
  });

  function page({ query }: Sent): Answer {
    const found = every().filter((one) => one.tags.includes(query.get('tags') ?? ''));
    const [from, size] = [Number(query.get('offset') ?? 0), Number(query.get('size') ?? 100)];
    const more = from + size < found.length ? { offset: String(from + size), next: '/consumers?…' } : { next: null };
    return done({ data: found.slice(from, from + size).map(({ username, custom_id }) => ({ username, custom_id })), ...more });
  }

  function knock({ apiKey, method, path }: Knock): number {
    const at = now().getTime();
    const kept = every().find(({ keys }) => [...keys.values()].some(({ key, expiresAt }) => key === apiKey && at < expiresAt));
    if (!kept) return 401;
    const route = routes.find((one) => one.path.test(path) && one.methods.includes(method));
    if (!route) return 404;
    if (![...kept.groups.values()].some((group) => route.allow.includes(group))) return 403;
    const used = (period: Period) => kept.passed.filter((when) => calendar(period, when) === calendar(period, at)).length;
    const exhausted = (plugin: z.infer<typeof config>) => PERIODS.some((period) => used(period) >= (plugin[period] ?? Infinity));
    if ([...kept.plugins.values()].some(exhausted)) return 429;
    kept.passed.push(at);
    return 200;
  }

  const server = await startVendor({
    lost,
    malformed: { status: 400, body: { message: 'Cannot parse JSON body' } },
    credential: ['kong-admin-token', token],
    refused: { status: 401, body: { message: 'Unauthorized' } },
    routes: {
      'GET /': { places: ['check'], act: () => done({ version: '3.9.1', configuration: { database } }) },
      'GET /consumers': { places: ['list'], act: page },
      'PUT /consumers/:consumer': { places: ['issue'], act: putConsumer },
      // Also for one that was never there.
      'DELETE /consumers/:consumer': {
        places: ['revoke'],
        act: (sent) => (consumers.delete(sent.params['consumer']!), { status: 204 }),
      },
      'PUT /consumers/:consumer/acls/:id': { places: ['policy'], act: putGroup },
      'PUT /consumers/:consumer/plugins/:id': { places: ['policy'], act: putPlugin },
      'PUT /consumers/:consumer/key-auth/:id': { places: ['issue'], act: putKey },
      'PATCH /consumers/:consumer/key-auth/:id': { places: ['retime'], act: patchKey },
      'GET /consumers/:consumer/key-auth/:id': {
        places: [],
        act: (sent) => (of(sent)?.keys.has(sent.params['id']!) ? done({}) : lost),
      },
    },
  });
  return { ...server, knock, keys: () => every().flatMap((kept) => (kept.keys.size > 0 ? [asKey(kept)] : [])) };
}

/** A longer period may not have a lower limit, and there must be one. */
function inOrder(plugin: z.infer<typeof config>): boolean {
  const given = PERIODS.flatMap((period) => plugin[period] ?? []);
  return given.length > 0 && given.every((limit, index) => limit >= (given[index - 1] ?? 0));
}

/** Kong counts by the calendar, in UTC. */
function calendar(period: Period, at: number): string {
  const length = { second: 19, minute: 16, hour: 13, day: 10, month: 7, year: 4 };
  return new Date(at).toISOString().slice(0, length[period]);
}

function asKey({ username, keys, groups, plugins }: Kept): VendorKey {
  const rates = [...plugins.values()].flatMap((plugin) =>
    PERIODS.filter((period) => plugin[period]).map((period) => `${plugin[period]}/${period}`),
  );
  const [key] = keys.values();
  return { name: username, policies: [...groups.values(), ...rates], closesAt: new Date(key?.expiresAt ?? 0) };
}
