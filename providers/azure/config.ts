import { z } from 'zod';
import { Secret } from '../../src/secret/secret.ts';

const PUBLIC_CLOUD = 'https://management.azure.com';

/** What a service costs decides which policies its gateway knows. */
const TIERS = ['developer', 'basic', 'standard', 'premium', 'basicv2', 'standardv2', 'premiumv2', 'consumption'] as const;

/** Only what runs on this machine may be asked unencrypted: a simulator of the service. */
const Endpoint = z
  .url({ protocol: /^https?$/, error: 'the address of Azure Resource Manager, like https://management.usgovcloudapi.net' })
  .refine((url) => !/[?#@]/.test(url), 'an address without user, query or fragment')
  .refine((url) => url.startsWith('https:') || /^http:\/\/(127\.0\.0\.1|localhost)(:|\/|$)/.test(url), 'an address with https')
  .transform((url) => url.replace(/\/+$/, ''));

const ApiId = z.string().regex(/^[^*#&+:<>?/\\\s]{1,80}$/, 'the id of an API in the service, as in its address');
const UserId = z.string().regex(/^[^*#&+:<>?/\\\s]{1,80}$/, 'the id of a user of the service, without /users/');

const ClientSecret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text));

const Pace = z.strictObject({
  read: z.number().positive().default(20),
  write: z.number().positive().default(8),
  delete: z.number().positive().default(8),
  concurrency: z.int().positive().default(10),
});

/** What the `providers:` section takes for Azure API Management. */
export const Config = z
  .strictObject({
    subscriptionId: z.guid('the id of the Azure subscription, a UUID'),
    resourceGroup: z.string().regex(/^[\w.()-]{1,90}$/, 'the name of a resource group'),
    service: z.string().regex(/^[a-zA-Z](?:[a-zA-Z0-9-]{0,48}[a-zA-Z0-9])?$/, 'the name of an API Management service'),
    tier: z.enum(TIERS),
    /** What the products that we make give access to. */
    apis: z.array(ApiId).default([]),
    /** Who owns the subscriptions: one user of the service, or a user by holder. Without it they have no owner. */
    owner: z.union([UserId, z.record(z.string(), UserId)]).optional(),
    tenantId: z.string().min(1).optional(),
    clientId: z.string().min(1).optional(),
    clientSecret: ClientSecret.optional(),
    endpoint: Endpoint.default(PUBLIC_CLOUD),
    pace: Pace.prefault({}),
  })
  .refine(({ clientSecret, clientId, tenantId }) => !clientSecret || (clientId && tenantId), {
    path: ['clientSecret'],
    error: 'goes with tenantId and clientId',
  });
export type Config = z.output<typeof Config>;

/** The gateways that know the same policies. */
export type Family = 'classic' | 'v2' | 'consumption';

export function familyOf(tier: Config['tier']): Family {
  if (tier === 'consumption') return 'consumption';
  return tier.endsWith('v2') ? 'v2' : 'classic';
}
