import { z } from 'zod';
import { CHANNELS, CONFIRMATIONS } from '../reservation/plan.ts';
import { TOKEN_TYPES } from '../reservation/rights.ts';
import { TOKEN_ALGORITHMS } from '../reservation/tokens.ts';
import { ProjectEntry, Rotation } from './project-schema.ts';
import { hours, limits, unit } from './rights-words.ts';
import { endpoint, ScopeEntry, scopeName } from './scope-schema.ts';
import { SourceEntry } from './source-schema.ts';
import { cidr, count, duration, httpUrl, name, rate } from './words.ts';

/** What may stand in the configuration file. The same schemas check it and describe it to editors. */

const project = name.optional().meta({ description: 'Whose it is. Without it the project named default.' });

/** What every provider's entry may say, whatever its driver. */
export const ProviderRules = z.object({
  inventory: z.enum(['report', 'fix']).prefault('report').meta({
    description: 'Whether the sweep every quarter of an hour replaces keys that are missing and repairs what is otherwise.',
  }),
  verify: z
    .boolean()
    .prefault(false)
    .meta({ description: 'The API behind it asks our /verify as well, which then keeps what the gateway does not.' }),
  strays: z.enum(['report', 'revoke']).prefault('report').meta({
    description: 'What is done with keys under our names that our books do not know, an hour after they were first seen.',
  }),
});

export const ProviderEntry = ProviderRules.extend({
  driver: z.string().meta({ description: 'The kind of gateway; its own settings stand beside it.' }),
})
  .loose()
  .meta({ description: 'Where keys are made.' });

export const PlanEntry = z
  .strictObject({
    name,
    project,
    match: z
      .strictObject({ source: z.string().optional(), resource: z.string().optional(), resourceType: z.string().optional() })
      .prefault({})
      .meta({ description: 'Globs (* and ?). The first plan that matches is taken; without it every booking matches.' }),
    provider: z.string(),
    scopes: z
      .strictObject({ default: z.array(z.string()).min(1).optional(), allowed: z.array(z.string()).min(1).optional() })
      .prefault({})
      .meta({ description: 'By name, or all that begin alike: akm:projects:* or akm:*.' }),
    endpoints: z
      .strictObject({ default: z.array(endpoint).min(1).optional(), allowed: z.array(endpoint).min(1).optional() })
      .prefault({}),
    quota: z
      .union([
        z.literal('none'),
        z.strictObject({
          default: count.optional(),
          max: count.optional(),
          per: z.enum(['reservation', 'hour', 'day', 'month']).prefault('reservation'),
          unit: unit.optional(),
        }),
      ])
      .prefault({})
      .meta({ description: 'Requests in all. Without it DEFAULT_API_QUOTA; none for no quota.' }),
    rateLimit: z
      .union([z.literal('none'), z.strictObject({ default: rate.optional(), max: rate.optional() })])
      .prefault({})
      .meta({ description: 'Requests in a period. Without it DEFAULT_RATE_LIMIT; none for no limit.' }),
    limits: limits.optional(),
    allowedIps: z.array(cidr).min(1).optional().meta({ description: 'Networks a key may be used from.' }),
    deniedIps: z.array(cidr).min(1).optional().meta({ description: 'Networks it may not be used from, whatever else is so.' }),
    hours: hours.optional(),
    tokenType: z.enum(TOKEN_TYPES).prefault('opaque').meta({ description: 'A random value, or a signed token (jwt).' }),
    window: z
      .strictObject({
        opensBefore: duration.prefault('0m'),
        closesAfter: duration.prefault('0m'),
        longest: duration.prefault('31d').meta({ description: 'Longer bookings are refused; one without an end ends after it.' }),
        issueBefore: duration
          .prefault('10m')
          .meta({ description: 'How long before it opens a key may be made, refused until then.' }),
      })
      .prefault({}),
    handover: z
      .strictObject({
        by: z.array(z.enum(CHANNELS)).optional().meta({ description: 'Without it every channel that is configured.' }),
        confirm: z.enum(CONFIRMATIONS).prefault('email').meta({ description: 'What the holder must know beside the link.' }),
      })
      .prefault({}),
    rotation: Rotation.optional(),
    unenforced: z
      .literal('accept')
      .optional()
      .meta({ description: 'Start although the provider does not keep all of these limits.' }),
  })
  .meta({ description: 'What bookings of a resource grant.' });

export const TokensEntry = z
  .strictObject({
    algorithm: z
      .enum(TOKEN_ALGORITHMS)
      .prefault('EdDSA')
      .meta({ description: 'Of signatures. ES256 and RS256 where a gateway knows no EdDSA.' }),
    issuer: httpUrl.optional().meta({ description: 'What tokens name as iss. Without it PUBLIC_URL.' }),
    audience: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'What tokens name as aud. Without it the project of the key.' }),
    rotateEvery: duration
      .refine((ms) => ms >= 3_600_000, { error: 'is too short', params: { fix: 'write an hour at least, such as 90d' } })
      .prefault('90d')
      .meta({ description: 'How long a signing key signs. What it signed stays good.' }),
  })
  .meta({
    description: 'How keys of tokenType jwt are signed. What is changed here is so for new tokens; those that are out stay good.',
  });

export const PolicyFile = z
  .strictObject({
    projects: z.record(name, ProjectEntry).nullish(),
    sources: z.record(name, SourceEntry).nullish(),
    providers: z.record(name, ProviderEntry).nullish(),
    scopes: z.record(scopeName, ScopeEntry).nullish(),
    plans: z.array(PlanEntry).min(1).nullish(),
    tokens: TokensEntry.nullish(),
  })
  .meta({ title: 'Latchkey configuration', description: 'A section that is left out comes from the environment.' });

/** The sections alone, each entry unread: so one bad entry does not hide the problems of the others. */
export const Sections = z
  .strictObject({
    projects: z.record(name, z.unknown()).nullish(),
    sources: z.record(name, z.unknown()).nullish(),
    providers: z.record(name, z.unknown()).nullish(),
    scopes: z.record(scopeName, z.unknown()).nullish(),
    plans: z.array(z.unknown()).min(1).nullish(),
    tokens: z.unknown().optional(),
  })
  .nullish();
