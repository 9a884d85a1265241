import { afterEach, expect, test } from 'vitest';
import { aws } from '../providers/aws/driver.ts';
import { startFakeAws } from '../providers/aws/fake.ts';
import { APIS, STAGES } from '../providers/aws/fake-apis.ts';
import { azure } from '../providers/azure/driver.ts';
import { openFakeRig } from '../providers/azure/fake-rig.ts';
import { toolsFor } from '../providers/contract-world.ts';
import { gcp } from '../providers/gcp/driver.ts';
import { driverAt, livingAt, startFake } from '../providers/gcp/fake-rig.ts';
import { openCrashing, type Act, type CrashingWorkshop, type Death, type FarProvider } from './crash-far.ts';
import type { Clock } from './workshop.ts';

/*
 * Each provider, and a process that dies at every step of an issue, a rotation and a revocation. The steps are not listed here: a first
 * life, in which nobody dies, tells them.
 */

/** The core's own writes are tried elsewhere, with processes that really die. */
const AROUND_CALLS = /^before:(?!issue|revoke)|^handle-kept|:after-call$/;

type Opened = (clock: Clock) => Promise<FarProvider>;

const atAws: Opened = async ({ now }) => {
  const fake = await startFakeAws({ apis: APIS, now });
  const config = aws.config.parse({
    region: 'eu-central-1',
    endpoint: fake.url,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    restApiId: 'a1b2c3',
    stage: 'prod',
  });
  return {
    driver: (tools) => aws.open(config, tools),
    parseHandle: (stored) => aws.handle.parse(stored),
    world: {
      liveKeys: async () =>
        fake.keys().map(({ name, enabled, plans }) => ({ name, complete: enabled && plans.length === 1, policies: [] })),
      opensTheDoor: async (secret, request) =>
        STAGES.some((stage) => fake.knock({ apiKey: secret.reveal(), stage, ...request }) === 200),
    },
    close: () => fake.close(),
  };
};

const atGoogle: Opened = async ({ now }) => {
  const fake = await startFake({ now, polls: 2, deleted: 'shown' });
  return {
    driver: (tools) => driverAt(fake, tools),
    parseHandle: (stored) => gcp.handle.parse(stored),
    world: {
      liveKeys: async () => livingAt(fake),
      opensTheDoor: async (secret) => fake.opensTheDoor({ apiKey: secret.reveal() }),
    },
    close: () => fake.close(),
  };
};

const atAzure: Opened = async ({ now }) => {
  const rig = await openFakeRig({ now, tools: toolsFor('campus') });
  return {
    driver: (tools) => rig.another({}, tools),
    parseHandle: (stored) => azure.handle.parse(stored),
    world: rig.world,
    close: () => rig.close(),
  };
};

const PROVIDERS: Readonly<Record<string, Opened>> = { aws: atAws, azure: atAzure, gcp: atGoogle };

let crashing: CrashingWorkshop;
afterEach(async () => await crashing.close());

test.for(Object.keys(PROVIDERS))(
  'a death at any step of %s loses nothing and leaves nothing',
  { timeout: 180_000 },
  async (name) => {
    crashing = await openCrashing(PROVIDERS[name]!);
    const deaths = await listDeaths();
    let id = 1;
    for (const act of ['issue', 'rotate', 'revoke'] as const) for (const death of deaths[act]) await die(++id, act, death);
    expect(crashing.errors).toEqual([]);
  },
);

async function listDeaths(): Promise<Record<Act, Death[]>> {
  const deaths = {} as Record<Act, Death[]>;
  for (const act of ['issue', 'rotate', 'revoke'] as const) {
    crashing.points.length = 0;
    await crashing.act(act, 1);
    const counts = new Map<string, number>();
    deaths[act] = crashing.points.flatMap((point) => {
      counts.set(point, (counts.get(point) ?? 0) + 1);
      return AROUND_CALLS.test(point) ? [{ point, times: counts.get(point)! }] : [];
    });
  }
  expect(deaths.issue.map(({ point }) => point)).toContain('issue:after-call');
  expect(deaths.revoke.map(({ point }) => point)).toContain('revoke:after-call');
  return deaths;
}

async function die(id: number, act: Act, death: Death): Promise<void> {
  const where = `${act}, ${death.point} (${death.times})`;
  if (act !== 'issue') await crashing.act('issue', id);
  await crashing.act(act, id, death);
  const after = await crashing.standing(id);
  if (act !== 'revoke') {
    expect(after, where).toMatchObject({ live: after.claims, opens: true });
    expect(after.live, where).toHaveLength(1);
    await crashing.act('revoke', id);
  }
  expect(await crashing.standing(id), where).toEqual({ live: [], opens: undefined, claims: [] });
}
