import { z } from 'zod';
import { startVendor, taking, type Answer, type Knock, type Sent, type VendorFake, type VendorKey } from './vendor.ts';

/*
 * Tyk Gateway, its own API for keys (tyk.io/docs/api-reference/keys; TykTechnologies/tyk `gateway/api.go`, `auth_manager.go`): with
 * `hash_key_function` set, as it comes, a custom key is stored under another name, in which its organisation stands.
 */

export interface TykOptions {
  readonly token: string;
  readonly now: () => Date;
  readonly orgId: string;
  readonly apis: readonly string[];
}

const AccessRight = z.strictObject({
  api_id: z.string(),
  api_name: z.string(),
  versions: z.array(z.string()).min(1),
  allowed_urls: z.array(z.strictObject({ url: z.string(), methods: z.array(z.string()) })),
});
const Session = z.strictObject({
  org_id: z.string(),
  alias: z.string(),
  expires: z.int(),
  rate: z.number(),
  per: z.number(),
  quota_max: z.int(),
  quota_remaining: z.int(),
  quota_renewal_rate: z.int(),
  access_rights: z.record(z.string(), AccessRight),
  is_inactive: z.boolean(),
  tags: z.array(z.string()),
  meta_data: z.record(z.string(), z.string()),
});

interface Kept extends z.infer<typeof Session> {
  readonly renewsAt: number;
  readonly passed: number[];
}

const says = (status: number, message: string): Answer => ({ status, body: { status: 'error', message } });
const malformed = says(400, 'Request malformed');

export async function startTyk({ token, now, orgId, apis }: TykOptions): Promise<VendorFake> {
  const sessions = new Map<string, Kept>();
  const epoch = () => Math.floor(now().getTime() / 1000);

  /** The name under which Tyk stores a custom key. Asked without its organisation, it looks under another name and finds nothing. */
  const nameOf = (org: string, key: string) => Buffer.from(JSON.stringify({ org, id: key, h: 'murmur64' })).toString('base64');
  const stored = (org: string | null, { params }: Sent) => nameOf(org ?? '', params['key'] ?? '');
  const asked = (sent: Sent) => stored(sent.query.get('org_id'), sent);

  function save(name: string, session: z.infer<typeof Session>, before?: Kept, { keepsQuota = false } = {}): Answer {
    const ids = Object.keys(session.access_rights);
    if (ids.length === 0 || ids.some((id) => !apis.includes(id)))
      return says(500, 'Failed to create key, ensure security settings are correct.');
    // An end in the past is not taken: the key has the end it had, and a new one has none.
    const expires = session.expires > 1 && session.expires < epoch() ? (before?.expires ?? 0) : session.expires;
    const kept = keepsQuota && before ? before : { renewsAt: epoch() + session.quota_renewal_rate, passed: [] };
    sessions.set(name, { ...session, expires, renewsAt: kept.renewsAt, passed: kept.passed });
    return { status: 200, body: { key: name, status: 'ok', action: before ? 'modified' : 'added', key_hash: 'a1b2c3d4' } };
  }

  const post = taking(Session, malformed, (session, sent) => save(stored(session.org_id, sent), session));
  const put = taking(Session, malformed, (session, sent) => {
    const before = sessions.get(stored(session.org_id, sent));
    if (!before) return says(404, 'Key is not found');
    return save(stored(session.org_id, sent), session, before, { keepsQuota: sent.query.get('suppress_reset') === '1' });
  });
  function get(sent: Sent): Answer {
    const kept = sessions.get(asked(sent));
    if (!kept) return says(404, 'Key not found');
    const { renewsAt: quota_renews, passed, ...session } = kept;
    // There is no counter before the first request; what the key came with is told then.
    const counted = passed.length > 0 && kept.quota_max !== -1;
    const left = counted ? Math.max(0, kept.quota_max - spent(kept)) : kept.quota_remaining;
    return { status: 200, body: { ...session, quota_renews, quota_remaining: left } };
  }
  const remove = (sent: Sent): Answer =>
    sessions.delete(asked(sent))
      ? { status: 200, body: { key: asked(sent), status: 'ok', action: 'deleted' } }
      : says(404, 'There is no such key found');

  /** Quotas are renewed in windows of their own length, from the making of the key on. */
  function spent({ renewsAt, quota_renewal_rate: length, passed }: Kept): number {
    const from = renewsAt + Math.floor((epoch() - renewsAt) / length) * length;
    return passed.filter((at) => at >= from).length;
  }

  function knock({ apiKey, method, path }: Knock): number {
    const kept = sessions.get(nameOf(orgId, apiKey));
    if (!kept) return 400;
    if (kept.is_inactive) return 403;
    if (kept.expires >= 1 && epoch() > kept.expires) return 401;
    // Without a list, all is allowed; and a pattern that is not anchored matches anywhere in the path.
    const allows = ({ allowed_urls: urls }: z.infer<typeof AccessRight>) =>
      urls.length === 0 || urls.some(({ url, methods }) => new RegExp(url).test(path) && methods.includes(method));
    if (!Object.values(kept.access_rights).some(allows)) return 403;
    const recent = kept.passed.filter((at) => epoch() - at < kept.per).length;
    if (kept.rate > 0 && recent >= kept.rate) return 429;
    if (kept.quota_max > 0 && spent(kept) >= kept.quota_max) return 403;
    kept.passed.push(epoch());
    return 200;
  }

  const server = await startVendor({
    lost: { status: 404, body: '404 page not found' },
    malformed,
    credential: ['x-tyk-authorization', token],
    refused: says(403, 'Attempted administrative access with invalid or missing key!'),
    routes: {
      'POST /tyk/keys/:key': { places: ['issue'], act: post },
      'PUT /tyk/keys/:key': { places: ['retime'], act: put },
      'GET /tyk/keys/:key': { places: ['usage', 'check'], act: get },
      'DELETE /tyk/keys/:key': { places: ['revoke'], act: remove },
    },
  });
  return { ...server, knock, keys: () => Array.from(sessions.values(), asKey) };
}

function asKey({ alias, access_rights: rights, expires, rate, per, quota_max: quota }: Kept): VendorKey {
  const urls = Object.values(rights).flatMap(({ api_id: id, allowed_urls }) =>
    allowed_urls.map(({ url, methods }) => `${id} ${methods.join()} ${url}`),
  );
  return { name: alias, policies: [...urls, `rate ${rate} per ${per} s`, `quota ${quota}`], closesAt: new Date(expires * 1000) };
}
