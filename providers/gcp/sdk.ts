import { createRequire } from 'node:module';
import type { ApiGatewayServiceClient } from '@google-cloud/api-gateway';
import type { ApiKeysClient } from '@google-cloud/apikeys';
import type Gax from 'google-gax';
import type { Config } from './config.ts';

/* Google's two clients, with one set of credentials. */

type SdkOptions = NonNullable<ConstructorParameters<typeof ApiKeysClient>[0]>;
type Auth = ApiKeysClient['auth'];
/** Takes a request that has its token, and what sends it. */
export type Adapter = NonNullable<Parameters<Auth['request']>[0]['adapter']>;

/** A client of google-auth-library. */
export type AuthClient = NonNullable<SdkOptions['authClient']>;

export interface Sdk {
  readonly keys: ApiKeysClient;
  readonly gateways: ApiGatewayServiceClient;
}

export interface Opening {
  readonly config: Config;
  readonly authClient: AuthClient | undefined;
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** The clients retry nothing of keys by themselves, but they do so when they ask for an operation. */
const NO_RETRIES = {
  interfaces: {
    'google.longrunning.Operations': {
      retry_codes: { none: [] },
      methods: { GetOperation: { retry_codes_name: 'none', timeout_millis: 60_000 } },
    },
  },
};

/** Imported on the first call: they cost a third of a second and 45 MB, which a start without this provider need not pay. */
export async function openSdk({ config, authClient }: Opening, adapter: Adapter): Promise<Sdk> {
  const [{ ApiKeysClient }, { ApiGatewayServiceClient }] = await Promise.all([
    import('@google-cloud/apikeys'),
    import('@google-cloud/api-gateway'),
  ]);
  silence();
  const common: SdkOptions = { fallback: true, clientConfig: NO_RETRIES, projectId: config.projectId, scopes: [SCOPE] };
  const keys = new ApiKeysClient({
    ...common,
    ...addressOf(config.endpoints.apiKeys),
    ...(authClient ? { authClient } : credentialsOf(config)),
  });
  const gateways = new ApiGatewayServiceClient({
    ...common,
    ...addressOf(config.endpoints.apiGateway),
    auth: keys.auth,
  });
  const withAdapter = (init?: RequestInit): RequestInit & { adapter: Adapter } => ({ ...init, adapter });
  const fetch = keys.auth.fetch.bind(keys.auth);
  keys.auth.fetch = async (url: never, init?: RequestInit) => await fetch(url, withAdapter(init));
  // Done by hand: a call that does it for itself leaves an unhandled rejection behind when there are no credentials.
  await Promise.all([keys.initialize(), gateways.initialize()]);
  return { keys, gateways };
}

/** The clients' own debug log prints whatever was answered, the value of a key too, when GOOGLE_SDK_NODE_LOGGING is set. */
function silence(): void {
  const { loggingUtils } = createRequire(import.meta.resolve('@google-cloud/apikeys'))('google-gax') as typeof Gax;
  loggingUtils.setBackend(null);
}

function credentialsOf({ credentials }: Config): SdkOptions {
  if (!credentials) return {};
  if ('keyFile' in credentials) return { keyFilename: credentials.keyFile };
  return { credentials: { client_email: credentials.clientEmail, private_key: credentials.privateKey.reveal() } };
}

function addressOf(endpoint: string | undefined): SdkOptions {
  if (!endpoint) return {};
  const { protocol, hostname, port } = new URL(endpoint);
  const usual = protocol === 'https:' ? 443 : 80;
  return { apiEndpoint: hostname, protocol: protocol.slice(0, -1), port: Number(port) || usual };
}
