import { z } from 'zod';
import { Secret } from '../../src/secret/secret.ts';

const Region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region, like eu-central-1');

const Endpoint = z
  .url({
    protocol: /^https?$/,
    error: 'the address of a VPC endpoint, like https://vpce-….apigateway.eu-central-1.vpce.amazonaws.com',
  })
  .refine((url) => !/[?#@]/.test(url), 'an address without user, query or fragment');

const SecretText = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .transform((text) => new Secret(text));

/** A variable that is not set arrives as an empty text. */
const unlessEmpty = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const Credentials = z.strictObject({
  accessKeyId: z.string().trim().min(1, 'must not be empty'),
  secretAccessKey: SecretText,
  sessionToken: unlessEmpty(SecretText),
});

const RestApiId = z.string().regex(/^[a-z0-9]{1,64}$/, 'the id of a REST API, like a1b2c3d4e5');
const StageName = z.string().regex(/^[\w-]{1,128}$/, 'the name of a stage, like prod');

const UsagePlanId = z.string().regex(/^[a-z0-9]{1,64}$/, 'the id of a usage plan, like x7y8z9');
const LIMIT = /^([1-9]\d{0,8})\/(second|minute|hour|day|month)$/;
const limitPer = <Period extends 'second' | 'minute' | 'hour' | 'day' | 'month'>(periods: readonly Period[], example: string) =>
  z
    .string()
    .refine((text) => periods.includes(LIMIT.exec(text)?.[2] as Period), `a limit like ${example}, per ${periods.join(', ')}`)
    .transform((text) => {
      const [, limit, per] = LIMIT.exec(text)!;
      return { limit: Number(limit), per: per as Period };
    });

const UsagePlan = z.strictObject({
  id: UsagePlanId,
  /** What the plan keeps to; a limit that is not told here is not counted on. */
  quota: limitPer(['day', 'month'], '1000/month').optional(),
  rateLimit: limitPer(['second', 'minute', 'hour', 'day'], '100/hour').optional(),
  /** Its stages open these scopes and no other. */
  scopes: z.array(z.string().min(1)).min(1).optional(),
});

/** Operations a second, of the whole account and region. */
const Pace = z.strictObject({
  create: z.number().positive().max(1000).default(5),
  delete: z.number().positive().max(1000).default(5),
  all: z.number().positive().max(1000).default(10),
  plans: z.number().positive().max(1000).default(0.05),
  resources: z.number().positive().max(1000).default(2.5),
});

const ApiStage = z.strictObject({ restApiId: RestApiId.optional(), stage: StageName });

/** What the `providers:` section takes for AWS API Gateway. */
export const Config = z
  .strictObject({
    region: Region,
    /** Instead of the region's own. */
    endpoint: unlessEmpty(Endpoint),
    /** Without them the SDK looks where it always does: environment, profile, role of the container or machine. */
    credentials: Credentials.optional(),
    restApiId: RestApiId,
    /** May be left out where the API has exactly one. */
    stage: unlessEmpty(StageName),
    /** The stages that a scope opens. A key is let in on those of its scopes and nowhere else. */
    scopes: z.record(z.string().min(1), z.array(ApiStage).min(1)).optional(),
    /** Plans that are there already, to choose from; then none is made or changed. */
    usagePlans: z.array(UsagePlan).min(1).optional(),
    /** A Lambda authorizer asks Latchkey's /verify: `check` names the methods that have none. What it keeps is told by `verify: true`. */
    authorizer: z.literal('latchkey').optional(),
    /** A crowd is made by ImportApiKeys, whose keys have no tags; false makes each key by itself, at five a second. */
    import: z.boolean().default(true),
    pace: Pace.prefault({}),
  })
  .refine((config) => !(config.scopes && config.usagePlans), {
    path: ['scopes'],
    error: 'not together with usagePlans: name the scopes of each plan there',
  });

export type Config = z.output<typeof Config>;
export type UsagePlan = z.output<typeof UsagePlan>;
