import { z } from 'zod';
import { checkKey } from '../../keys/key.ts';
import { findLocalKeyByName } from '../../ledger/local-keys.ts';
import { Fault } from '../../reservation/fault.ts';
import { isPathPattern } from '../../reservation/patterns.ts';
import { METHODS, PERIODS } from '../../reservation/plan.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { Empty, Shown, Text, Time } from './words.ts';

/** What no key of our own leases is called, so that neither can be taken for the other. */
const DIRECT = 'direct:';

const ByName = z.strictObject({ name: Text.meta({ description: 'As its maker calls it.' }) });
const Limit = z.strictObject({ limit: z.int().min(1), per: z.enum(PERIODS) });

const DirectKey = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,60}$/, 'must be up to 60 of a-z, 0-9 and -'),
    key: Shown.meta({ description: 'Its value, of the form that Latchkey itself makes. Only a hash is kept.' }),
    lease: Text.meta({ description: 'Whose budget it uses: limits and usage are those of all keys that name the same.' }),
    holder: Text,
    scopes: z.array(Text).max(100),
    methods: z.array(z.enum(METHODS)).max(METHODS.length),
    endpoints: z.array(z.string().max(300).refine(isPathPattern, 'must be a path such as /api/**')).max(100),
    quota: Limit.optional(),
    rateLimit: Limit.optional(),
    allowedIps: z.array(Text).max(100).optional(),
    opensAt: Time,
    closesAt: Time,
  })
  .meta({ id: 'DirectKey', description: 'A key of the built-in key manager that somebody else decides on.' });

const DirectKeyUsage = z
  .object({ name: z.string(), keyId: z.string(), used: z.int(), limit: z.int().optional(), refused: z.int().optional() })
  .meta({ id: 'DirectKeyUsage' });

/** The built-in key manager for others, such as another Latchkey: keys by the names that they give. */
export function directKeysApi({ ledger, keysFor, now }: Pick<ApiDeps, 'ledger' | 'keysFor' | 'now'>): ApiRoute[] {
  const living = async (name: string) => {
    const row = await findLocalKeyByName(ledger.db, DIRECT + name, now());
    if (!row || row.revokedAt) throw new Fault('not_found', `there is no key ${name}`);
    return row;
  };
  return [
    route({
      id: 'putDirectKey',
      method: 'post',
      path: '/direct-keys',
      permission: 'act',
      summary: 'Make a key at the built-in manager, or make it what is said',
      description: 'The same name and value, however often, is one key.',
      body: DirectKey,
      responses: { 200: z.object({ keyId: z.string() }).meta({ id: 'DirectKeyMade' }) },
      handle: async ({ body: { name, key, lease, opensAt, closesAt, ...rights } }, { name: actor }) => {
        if (!checkKey(key.reveal())) throw new Fault('invalid', 'key: is not of the form that Latchkey makes', { at: 'key' });
        const keys = keysFor((tx) => tx.audit({ actor, action: 'direct-key.made', subject: name, detail: { lease } }));
        const window = { opensAt, closesAt };
        const made = await keys.put({ ...rights, name: DIRECT + name, secret: key, lease: DIRECT + lease, window });
        return { status: 200, body: made };
      },
    }),
    route({
      id: 'getDirectKey',
      method: 'get',
      path: '/direct-keys/{name}',
      permission: 'read',
      summary: 'What a key was used for',
      params: ByName,
      responses: { 200: DirectKeyUsage },
      handle: async ({ params: { name } }) => {
        const { id: keyId } = await living(name);
        const usage = await keysFor(() => {}).usage(DIRECT + name);
        return { status: 200, body: { name, keyId, used: 0, ...usage } };
      },
    }),
    route({
      id: 'deleteDirectKey',
      method: 'delete',
      path: '/direct-keys/{name}',
      permission: 'act',
      summary: 'Revoke it: no request passes with it any more',
      params: ByName,
      responses: { 204: Empty },
      handle: async ({ params: { name } }, { name: actor }) => {
        await living(name);
        await keysFor((tx) => tx.audit({ actor, action: 'direct-key.revoked', subject: name })).remove(DIRECT + name);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
