import type { KeyRules } from '../reservation/project.ts';
import type { Settings } from '../settings.ts';
import type { Report } from './problems.ts';

/*
 * The sections of a configuration that names none, as the seed documents describe the service: one source signed with
 * WEBHOOK_SECRET, the key-management API where there is one, one plan for everything. They are plain entries, checked like written ones.
 */

export const DEFAULT_SCOPES = {
  read: { methods: ['GET'] },
  write: { methods: ['GET', 'POST', 'PUT', 'PATCH'] },
  admin: { methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
  delete: { methods: ['DELETE'] },
};

export function defaultSources(settings: Settings): Record<string, unknown> {
  return {
    default: {
      preset: 'cloud-resource-reservation',
      secrets: settings.webhookSecret ? [settings.webhookSecret.reveal()] : [],
      callback: { notifications: settings.notificationEndpoint ?? '', log: settings.webhookLogEndpoint ?? '' },
    },
  };
}

export function defaultProviders(settings: Settings, report: Report): Record<string, unknown> {
  if (!settings.apiManagementEndpoint) return { builtin: { driver: 'builtin' } };
  if (!settings.apiManagementToken) {
    const message = 'has no token: API_MANAGEMENT_ENDPOINT is set and API_MANAGEMENT_TOKEN is not';
    report({ path: ['providers', 'generic'], message, fix: 'set API_MANAGEMENT_TOKEN, or neither for the built-in key manager' });
  }
  return {
    generic: {
      driver: 'generic',
      endpoint: settings.apiManagementEndpoint,
      token: settings.apiManagementToken?.reveal() ?? 'missing',
      timeout: `${settings.apiManagementTimeoutMs}ms`,
    },
  };
}

/** A scope of AVAILABLE_SCOPES that nobody has described may read, as with the seed. */
export function defaultScopes(settings: Settings): Record<string, unknown> {
  const others = settings.availableScopes.filter((scope) => !Object.hasOwn(DEFAULT_SCOPES, scope));
  return { ...DEFAULT_SCOPES, ...Object.fromEntries(others.map((scope) => [scope, { methods: ['GET'] }])) };
}

export function defaultPlans(provider: string): unknown[] {
  return [{ name: 'default', provider }];
}

const DAY_MS = 86_400_000;

/** What keys made by API get where neither they nor their project say anything: the environment's limits, and an end. */
export function defaultKeyRules(settings: Settings): KeyRules {
  return {
    prefix: settings.apiKeyPrefix,
    expires: { defaultMs: 30 * DAY_MS, longestMs: 365 * DAY_MS, never: false },
    created: { limit: 1000, per: 'hour' },
    tokenType: 'opaque',
    quota: { limit: settings.defaultApiQuota, per: 'month' },
    rateLimit: settings.defaultRateLimit,
    keptMs: 90 * DAY_MS,
  };
}
