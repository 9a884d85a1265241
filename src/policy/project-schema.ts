import { z } from 'zod';
import { TOKEN_TYPES } from '../reservation/rights.ts';
import { hours, limit, limits } from './rights-words.ts';
import { cidr, duration, prefix, rate } from './words.ts';
import { ScopeEntry, scopeName } from './scope-schema.ts';

const none = z.literal('none');

export const Rotation = z.strictObject({ every: duration, overlap: duration.prefault('24h') });

const KeysEntry = z
  .strictObject({
    prefix: prefix
      .optional()
      .meta({ description: 'What its keys begin with, before the underscore. Without it API_KEY_PREFIX.' }),
    expires: z
      .strictObject({
        default: duration.optional().meta({ description: 'Of a key that names no end. Without it 30d.' }),
        longest: duration.optional().meta({ description: 'The latest end that a key may name. Without it 365d.' }),
        never: z.boolean().optional().meta({ description: 'Whether a key may have no end. Without it false.' }),
      })
      .optional(),
    created: rate.optional().meta({ description: 'How many keys may be made in a period. Without it 1000/hour.' }),
    tokenType: z.enum(TOKEN_TYPES).optional().meta({ description: 'A random value, or a signed token. Without it opaque.' }),
    quota: z
      .union([none, limit])
      .optional()
      .meta({ description: 'In all. Without it DEFAULT_API_QUOTA a month; none for none.' }),
    rateLimit: z.union([none, limit]).optional().meta({ description: 'Without it DEFAULT_RATE_LIMIT; none for no limit.' }),
    limits: limits.optional(),
    allowedIps: z.array(cidr).min(1).optional(),
    deniedIps: z.array(cidr).min(1).optional(),
    hours: hours.optional(),
    rotation: Rotation.optional().meta({ description: 'By our clock, for keys that say nothing else.' }),
    kept: duration.optional().meta({ description: 'How long a dead key stays in lists. Without it 90d.' }),
  })
  .meta({ description: 'What keys made by API get where they say nothing, and what they may not exceed.' });

export const ProjectEntry = z
  .strictObject({
    description: z.string().optional(),
    limits: limits.optional().meta({ description: 'Shared by all keys of the project.' }),
    keys: KeysEntry.prefault({}),
    roster: z.string().min(1).optional().meta({ description: 'Of its sources that name none; see there.' }),
    scopes: z.record(scopeName, ScopeEntry).optional().meta({ description: 'Its own, over those of all projects.' }),
  })
  .meta({ description: 'A part of the house that sees nothing of the others.' });
