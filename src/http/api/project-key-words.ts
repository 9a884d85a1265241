import { z } from 'zod';
import { compileHours } from '../../keys/hours.ts';
import type { Ends, KeyAsked } from '../../managed/asked.ts';
import type { KeyChanges } from '../../managed/change.ts';
import { parseRate } from '../../reservation/limits.ts';
import { METHODS, PERIODS, type Limit } from '../../reservation/plan.ts';
import { LONGEST_SCOPE } from '../../reservation/scopes.ts';
import { Fault } from '../../reservation/fault.ts';
import { TOKEN_TYPES } from '../../reservation/rights.ts';
import { Duration, Text, Time } from './words.ts';

/** What a caller may write about a key of a project. */

export const ProjectParam = Text.meta({ description: 'Of the configuration; default where nothing is said of projects.' });
export const InProject = z.strictObject({ project: ProjectParam });
export const ProjectKeyPath = z.strictObject({ project: ProjectParam, id: Text.meta({ description: "The key's id." }) });

const AsRate = z.string().transform((text, context): Limit => {
  const rate = parseRate(text);
  if (rate) return rate;
  context.addIssue({ code: 'custom', message: 'must be a count and a period, such as 100/hour' });
  return z.NEVER;
});
const AsLimit = z.strictObject({
  limit: z.int().min(1),
  per: z.enum(PERIODS),
  unit: z.literal('requests').optional().meta({ description: 'Each call counts once, whatever its caller says it costs.' }),
});
const LimitWord = z.union([AsRate, AsLimit]).meta({ description: 'Such as 100/hour, or { limit: 100, per: hour }.' });

const TIME = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;
const Hour = z.string().regex(TIME, 'must be hours and minutes, such as 08:00');
const HoursWord = z
  .strictObject({
    days: z.array(z.int().min(1).max(7)).min(1).max(7).optional().meta({ description: '1 is Monday; every day when left out.' }),
    from: Hour,
    to: Hour.meta({ description: 'Where it is not after from, of the day after.' }),
    zone: Text.meta({ description: 'An IANA time zone.', examples: ['Europe/Rome'] }),
  })
  .refine((part) => isReadable(part), 'is no part of a week in a time zone that exists');

const Scopes = z.array(z.string().min(1).max(LONGEST_SCOPE)).min(1).max(200);
const Addresses = z.array(Text).max(200);
const Metadata = z
  .record(z.string().min(1).max(100), z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]))
  .refine((all) => Object.keys(all).length <= 50, 'must be at most 50 fields')
  .meta({ description: 'What you want to know of it; never a secret.' });
const RotationWord = z
  .strictObject({ every: Duration, overlap: Duration.optional() })
  .refine(({ every }) => every > 0, { path: ['every'], message: 'must be more than nothing' });
const Methods = z.array(z.enum(METHODS)).max(METHODS.length);
const Endpoints = z.array(z.string().max(300)).max(200);
const Email = z.email().max(254);

const common = {
  owner: Text.optional().meta({ description: 'Whom it is for; verify tells it as the holder. Without one, who asks.' }),
  opensAt: Time.optional(),
  expiresIn: Duration.optional().meta({ description: 'From its opening, or from now for a key that there is, such as 30d.' }),
  expiresAt: Time.optional(),
  never: z.literal(true).optional().meta({ description: 'It does not end; where its project has such keys.' }),
  metadata: Metadata.optional(),
};

export const NewProjectKey = z
  .strictObject({
    ...common,
    name: Text,
    description: Text.optional(),
    contact: Email.optional().meta({ description: 'Told by mail when our clock has made a new value; never the value.' }),
    environment: z
      .string()
      .regex(/^[a-z][a-z0-9]{0,14}$/, 'must be a word of a-z and 0-9, such as test')
      .optional()
      .meta({ description: 'Stands in the value after the prefix: lab_test_…', examples: ['live', 'test'] }),
    scopes: Scopes,
    methods: Methods.optional().meta({ description: 'Fewer than its scopes allow.' }),
    endpoints: Endpoints.optional().meta({ description: 'Paths: * is one segment, ** any number. Without it every path.' }),
    quota: LimitWord.nullable().optional(),
    rateLimit: LimitWord.nullable().optional(),
    limits: z.array(LimitWord).max(20).optional(),
    allowedIps: Addresses.optional(),
    deniedIps: Addresses.optional(),
    hours: z.array(HoursWord).max(50).optional(),
    tokenType: z.enum(TOKEN_TYPES).optional(),
    rotation: RotationWord.nullable().optional().meta({ description: 'A new value by our clock; an old one overlaps with it.' }),
    prefix: z.string().max(16).optional(),
  })
  .meta({ id: 'NewProjectKey', description: "What is left out is as the key's project says." });

export const ProjectKeyChanges = z
  .strictObject({
    ...common,
    name: Text.optional(),
    description: Text.nullable().optional(),
    contact: Email.nullable().optional(),
    scopes: Scopes.optional(),
    methods: Methods.nullable().optional(),
    endpoints: Endpoints.nullable().optional(),
    quota: LimitWord.nullable().optional(),
    rateLimit: LimitWord.nullable().optional(),
    limits: z.array(LimitWord).max(20).nullable().optional(),
    allowedIps: Addresses.nullable().optional(),
    deniedIps: Addresses.nullable().optional(),
    hours: z.array(HoursWord).max(50).nullable().optional(),
    rotation: RotationWord.nullable().optional(),
  })
  .meta({ id: 'ProjectKeyChanges', description: 'What is left out stays; null goes back to what the project says.' });

const USUAL_OVERLAP_MS = 24 * 3_600_000;

export function askedOf(body: z.output<typeof NewProjectKey>): KeyAsked {
  const { expiresIn, expiresAt, never, rotation, ...asked } = body;
  return { ...asked, ends: endsOf({ expiresIn, expiresAt, never }), rotation: rotationOf(rotation) };
}

export function changesOf(body: z.output<typeof ProjectKeyChanges>): KeyChanges {
  const { expiresIn, expiresAt, never, rotation, ...changes } = body;
  return { ...changes, ends: endsOf({ expiresIn, expiresAt, never }), rotation: rotationOf(rotation) };
}

function rotationOf(word: z.output<typeof RotationWord> | null | undefined): KeyAsked['rotation'] {
  if (!word) return word;
  const { every, overlap = Math.min(USUAL_OVERLAP_MS, Math.floor(every / 2)) } = word;
  return { everyMs: every, overlapMs: overlap };
}

/** Throws Fault('invalid') for more than one of them. */
function endsOf({ expiresIn, expiresAt, never }: { expiresIn?: number; expiresAt?: Date; never?: true }): Ends | undefined {
  if ([expiresIn, expiresAt, never].filter((one) => one !== undefined).length > 1)
    throw new Fault('invalid', 'body: give one of expiresIn, expiresAt and never', { at: 'expiresIn' });
  if (never) return 'never';
  if (expiresAt !== undefined) return { at: expiresAt };
  return expiresIn === undefined ? undefined : { inMs: expiresIn };
}

function isReadable(part: Parameters<typeof compileHours>[0][number]): boolean {
  try {
    compileHours([part]);
    return true;
  } catch {
    return false;
  }
}
