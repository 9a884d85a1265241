import type { z } from 'zod';
import type { Limit } from './reservation/plan.ts';
import type { Secret } from './secret/secret.ts';
import { lookUp, type Environment } from './settings/lookup.ts';
import { VARIABLES, type VariableName } from './settings/variables.ts';

/** The environment, parsed and checked. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  /** No slash at the end. */
  readonly publicUrl: string;
  readonly nodeEnv: 'production' | 'development' | 'test';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly dataDir: string;
  readonly databaseUrl?: Secret;
  readonly redisUrl?: Secret;
  readonly configFile: string;
  /** Somebody named it, so it must exist. */
  readonly configRequired: boolean;
  /** The first seals, all open. Empty until the first start has made one. */
  readonly masterKeys: readonly Secret[];
  readonly adminToken?: Secret;
  readonly quarantineKeptMs: number;
  readonly insecure: boolean;
  readonly webhookSecret?: Secret;
  readonly apiManagementEndpoint?: string;
  readonly apiManagementToken?: Secret;
  readonly apiManagementTimeoutMs: number;
  readonly defaultApiQuota: number;
  readonly defaultRateLimit: Limit;
  readonly apiKeyPrefix: string;
  readonly availableScopes: readonly string[];
  readonly notificationEndpoint?: string;
  readonly notificationTimeoutMs: number;
  readonly webhookLogEndpoint?: string;
  readonly webhookLogTimeoutMs: number;
  readonly smtpUrl?: Secret;
  readonly smtpFrom: string;
  /** Addresses and networks (CIDR), as in the three below. */
  readonly verifyAllowFrom: readonly string[];
  readonly verifyWithoutDatabaseMs: number;
  readonly trustProxy: readonly string[];
  readonly allowPrivateTargets: readonly string[];
}

export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | {
      readonly ok: false;
      readonly problems: readonly string[];
      /** What is right; the others as if they were not set. */
      readonly settings: Settings;
      readonly wrong: ReadonlySet<VariableName>;
    };

/** Reads every setting. All problems come at once; each names its variable and what would be right, never a value. */
export function readSettings(env: Environment = process.env): SettingsResult {
  const problems: string[] = [];
  const wrong = new Set<VariableName>();
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const found = readVariable(env, name);
    values[name] = 'problems' in found ? VARIABLES[name].parse(undefined) : found.value;
    if (!('problems' in found)) continue;
    problems.push(...found.problems);
    wrong.add(name);
  }
  if (values.PORT === 0 && values.PUBLIC_URL === undefined && !wrong.has('PUBLIC_URL'))
    problems.push('PORT is 0, which takes any free port, so claim links cannot name it: set PUBLIC_URL as well');
  const settings = toSettings(values as Values);
  return problems.length > 0 ? { ok: false, problems, settings, wrong } : { ok: true, settings };
}

function readVariable(env: Environment, name: VariableName): { value: unknown } | { problems: readonly string[] } {
  const found = lookUp(env, name);
  if ('problem' in found) return { problems: [found.problem] };
  const parsed = VARIABLES[name].safeParse(found.value);
  if (parsed.success) return { value: parsed.data };
  return { problems: parsed.error.issues.map((issue) => `${name} ${issue.message}`) };
}

/** The raw environment, for `${NAME}` in the configuration. */
export function environment(): Environment {
  return process.env;
}

type Values = { [Name in VariableName]: z.output<(typeof VARIABLES)[Name]> };

function toSettings(values: Values): Settings {
  const publicUrl = values.PUBLIC_URL ?? `http://localhost:${values.PORT}`;
  return {
    port: values.PORT,
    host: values.HOST,
    publicUrl,
    nodeEnv: values.NODE_ENV,
    logLevel: values.LOG_LEVEL,
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    configFile: values.LATCHKEY_CONFIG ?? 'config/latchkey.yaml',
    configRequired: values.LATCHKEY_CONFIG !== undefined,
    masterKeys: values.LATCHKEY_MASTER_KEY ?? [],
    adminToken: values.LATCHKEY_ADMIN_TOKEN,
    quarantineKeptMs: values.QUARANTINE_KEPT_DAYS,
    insecure: values.LATCHKEY_INSECURE,
    webhookSecret: values.WEBHOOK_SECRET,
    apiManagementEndpoint: values.API_MANAGEMENT_ENDPOINT,
    apiManagementToken: values.API_MANAGEMENT_TOKEN,
    apiManagementTimeoutMs: values.API_MANAGEMENT_TIMEOUT,
    defaultApiQuota: values.DEFAULT_API_QUOTA,
    defaultRateLimit: values.DEFAULT_RATE_LIMIT,
    apiKeyPrefix: values.API_KEY_PREFIX,
    availableScopes: values.AVAILABLE_SCOPES,
    notificationEndpoint: values.NOTIFICATION_ENDPOINT,
    notificationTimeoutMs: values.NOTIFICATION_TIMEOUT,
    webhookLogEndpoint: values.WEBHOOK_LOG_ENDPOINT,
    webhookLogTimeoutMs: values.WEBHOOK_LOG_TIMEOUT,
    smtpUrl: values.SMTP_URL,
    smtpFrom: values.SMTP_FROM ?? `Latchkey <latchkey@${new URL(publicUrl).hostname}>`,
    verifyAllowFrom: values.VERIFY_ALLOW_FROM,
    verifyWithoutDatabaseMs: values.VERIFY_WITHOUT_DATABASE,
    trustProxy: values.LATCHKEY_TRUST_PROXY ?? [],
    allowPrivateTargets: values.LATCHKEY_ALLOW_PRIVATE_TARGETS ?? [],
  };
}
