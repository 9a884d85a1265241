import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { toolsFor } from '../providers/contract-world.ts';
import { defineDriver, type Asked, type Driver, type LimitReport } from '../providers/driver.ts';
import { openCatalogue, type Catalogue } from '../src/catalogue.ts';
import { readConfiguration, type Configuration, type ConfigurationOptions } from '../src/configuration.ts';
import { formatProblem } from '../src/policy/problems.ts';
import { askedOf, askedOfGrant } from '../src/policy/asked.ts';
import type { Grant } from '../src/reservation/lease.ts';
import { readSettings } from '../src/settings.ts';
import { presets } from '../src/sources/presets.ts';

const KEPT = { by: 'gateway' } as const;
const limits: LimitReport = {
  scopes: KEPT,
  endpoints: KEPT,
  methods: KEPT,
  quota: KEPT,
  rate: KEPT,
  allowedIps: { by: 'none' },
  notBefore: KEPT,
  expiry: KEPT,
};
/** A provider that counts days, and nothing else. */
const dayCounter = defineDriver({
  id: 'day-counter',
  config: z.strictObject({}),
  handle: z.unknown(),
  open: () => {
    const limitsFor = ({ quota }: Asked): LimitReport =>
      quota && quota.per !== 'day' ? { ...limits, quota: { by: 'none', note: 'no such counter' } } : limits;
    return { limits, limitsFor } as Driver<unknown>;
  },
});

const folder = mkdtempSync(join(tmpdir(), 'latchkey-catalogue-'));
const configFile = join(folder, 'latchkey.yaml');
const read = readSettings({ WEBHOOK_SECRET: 'hush-hush', LATCHKEY_CONFIG: configFile });
const options: ConfigurationOptions = {
  settings: read.settings,
  drivers: [dayCounter],
  presets,
  env: () => ({}),
  now: () => new Date(),
};
/** The plan, and another that does not mind. */
const write = (quota: string) =>
  writeFileSync(
    configFile,
    `providers: { cloud: { driver: day-counter } }
plans:
  - { name: strict, match: { resource: "lab-*" }, provider: cloud, quota: ${quota} }
  - { name: easy, provider: cloud, quota: { max: 9, per: month }, allowedIps: [10.0.0.0/8], unenforced: accept }
`,
  );

let configuration: Configuration;
let catalogue: Catalogue;
beforeAll(async () => {
  write('{ max: 9, per: day }');
  const result = await readConfiguration(options);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  configuration = result;
  catalogue = openCatalogue(result, { ...options, tools: toolsFor('any'), warn: () => {} });
});
afterAll(() => rmSync(folder, { recursive: true }));

const planOf = (name: string) => catalogue.policy().plans.find((plan) => plan.name === name)!;

test('who keeps what a plan asks for is what its driver answers for that plan', () => {
  expect(configuration.limitsOf(planOf('strict'))).toMatchObject({ quota: { by: 'gateway' } });
  expect(configuration.limitsOf(planOf('easy'))).toMatchObject({
    quota: { by: 'none', note: 'no such counter' },
    allowedIps: { by: 'none' },
    rate: { by: 'gateway' },
  });
});

test('holders are told what nobody enforces of their own grant, or of the plan as long as there is none', () => {
  const { scopes } = catalogue.policy();
  const told = (grant: Partial<Grant>) =>
    catalogue.unenforced('cloud', [askedOfGrant({ scopes: ['read'], methods: ['GET'], endpoints: ['/**'], ...grant }, scopes)]);
  expect(catalogue.unenforced('cloud', askedOf(planOf('easy'), scopes))).toEqual([
    'The quotas of this key are not enforced by the gateway.',
    'The allowed addresses of this key are not enforced by the gateway.',
  ]);
  expect(told({ quota: { limit: 5, per: 'month' } })).toEqual(['The quotas of this key are not enforced by the gateway.']);
  expect(told({ quota: { limit: 5, per: 'day' } })).toEqual([]);
  expect(told({ allowedIps: ['10.0.0.0/8'] })).toHaveLength(1);
  expect(told({ hours: [{ from: '08:00', to: '18:00', zone: 'UTC' }], deniedIps: ['10.0.0.0/8'] })).toEqual([
    'The denied addresses of this key are not enforced by the gateway.',
    'The hours of this key are not enforced by the gateway.',
  ]);
  expect(catalogue.unenforced('gone', askedOf(planOf('easy'), scopes))).toEqual([]);
});

test('a plan that comes to ask for what nobody enforces is not put in force', async () => {
  write('{ max: 9, per: hour }');
  expect((await catalogue.reload()).map(formatProblem)).toEqual([
    expect.stringMatching(/:3:\d+ plans\[0\]\.quota asks for quota, which provider "cloud" does not enforce \(no such counter\)/),
  ]);
  expect(planOf('strict').quota).toMatchObject({ per: 'day' });
});
