import { z } from 'zod';
import { startVendor, taking, type Answer, type Knock, type VendorFake, type VendorKey } from './vendor.ts';

/*
 * Unkey v2 (unkey.com/docs/api-reference/v2): calls by POST, bodies to the letter, keys that it makes and tells once. The door is an
 * API that asks `keys.verifyKey` for the permission that each of its methods needs.
 */

export interface UnkeyOptions {
  readonly token: string;
  readonly now: () => Date;
  readonly apiId: string;
  /** Which permission the API behind the door asks for. */
  readonly permissionFor: Readonly<Record<string, string>>;
}

const slug = z.string().regex(/^[a-zA-Z0-9_]+$/);
const text = z.string().min(1).max(255);
const amount = z.int().min(1);
const expires = z.int().min(0).max(4_102_444_800_000);
const refillDay = z.int().min(1).max(31).optional();
const refill = z.strictObject({ interval: z.enum(['daily', 'monthly']), amount, refillDay }).optional();
const limit = { limit: amount, duration: z.int().min(1000), autoApply: z.boolean() };
const CreateKey = z.strictObject({
  apiId: slug,
  prefix: slug.max(16),
  name: text,
  externalId: text.regex(/^[a-zA-Z0-9_.-]+$/),
  byteLength: z.int().min(16).max(255),
  meta: z.record(z.string(), z.json()),
  permissions: z.array(z.string().regex(/^[a-zA-Z][a-zA-Z0-9._-]{0,99}$/)),
  expires,
  credits: z.strictObject({ remaining: z.int().min(0), refill }).optional(),
  ratelimits: z.array(z.strictObject({ name: text.min(3).max(128), ...limit })),
  enabled: z.boolean(),
});
const Which = z.strictObject({ keyId: slug });
const UpdateKey = z.strictObject({ keyId: slug, expires: expires.optional(), enabled: z.boolean().optional() });
const filter = { cursor: text.optional(), externalId: text.optional(), revalidateKeysCache: z.boolean().optional() };
const ListKeys = z.strictObject({ apiId: slug, limit: amount.max(100), ...filter });

interface Kept extends z.infer<typeof CreateKey> {
  readonly keyId: string;
  readonly key: string;
  left: number;
  readonly passed: number[];
}

const meta = { requestId: 'req_2c9a0jf23l4k567' };
const done = (data: object, more: object = {}): Answer => ({ status: 200, body: { meta, data, ...more } });
const problem = (status: number, title: string): Answer => ({
  status,
  body: { meta, error: { title, detail: title, status, type: 'https://unkey.com/docs/errors' } },
});
const invalid = problem(400, 'Bad Request');
const missing = problem(404, 'Not Found');

export async function startUnkey({ token, now, apiId, permissionFor }: UnkeyOptions): Promise<VendorFake> {
  const kept = new Map<string, Kept>();
  let made = 0;

  const createKey = taking(CreateKey, invalid, (body) => {
    if (body.apiId !== apiId) return missing;
    made += 1;
    const [keyId, key] = [`key_${made}`, `${body.prefix}_3ZHT${String(made).padStart(24, '0')}`];
    kept.set(keyId, { ...body, keyId, key, left: body.credits?.remaining ?? Infinity, passed: [] });
    return done({ keyId, key });
  });
  const deleteKey = taking(Which, invalid, ({ keyId }) => (kept.delete(keyId) ? done({}) : missing));
  const getKey = taking(Which, invalid, ({ keyId }) => {
    const one = kept.get(keyId);
    return one ? done(shown(one)) : missing;
  });
  const updateKey = taking(UpdateKey, invalid, ({ keyId, ...changes }) => {
    const one = kept.get(keyId);
    if (one) kept.set(keyId, Object.assign(one, changes));
    return one ? done({}) : missing;
  });
  const listKeys = taking(ListKeys, invalid, ({ limit, cursor = '0', externalId }) => {
    const found = [...kept.values()].filter((one) => externalId === undefined || one.externalId === externalId);
    const next = Number(cursor) + limit;
    const hasMore = next < found.length;
    const pagination = { hasMore, ...(hasMore && { cursor: String(next) }) };
    return done(found.slice(Number(cursor), next).map(shown), { pagination });
  });

  /** What `keys.verifyKey` says of a key, as the API behind the door passes it on. */
  function knock({ apiKey, method }: Knock): number {
    const one = [...kept.values()].find(({ key }) => key === apiKey);
    const at = now().getTime();
    if (!one || !one.enabled || at >= one.expires) return 401;
    if (!one.permissions.includes(permissionFor[method] ?? 'none')) return 403;
    const full = ({ limit, duration }: { limit: number; duration: number }) =>
      one.passed.filter((when) => at - when < duration).length >= limit;
    if (one.ratelimits.some(full) || one.left < 1) return 429;
    one.left -= 1;
    one.passed.push(at);
    return 200;
  }

  const getApi = taking(z.strictObject({ apiId: slug }), invalid, (body) =>
    body.apiId === apiId ? done({ id: apiId }) : missing,
  );
  const server = await startVendor({
    lost: missing,
    malformed: invalid,
    credential: ['authorization', `Bearer ${token}`],
    refused: problem(401, 'Unauthorized'),
    routes: {
      'POST /v2/apis.getApi': { places: ['check'], act: getApi },
      'POST /v2/apis.listKeys': { places: ['list'], act: listKeys },
      'POST /v2/keys.createKey': { places: ['issue'], act: createKey },
      'POST /v2/keys.deleteKey': { places: ['revoke'], act: deleteKey },
      'POST /v2/keys.updateKey': { places: ['retime'], act: updateKey },
      'POST /v2/keys.getKey': { places: ['usage'], act: getKey },
    },
  });
  return { ...server, knock, keys: () => Array.from(kept.values(), asKey) };
}

function shown(one: Kept) {
  const { keyId, enabled, name, meta: told, permissions, expires: end, externalId } = one;
  const credits = one.credits && { credits: { ...one.credits, remaining: one.left } };
  return {
    keyId,
    start: 'lk_3ZHT',
    createdAt: 0,
    enabled,
    name,
    meta: told,
    permissions,
    expires: end,
    identity: { externalId },
    ...credits,
  };
}

function asKey({ name, permissions: granted, ratelimits, credits, expires: end }: Kept): VendorKey {
  const rates = ratelimits.map(({ limit, duration }) => `${limit} in ${duration} ms`);
  const policies = [...granted, ...rates, ...(credits ? [`${credits.remaining} credits`] : [])];
  return { name, policies, closesAt: new Date(end) };
}
