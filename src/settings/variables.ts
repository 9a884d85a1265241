import type { z } from 'zod';
import {
  count,
  days,
  flag,
  httpUrl,
  keyPrefix,
  level,
  masterKeys,
  networks,
  nodeEnv,
  port,
  postgresUrl,
  publicUrl,
  rate,
  redisUrl,
  scopeNames,
  secret,
  seconds,
  sender,
  smtpUrl,
  text,
  token,
} from './kinds.ts';

const LOCAL_NETWORKS = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10';

/** Every environment variable Latchkey reads, in the order people read about them. `.env.example` and the README come from here. */
export const VARIABLES = {
  PORT: port.prefault('8080').meta({ description: 'TCP port to listen on.' }),
  HOST: text.prefault('0.0.0.0').meta({ description: 'Address to listen on.' }),
  PUBLIC_URL: publicUrl.optional().meta({
    description: 'Where people and gateways reach this service; claim links begin with it. Without it http://localhost:PORT.',
  }),
  NODE_ENV: nodeEnv.prefault('production').meta({ description: 'production, development or test; for the libraries that ask.' }),
  LOG_LEVEL: level.prefault('info').meta({ description: 'debug, info, warn or error.' }),

  DATA_DIR: text
    .prefault('./data')
    .meta({ description: 'Folder of the embedded database and of the secrets made on first start.' }),
  DATABASE_URL: postgresUrl
    .optional()
    .meta({ description: 'PostgreSQL server to use instead of the embedded database; needed for several nodes.', secret: true }),
  REDIS_URL: redisUrl
    .optional()
    .meta({ description: 'Redis that shares the rate limits of built-in keys between nodes.', secret: true }),

  LATCHKEY_CONFIG: text.optional().meta({
    description: 'The file with sources, providers, scopes and plans. Without it config/latchkey.yaml, which need not exist.',
  }),
  LATCHKEY_MASTER_KEY: masterKeys.optional().meta({
    description:
      'Seals secrets at rest: 32 bytes as base64 or hex. Several with commas: the first seals, all open. Made on first start; required with DATABASE_URL.',
    secret: true,
  }),
  LATCHKEY_ADMIN_TOKEN: token.optional().meta({
    description: 'Token of the operator named admin. Made on first start; required with DATABASE_URL.',
    secret: true,
  }),
  QUARANTINE_KEPT_DAYS: days.prefault('14').meta({
    description:
      'Days for which an event that could not be understood is kept, sealed, to be shown and replayed. Then it is wiped.',
  }),
  LATCHKEY_INSECURE: flag
    .prefault('0')
    .meta({ description: '1 lets sources without a secret in: anybody can then book keys. For trying things out only.' }),

  WEBHOOK_SECRET: secret.optional().meta({
    description: 'Shared secret of the source named default. Made on first start; required with DATABASE_URL.',
    secret: true,
  }),
  API_MANAGEMENT_ENDPOINT: httpUrl
    .optional()
    .meta({ description: 'Base URL of the key-management API. Without it the built-in key manager makes the keys.' }),
  API_MANAGEMENT_TOKEN: secret.optional().meta({ description: 'Bearer token for the key-management API.', secret: true }),
  API_MANAGEMENT_TIMEOUT: seconds.prefault('30').meta({ description: 'Seconds to wait for one call to the key-management API.' }),

  DEFAULT_API_QUOTA: count
    .prefault('1000')
    .meta({ description: 'Requests a key may make in one reservation, where no plan says otherwise.' }),
  DEFAULT_RATE_LIMIT: rate
    .prefault('100/hour')
    .meta({ description: 'Requests a key may make in a period, where no plan says otherwise.' }),
  API_KEY_PREFIX: keyPrefix.prefault('temp').meta({ description: 'What every key begins with, before the underscore.' }),
  AVAILABLE_SCOPES: scopeNames
    .prefault('read,write,admin')
    .meta({ description: 'Scopes a reservation may ask for, where no plan says otherwise.' }),

  NOTIFICATION_ENDPOINT: httpUrl.optional().meta({
    description: 'Where the reservation system takes messages for its users. Setting it turns the callback channel on.',
  }),
  NOTIFICATION_TIMEOUT: seconds.prefault('30').meta({ description: 'Seconds to wait for NOTIFICATION_ENDPOINT.' }),
  WEBHOOK_LOG_ENDPOINT: httpUrl.optional().meta({ description: 'Where the reservation system takes the log of its webhooks.' }),
  WEBHOOK_LOG_TIMEOUT: seconds.prefault('30').meta({ description: 'Seconds to wait for WEBHOOK_LOG_ENDPOINT.' }),
  SMTP_URL: smtpUrl.optional().meta({ description: 'Mail server. Setting it turns the email channel on.', secret: true }),
  SMTP_FROM: sender.optional().meta({ description: 'Sender of the mails. Without it latchkey@ the host of PUBLIC_URL.' }),

  VERIFY_ALLOW_FROM: networks
    .prefault(LOCAL_NETWORKS)
    .meta({ description: 'Addresses that may verify keys and read metrics without an operator token.' }),
  VERIFY_WITHOUT_DATABASE: seconds.prefault('60').meta({
    description:
      'Seconds for which keys that are known go on being verified while the database server is out of reach. After that they are refused.',
  }),
  LATCHKEY_TRUST_PROXY: networks
    .optional()
    .meta({ description: 'Proxies whose X-Forwarded-For is believed. Without it none is.' }),
  LATCHKEY_ALLOW_PRIVATE_TARGETS: networks
    .optional()
    .meta({ description: 'Private networks that targets named by API or in an event may lie in. Without it none.' }),
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type VariableName = keyof typeof VARIABLES;

export interface Variable {
  readonly name: VariableName;
  readonly description: string;
  readonly default: string | undefined;
  readonly secret: boolean;
}

/** The table for documents and for expansion. */
export function describeVariables(): readonly Variable[] {
  return Object.entries(VARIABLES).map(([name, schema]) => {
    const about = schema.meta();
    return {
      name: name as VariableName,
      description: about?.description ?? '',
      default: schema.def.type === 'prefault' ? schema.def.defaultValue : undefined,
      secret: about?.['secret'] === true,
    };
  });
}
