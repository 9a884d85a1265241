import { z } from 'zod';
import { KEY_ID } from '../../managed/compatible/keep.ts';
import { Pattern, POLICIES, Rate } from '../../managed/compatible/policies.ts';
import { Secret } from '../../secret/secret.ts';

/** What the key-management contract of reservation webhooks sends, in its own words. */

const SHORTEST = 20;
const LONGEST = 256;

const secret = (text: z.ZodType<string, string>) =>
  z.codec(text, z.instanceof(Secret), { decode: (given) => new Secret(given), encode: (value) => value.reveal() });

const Value = secret(
  z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible characters without spaces')
    .min(SHORTEST, `must be at least ${SHORTEST} characters`)
    .max(LONGEST, `must be at most ${LONGEST} characters`)
    .refine((text) => !KEY_ID.test(text), 'must not look like an id'),
).meta({ description: 'The value that its maker chose. Only a hash of it is kept.' });

/** A key as others name it. */
const Named = secret(z.string().min(1).max(LONGEST)).meta({
  description: "The key's value, or better its id: values do not belong in paths.",
});
export const ByKey = z.strictObject({ key: Named });

const Line = z
  .string()
  .max(300)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line without control characters');

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?$/;
const readInstant = (text: string): Date => new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);

const Instant = z
  .codec(
    z
      .string()
      .refine((text) => INSTANT.test(text) && !Number.isNaN(readInstant(text).getTime()), 'must be an instant (ISO 8601)'),
    z.date(),
    { decode: readInstant, encode: (date) => date.toISOString() },
  )
  .meta({ description: 'ISO 8601; without a zone it is UTC.' });

export const KeyBody = z
  .strictObject({
    api_key: Value,
    name: Line.min(1),
    description: z.string().max(1000).nullish(),
    user_id: Line.nullish().meta({ description: 'Whom it is for; verify tells it as the holder.' }),
    username: Line.nullish(),
    resource_name: Line.nullish(),
    scopes: z.array(z.string().min(1).max(128)).max(100).default([]),
    quota: z.int().min(1).nullish().meta({ description: 'In a month, until a quota policy says for how long.' }),
    rate_limit: Rate.nullish(),
    expires_at: Instant.nullish().meta({ description: "Without it the project's usual length of life." }),
    allowed_endpoints: z.array(Pattern).max(100).nullish().meta({ description: 'None are never all.' }),
    metadata: z.record(z.string().max(100), z.unknown()).nullish(),
  })
  .meta({ id: 'CompatibleKeyBody' });

const named = { api_key: Named };
const types = POLICIES.map(({ shape }) => shape.policy_type.value).join(', ');

export const PolicyBody = z
  .discriminatedUnion(
    'policy_type',
    [POLICIES[0].extend(named), POLICIES[1].extend(named), POLICIES[2].extend(named), POLICIES[3].extend(named)],
    { error: ({ code }) => (code === 'invalid_union' ? `must be one of ${types}` : undefined) },
  )
  .meta({ id: 'CompatiblePolicyBody' });
