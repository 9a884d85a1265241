/** What is watched for on its own, and what a project wants to hear of. */

/**
 * RATE_LIMIT_THRESHOLD  percent of a quota or shared limit that is used: 50, 80 or 100
 * RATE_LIMIT_EXCEEDED   calls over a limit or quota, in an hour       IP_VIOLATION     calls from a forbidden address, in an hour
 * SCOPE_VIOLATION       calls that the scopes do not allow, in an hour EXPIRY_WARNING  hours until a key without a booking ends
 * USAGE_ANOMALY         calls let through, in an hour                  NEW_ADDRESS     1 for an address that it was not used from before
 * SUSPICIOUS_ACTIVITY   calls refused for whatever reason, in an hour
 */
export const ALERT_TYPES = [
  'RATE_LIMIT_THRESHOLD',
  'RATE_LIMIT_EXCEEDED',
  'IP_VIOLATION',
  'SCOPE_VIOLATION',
  'EXPIRY_WARNING',
  'USAGE_ANOMALY',
  'SUSPICIOUS_ACTIVITY',
  'NEW_ADDRESS',
] as const;
export type AlertType = (typeof ALERT_TYPES)[number];

export const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq'] as const;
export type Operator = (typeof OPERATORS)[number];

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `webhook`: every hook that wants alerts. `email`: these people. */
export type AlertChannel = { readonly kind: 'webhook' } | { readonly kind: 'email'; readonly to: readonly string[] };

export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly type: AlertType;
  readonly operator: Operator;
  readonly threshold: number;
  readonly channels: readonly AlertChannel[];
  /** So long nothing more is told of the same lease or key. */
  readonly cooldownMs: number;
  readonly severity: Severity;
  /** Holds the lease or key back when it fires. */
  readonly autoSuspend: boolean;
  /** Only these leases and keys; absent for all of the project. */
  readonly subjects?: readonly string[];
  readonly disabled: boolean;
}

export const COOLDOWN_MS = 30 * 60_000;

/** In force in every project that has no rule of its own of the same type; a disabled one counts as its own. */
export const DEFAULT_RULES: readonly Rule[] = [
  ordinary('RATE_LIMIT_THRESHOLD', 'gte', 80),
  ordinary('RATE_LIMIT_EXCEEDED', 'gt', 10),
  ordinary('SUSPICIOUS_ACTIVITY', 'gt', 50),
  ordinary('USAGE_ANOMALY', 'gt', 1000),
  ordinary('NEW_ADDRESS', 'gte', 1),
  ordinary('EXPIRY_WARNING', 'lte', 72),
];

/** The enabled rules of a project: its own, and the default ones of the types that it says nothing about. */
export function rulesInForce(own: readonly Rule[]): Rule[] {
  const types = new Set(own.map(({ type }) => type));
  return [...own.filter(({ disabled }) => !disabled), ...DEFAULT_RULES.filter(({ type }) => !types.has(type))];
}

function ordinary(type: AlertType, operator: Operator, threshold: number): Rule {
  return {
    id: `default:${type}`,
    name: type.toLowerCase().replaceAll('_', '-'),
    type,
    operator,
    threshold,
    channels: [{ kind: 'webhook' }],
    cooldownMs: COOLDOWN_MS,
    severity: 'warning',
    autoSuspend: false,
    disabled: false,
  };
}
