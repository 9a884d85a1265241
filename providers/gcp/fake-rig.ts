import { OAuth2Client } from 'google-auth-library';
import type { Tools } from '../driver.ts';
import { gcp, openWith } from './driver.ts';
import { type FakeGoogle, type FakeGoogleOptions, startFakeGoogle } from './fake.ts';
import { VENDOR_TEXT } from './fake-faults.ts';

export const TOKEN = 'ya29.management-token-5d1c';

/** What no error may show. */
export const UNSPEAKABLE = [TOKEN, VENDOR_TEXT, 'AIza', 'BEGIN PRIVATE'];

/** A real client, since the SDKs take no other: it has its token already. */
export function authClient(): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: TOKEN, expiry_date: Date.now() + 3_600_000 });
  return client;
}

export type Settings = Readonly<Record<string, unknown>>;

/** The driver as it is at a fake, where time stands still. */
export function driverAt(fake: Pick<FakeGoogle, 'url'>, tools: Tools, settings: Settings = {}) {
  const named = 'managedService' in settings ? {} : { apiConfig: 'lab-config' };
  const endpoints = { apiKeys: fake.url, apiGateway: fake.url };
  const config = gcp.config.parse({ projectId: 'lab-project', endpoints, ...named, ...settings });
  return openWith(config, tools, { authClient: authClient(), pause: async () => {} });
}

export async function startFake(options: Partial<FakeGoogleOptions> = {}): Promise<FakeGoogle> {
  return await startFakeGoogle({ token: TOKEN, ...options });
}

/** The fake's own state, as the driver contract asks for it. */
export function livingAt(fake: FakeGoogle) {
  return fake
    .keys()
    .filter(({ deleteTime }) => !deleteTime)
    .map(({ annotations = {}, restrictions }) => {
      const targets = restrictions?.apiTargets ?? [];
      const policies = targets.map(({ service, methods = [] }) => `${service} ${methods.join(',')}`);
      const complete = policies.length === 1 && targets[0]?.service === fake.service && annotations['managed-by'] === 'latchkey';
      return { name: annotations['latchkey-name'] ?? '', policies, complete };
    });
}
