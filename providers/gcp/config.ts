import { z } from 'zod';
import { Secret } from '../../src/secret/secret.ts';

const ID = '[a-z]([a-z0-9-]{0,61}[a-z0-9])?';

const ProjectId = z
  .string()
  .regex(/^([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{3,61}[a-z0-9]$/, 'the id of a Google Cloud project, or its number');

const ApiConfig = z
  .string()
  .regex(new RegExp(`^(${ID}/)?${ID}$`), 'the id of an API config, or `api/config` where several APIs have one of that id');

const ManagedService = z
  .string()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a managed service, like my-api-0abc.apigateway.my-project.cloud.goog');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** An access token goes there, so it is https, except on this machine. */
const Endpoint = z
  .url({ protocol: /^https?$/, error: 'the address of a Google API, like https://apikeys.googleapis.com' })
  .refine((url) => /^https?:\/\/[^/?#@]+\/?$/.test(url), 'an address without user, path or query')
  .refine((url) => url.startsWith('https:') || LOOPBACK.has(new URL(url).hostname), 'an address with https');

const Credentials = z.union(
  [
    z.strictObject({ keyFile: z.string().min(1) }),
    z.strictObject({
      clientEmail: z.email(),
      // In an environment variable the lines of a PEM are often joined by a written `\n`.
      privateKey: z
        .string()
        .transform((pem) => pem.replaceAll('\\n', '\n'))
        .refine((pem) => pem.includes('-----BEGIN'), 'a private key in PEM')
        .transform((pem) => new Secret(pem)),
    }),
  ],
  'either keyFile, or clientEmail and privateKey',
);

const METHOD = z.string().regex(/^[\w.-]*(\w|\*)$/, 'the name of an operation, with `*` only at its end');

/** What the `providers:` section takes for Google Cloud API Gateway. */
export const Config = z
  .strictObject({
    /** Where the keys are made. */
    projectId: ProjectId,
    /** The API whose keys they are: by its config in that project, */
    apiConfig: ApiConfig.optional(),
    /** or as the service that is enabled there. */
    managedService: ManagedService.optional(),
    /** Of the gateways that serve the config; all by default. */
    location: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'a region, like europe-west1')
      .optional(),
    /** The operations that a scope may call, by their names in the API. Without it a key opens all of the service. */
    methods: z.record(z.string(), z.array(METHOD).min(1)).optional(),
    /** Without them, Application Default Credentials. */
    credentials: Credentials.optional(),
    endpoints: z.strictObject({ apiKeys: Endpoint.optional(), apiGateway: Endpoint.optional() }).default({}),
  })
  .refine(
    ({ apiConfig, managedService }) => Boolean(apiConfig) !== Boolean(managedService),
    'either apiConfig or managedService, to which the keys are restricted',
  );
export type Config = z.output<typeof Config>;
