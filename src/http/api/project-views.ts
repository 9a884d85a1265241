import { z } from 'zod';
import { KEY_SETTINGS, SAID_BY } from '../../policy/effective.ts';
import type { Policy } from '../../reservation/policy.ts';
import type { Project } from '../../reservation/project.ts';
import { TOKEN_TYPES } from '../../reservation/rights.ts';
import { HoursView, LimitView } from './lease-views.ts';

const Names = z.array(z.string()).readonly();
const Limits = z.array(LimitView).readonly();

const KeyRulesView = z
  .object({
    prefix: z.string(),
    expires: z.object({
      defaultMs: z.int().meta({ description: 'Of a key that names no end.' }),
      longestMs: z.int(),
      never: z.boolean().meta({ description: 'Whether a key may have no end.' }),
    }),
    created: LimitView.meta({ description: 'How many keys may be made.' }),
    tokenType: z.enum(TOKEN_TYPES),
    quota: LimitView.optional(),
    rateLimit: LimitView.optional(),
    limits: Limits.optional(),
    allowedIps: Names.optional(),
    deniedIps: Names.optional(),
    hours: z.array(HoursView).readonly().optional(),
    rotation: z.object({ everyMs: z.int(), overlapMs: z.int() }).optional(),
    keptMs: z.int().meta({ description: 'How long a dead key stays in lists.' }),
  })
  .meta({ id: 'KeyRules', description: 'What keys made by API get where they say nothing, and what they may not exceed.' });

export const ProjectView = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    limits: Limits.meta({ description: 'Shared by all its keys.' }),
    keys: KeyRulesView,
    sources: Names,
    plans: Names,
    scopes: z.int().meta({ description: 'How many scopes it knows.' }),
  })
  .meta({ id: 'Project', description: 'A part of the house that sees nothing of the others.' });

export function viewOfProject(project: Project, { sources, plans, scopesOf }: Policy): z.output<typeof ProjectView> {
  const { name, description = null, limits, keys } = project;
  return {
    name,
    description,
    limits,
    keys,
    sources: Object.values(sources).flatMap((source) => (source.project === name ? [source.name] : [])),
    plans: plans.flatMap((plan) => (plan.project === name ? [plan.name] : [])),
    scopes: Object.keys(scopesOf(name)).length,
  };
}

export const EffectiveConfig = z
  .object({
    settings: z
      .array(
        z.object({
          setting: z.enum(KEY_SETTINGS),
          value: z.unknown().meta({ description: 'Null where there is none, such as no quota.' }),
          from: z.enum(SAID_BY).meta({ description: 'Who said so: the key over the project over the whole house.' }),
        }),
      )
      .readonly(),
    shared: Limits.meta({ description: 'Limits of the project, which all its keys use up together.' }),
  })
  .meta({ id: 'EffectiveConfig', description: 'What is in force, and who said so.' });
