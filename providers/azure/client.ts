import type { ApiManagementClient } from '@azure/arm-apimanagement';
import type { TokenCredential } from '@azure/identity';
import type { Call } from '../driver.ts';
import type { Config } from './config.ts';
import { runErrand, wirePolicy } from './wire.ts';

/** Made on the first call, and only there: who has no such provider never loads the SDKs. */
export type CredentialSource = (config: Config) => Promise<TokenCredential>;

export interface ClientOptions {
  readonly config: Config;
  readonly provider: string;
  readonly userAgent: string;
  readonly credential: CredentialSource;
}

/** What every operation of the SDK begins with. */
type At = readonly [resourceGroup: string, service: string];

export interface Sdk {
  readonly arm: ApiManagementClient;
  readonly at: At;
  readonly options: { readonly abortSignal: AbortSignal };
}

export interface Client {
  /** One request, sent once. `what` completes "asked to". Throws only `DriverError`, and what `call.turn` throws. */
  ask<T>(what: string, call: Call, work: (sdk: Sdk) => Promise<T>): Promise<T>;
  /** All entries of a list, fetched page by page as they are taken. */
  list<T>(what: string, call: Call, work: (sdk: Sdk) => { byPage(): AsyncIterableIterator<T[]> }): AsyncIterable<T>;
}

export function createClient(options: ClientOptions): Client {
  const { config, provider } = options;
  const at: At = [config.resourceGroup, config.service];
  let arm: Promise<ApiManagementClient> | undefined;
  const sdkFor = async (call: Call): Promise<Sdk> => {
    arm ??= openArm(options).catch((error: unknown) => {
      arm = undefined;
      throw error;
    });
    return { arm: await arm, at, options: { abortSignal: call.signal } };
  };
  return {
    ask: (what, call, work) => runErrand({ call, what, provider }, async () => await work(await sdkFor(call))),
    async *list(what, call, work) {
      const run = <T>(step: () => Promise<T>) => runErrand({ call, what, provider }, step);
      const pages = await run(async () => work(await sdkFor(call)).byPage());
      for (;;) {
        const page = await run(() => pages.next());
        if (page.done) return;
        yield* page.value;
      }
    },
  };
}

async function openArm({ config, userAgent, credential }: ClientOptions): Promise<ApiManagementClient> {
  const { ApiManagementClient } = await import('@azure/arm-apimanagement');
  const tokens = await credential(config);
  const local = config.endpoint.startsWith('http:');
  const arm = new ApiManagementClient(tokens, config.subscriptionId, {
    endpoint: config.endpoint,
    userAgentOptions: { userAgentPrefix: userAgent },
    // The core tries again, when and as often as is right; the SDK would wait as long as a Retry-After says.
    retryOptions: { maxRetries: 0 },
    // A redirect to another host would take the key in the body along.
    redirectOptions: { maxRetries: 0 },
    allowInsecureConnection: local,
  });
  if (local) sendTokenInTheClear(arm, tokens, config.endpoint);
  arm.pipeline.addPolicy(wirePolicy, { afterPhase: 'Sign' });
  return arm;
}

/** The SDK's own policy sends no token without TLS. */
function sendTokenInTheClear(arm: ApiManagementClient, tokens: TokenCredential, endpoint: string): void {
  arm.pipeline.removePolicy({ name: 'bearerTokenAuthenticationPolicy' });
  arm.pipeline.addPolicy(
    {
      name: 'latchkeyTokenPolicy',
      async sendRequest(request, next) {
        const token = await tokens.getToken(`${endpoint}/.default`, { abortSignal: request.abortSignal });
        request.headers.set('Authorization', `Bearer ${token?.token}`);
        return await next(request);
      },
    },
    { phase: 'Sign' },
  );
}

/** A client secret where there is one, else whatever this machine is: environment, workload identity, managed identity. */
export const azureCredential: CredentialSource = async ({ tenantId, clientId, clientSecret }) => {
  const { ClientSecretCredential, DefaultAzureCredential } = await import('@azure/identity');
  const retryOptions = { maxRetries: 0 };
  if (clientSecret && tenantId && clientId)
    return new ClientSecretCredential(tenantId, clientId, clientSecret.reveal(), { retryOptions });
  return new DefaultAzureCredential({
    tenantId,
    managedIdentityClientId: clientId,
    workloadIdentityClientId: clientId,
    retryOptions,
  });
};
