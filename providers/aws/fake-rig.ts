import type { Secret } from '../../src/secret/secret.ts';
import type { IssueRequest, Tools } from '../driver.ts';
import { aws } from './driver.ts';
import { type FakeAwsOptions, startFakeAws } from './fake.ts';
import { APIS, STAGES } from './fake-apis.ts';
import { VENDOR_TEXT } from './fake-faults.ts';

/* The driver on a fake of its own, for tests: what they need of each other goes in as arguments. */

export interface Ground {
  readonly now: Date;
  readonly tools: Tools;
  readonly request: (overrides?: Partial<IssueRequest>) => IssueRequest;
}

const SECRET_KEY = 'aws-secret-access-key-77';

/** Which operation fails when a step of the contract does. */
const OPERATION = {
  issue: 'CreateApiKey',
  policy: 'CreateUsagePlanKey',
  revoke: 'DeleteApiKey',
  usage: 'GetUsage',
  list: 'GetApiKeys',
  check: 'GetStages',
  retime: 'none',
} as const;

/** A driver configured for the fake's API, unless told otherwise. */
export function driverAt(endpoint: string | undefined, tools: Tools, config: object = {}) {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: SECRET_KEY };
  const usual = { region: 'eu-central-1', endpoint, credentials, restApiId: 'a1b2c3', stage: 'prod' };
  return aws.open(aws.config.parse({ ...usual, ...config }), tools);
}

export async function openRig({ now, tools, request }: Ground, config: object = {}, options: Partial<FakeAwsOptions> = {}) {
  const fake = await startFakeAws({ apis: APIS, now: () => now, ...options });
  return {
    fake,
    request,
    driver: driverAt(fake.url, tools, config),
    unspeakable: [SECRET_KEY, VENDOR_TEXT],
    world: {
      liveKeys: async () =>
        fake.keys().map(({ name, enabled, plans }) => ({
          name,
          policies: plans.map((plan) => plan.name),
          complete: enabled && plans.length === 1 && plans[0]!.throttle?.burstLimit === 100 && plans[0]!.apiStages.length > 0,
        })),
      opensTheDoor: async (secret: Secret, knock: { method: string; path: string }) =>
        STAGES.some((stage) => fake.knock({ apiKey: secret.reveal(), stage, ...knock }) === 200),
      failNext: async ({ on, how }: { on: keyof typeof OPERATION; how: Parameters<typeof fake.fail>[0]['how'] }) =>
        fake.fail({ on: OPERATION[on], how }),
    },
    close: () => fake.close(),
  };
}
