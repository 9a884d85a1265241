import { createHash } from 'node:crypto';
import { z } from 'zod';
import { startVendor, taking, type Answer, type Knock, type Sent, type VendorFake, type VendorKey } from './vendor.ts';

/*
 * LiteLLM Proxy, its virtual keys (docs.litellm.ai/docs/proxy/virtual_keys; BerriAI/litellm `key_management_endpoints.py`). The door is
 * its own API: every model call is a POST.
 */

export interface LiteLlmOptions {
  readonly token: string;
  readonly now: () => Date;
}

const shape = {
  key: z.string(),
  key_alias: z.string(),
  duration: z.string().regex(/^\d+[smhd]$/),
  models: z.array(z.string()),
  allowed_routes: z.array(z.string()),
  rpm_limit: z.int().optional(),
  max_budget: z.number().optional(),
  metadata: z.record(z.string(), z.string()),
};
const Generate = z.strictObject(shape);
const Update = z
  .strictObject({ ...shape, key_alias: z.string().optional() })
  .partial()
  .required({ key: true });
const Delete = z.strictObject({ key_aliases: z.array(z.string()).min(1) });
const Block = z.strictObject({ key: z.string() });

interface Kept extends Omit<z.infer<typeof Generate>, 'key' | 'duration'> {
  /** The hash of the key is all that is kept of it. */
  readonly token: string;
  readonly expiresAt: number;
  readonly blocked: boolean;
  readonly passed: number[];
}

const wrong = (code: number, message: string): Answer => ({
  status: code,
  body: { error: { message, type: 'bad_request_error', param: 'key_alias', code: String(code) } },
});
const unprocessable: Answer = { status: 422, body: { detail: [{ loc: ['body'], msg: 'invalid', type: 'value_error' }] } };
const missing = wrong(404, 'Key not found in database');
const hashOf = (key: string) => (key.startsWith('sk-') ? createHash('sha256').update(key).digest('hex') : key);
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

export async function startLiteLlm({ token, now }: LiteLlmOptions): Promise<VendorFake> {
  const kept = new Map<string, Kept>();
  const end = (duration: string) =>
    now().getTime() + Number.parseInt(duration, 10) * 1000 * UNITS[duration.slice(-1) as keyof typeof UNITS];

  const generate = taking(Generate, unprocessable, ({ key, duration, ...body }) => {
    if ([...kept.values()].some((one) => one.key_alias === body.key_alias))
      return wrong(400, `Key with alias '${body.key_alias}' already exists. Unique key aliases across all keys are required.`);
    if (!key.startsWith('sk-')) return wrong(400, "Invalid key format. LiteLLM Virtual Key must start with 'sk-'.");
    const made: Kept = { ...body, token: hashOf(key), expiresAt: end(duration), blocked: false, passed: [] };
    kept.set(made.token, made);
    return {
      status: 200,
      body: { key, token: made.token, key_alias: made.key_alias, expires: new Date(made.expiresAt).toISOString() },
    };
  });
  const update = taking(Update, unprocessable, ({ key, duration, ...body }) => {
    const one = kept.get(hashOf(key));
    if (!one) return missing;
    const changes = JSON.parse(JSON.stringify(body)) as Partial<Kept>;
    kept.set(one.token, { ...one, ...changes, ...(duration && { expiresAt: end(duration) }) });
    return { status: 200, body: { key, ...changes } };
  });
  const block = (blocked: boolean) =>
    taking(Block, unprocessable, ({ key }) => {
      const one = kept.get(hashOf(key));
      if (one) kept.set(one.token, { ...one, blocked });
      return one ? { status: 200, body: { token: one.token, blocked } } : missing;
    });
  /** Answers with what it was asked, whatever it found; only where it found nothing it says so. */
  const remove = taking(Delete, unprocessable, ({ key_aliases: aliases }) => {
    const found = [...kept.values()].filter(({ key_alias: alias }) => aliases.includes(alias));
    for (const one of found) kept.delete(one.token);
    return found.length > 0 ? { status: 200, body: { deleted_keys: aliases } } : wrong(404, 'No keys found');
  });

  function page({ query }: Sent): Answer {
    const [number, size, alias] = [Number(query.get('page') ?? 1), Number(query.get('size') ?? 10), query.get('key_alias')];
    if (size > 100) return unprocessable;
    const found = [...kept.values()].filter((one) => !alias || one.key_alias === alias);
    const shown = found.slice((number - 1) * size, number * size);
    const keys = query.get('return_full_object') === 'true' ? shown : shown.map((one) => one.token);
    return {
      status: 200,
      body: { keys, total_count: found.length, current_page: number, total_pages: Math.ceil(found.length / size) },
    };
  }
  function info({ query }: Sent): Answer {
    const one = kept.get(hashOf(query.get('key') ?? ''));
    return one
      ? { status: 200, body: { key: one.token, info: { key_alias: one.key_alias, blocked: one.blocked, spend: 0 } } }
      : missing;
  }

  function knock({ apiKey, method }: Knock): number {
    const at = now().getTime();
    const one = kept.get(hashOf(apiKey));
    if (!one || one.blocked || at >= one.expiresAt) return 401;
    if (method !== 'POST') return 405;
    if (one.passed.filter((when) => at - when < 60_000).length >= (one.rpm_limit ?? Infinity)) return 429;
    one.passed.push(at);
    return 200;
  }

  const server = await startVendor({
    lost: { status: 404, body: { detail: 'Not Found' } },
    malformed: unprocessable,
    credential: ['authorization', `Bearer ${token}`],
    refused: wrong(401, 'Authentication Error'),
    routes: {
      'POST /key/generate': { places: ['issue'], act: generate },
      'POST /key/update': { places: ['retime'], act: update },
      'POST /key/delete': { places: ['revoke'], act: remove },
      'POST /key/block': { places: [], act: block(true) },
      'POST /key/unblock': { places: [], act: block(false) },
      'GET /key/list': { places: ['list', 'check'], act: page },
      'GET /key/info': { places: [], act: info },
    },
  });
  return { ...server, knock, keys: () => Array.from(kept.values(), asKey) };
}

function asKey({ key_alias: name, models, allowed_routes: routes, rpm_limit: rpm, expiresAt }: Kept): VendorKey {
  return { name, policies: [...models, ...routes, ...(rpm ? [`${rpm} a minute`] : [])], closesAt: new Date(expiresAt) };
}
