import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Opens the drivers in a process of its own, asks one for something, and tells which packages were loaded before and after. */
const SCRIPT = `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      const answer = next(specifier, context);
      const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(answer.url) ?? [];
      if (name) loaded.add(name);
      return answer;
    },
  });
  const { drivers } = await import('./providers/index.ts');
  const configs = {
    aws: { region: 'eu-central-1', restApiId: 'a1b2c3', endpoint: 'http://127.0.0.1:1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
    azure: { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'lab', service: 'lab', tier: 'standard' },
    gcp: { projectId: 'lab-project', managedService: 'lab.apigateway.lab-project.cloud.goog' },
    generic: { endpoint: 'http://127.0.0.1:1', token: 'token' },
  };
  const opened = {};
  for (const driver of drivers) {
    const tools = { keys: {}, userAgent: 'test', provider: driver.id, lock: (_name, _signal, work) => work() };
    if (configs[driver.id]) opened[driver.id] = driver.open(driver.config.parse(configs[driver.id]), tools);
  }
  const before = [...loaded];
  const call = { signal: AbortSignal.timeout(5000), requestId: 'r', turn: async () => {}, keep: async () => {} };
  await opened.aws.check(call).catch(() => {});
  process.stdout.write(JSON.stringify({ opened: Object.keys(opened), before, after: [...loaded].filter((name) => !before.includes(name)) }));
`;

test("a provider's SDK is loaded with its first call, and no other's", () => {
  const root = new URL('..', import.meta.url).pathname;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd: root, encoding: 'utf8' });
  const { opened, before, after } = JSON.parse(out) as Record<'opened' | 'before' | 'after', string[]>;
  const heavy = /^(@aws-sdk|@smithy|@azure|@google-cloud|google-|gaxios|axios|protobufjs)/;
  expect(opened.toSorted()).toEqual(['aws', 'azure', 'gcp', 'generic']);
  expect(before.filter((name) => heavy.test(name))).toEqual([]);
  expect(after).toContain('@aws-sdk/client-api-gateway');
  expect(after.filter((name) => /^(@azure|@google-cloud|google-|gaxios|axios)/.test(name))).toEqual([]);
});
