import type { z } from 'zod';
import type { Channel, Limit, Plan } from '../reservation/plan.ts';
import { globMatches } from '../reservation/patterns.ts';
import { DEFAULT_PROJECT } from '../reservation/project.ts';
import { isScopeWildcard } from '../reservation/scopes.ts';
import type { Source } from '../reservation/source.ts';
import type { TokenRules } from '../reservation/tokens.ts';
import type { Settings } from '../settings.ts';
import type { PlanEntry, TokensEntry } from './schema.ts';

/** Entries of the file, completed from the environment, as the rules read them. */

export function buildPlan(entry: z.output<typeof PlanEntry>, context: PlanContext): Plan {
  const allowed = entry.scopes.allowed ?? context.scopes;
  const endpoints = entry.endpoints.allowed ?? entry.endpoints.default ?? ['/**'];
  const { window } = entry;
  return {
    name: entry.name,
    project: entry.project ?? DEFAULT_PROJECT,
    tokenType: entry.tokenType,
    match: entry.match,
    provider: entry.provider,
    scopes: { default: entry.scopes.default ?? usualScopes(allowed), allowed },
    endpoints: { default: entry.endpoints.default ?? endpoints, allowed: endpoints },
    quota: quotaOf(entry.quota, context.settings.defaultApiQuota),
    rateLimit: rateLimitOf(entry.rateLimit, context.settings.defaultRateLimit),
    furtherLimits: entry.limits,
    allowedIps: entry.allowedIps,
    deniedIps: entry.deniedIps,
    hours: entry.hours,
    window: {
      opensBeforeMs: window.opensBefore,
      closesAfterMs: window.closesAfter,
      longestMs: window.longest,
      issueBeforeMs: window.issueBefore,
    },
    handover: { by: entry.handover.by ?? configuredChannels(entry, context), confirm: entry.handover.confirm },
    rotation: entry.rotation && { everyMs: entry.rotation.every, overlapMs: entry.rotation.overlap },
    acceptsUnenforced: entry.unenforced === 'accept',
  };
}

export function buildTokens(entry: z.output<typeof TokensEntry>, { publicUrl }: Settings): TokenRules {
  const { algorithm, issuer = publicUrl, audience, rotateEvery } = entry;
  return { algorithm, issuer, audience, rotateEveryMs: rotateEvery };
}

export interface PlanContext {
  readonly settings: Settings;
  readonly sources: readonly Source[];
  /** What a plan allows that does not say. */
  readonly scopes: readonly string[];
}

/** The channels by which news can reach the holders of a source's bookings. */
export function configuredChannels(
  { match, project = DEFAULT_PROJECT }: { readonly match: Plan['match']; readonly project?: string },
  { settings, sources }: PlanContext,
): Channel[] {
  const own = sources.filter((source) => source.project === project && globMatches(match.source ?? '*', source.name));
  return [
    ...(own.some((source) => source.callback?.notifications) ? (['callback'] as const) : []),
    ...(settings.smtpUrl ? (['email'] as const) : []),
    ...(own.some((source) => source.webhook) ? (['webhook'] as const) : []),
  ];
}

/** Only reading, where that is allowed; and nothing that a wildcard stands for. */
function usualScopes(allowed: readonly string[]): readonly string[] {
  return allowed.includes('read') ? ['read'] : allowed.filter((scope) => !isScopeWildcard(scope)).slice(0, 1);
}

function quotaOf(entry: z.output<typeof PlanEntry>['quota'], fallback: number): Plan['quota'] {
  if (entry === 'none') return undefined;
  const limit = entry.default ?? entry.max ?? fallback;
  return { default: limit, max: entry.max ?? limit, per: entry.per, ...(entry.unit && { unit: entry.unit }) };
}

function rateLimitOf(entry: z.output<typeof PlanEntry>['rateLimit'], fallback: Limit): Plan['rateLimit'] {
  if (entry === 'none') return undefined;
  const limit = entry.default ?? entry.max ?? fallback;
  return { default: limit, max: entry.max ?? limit };
}
