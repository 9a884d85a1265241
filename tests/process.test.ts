import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { freshFolder } from './databases.ts';
import { isFree, MAIN, ON_A_TERMINAL, run, stopAll } from './process-house.ts';
import { freePort } from './scenarios/free-port.ts';

// Whole processes, and a database made anew.
vi.setConfig({ testTimeout: 180_000 });
const folder = mkdtempSync(join(tmpdir(), 'latchkey-process-'));
afterEach(stopAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('npm start tells once what it makes, keeps it out of the log, and a SIGTERM to npm drains the service', async () => {
  const dataDir = join(folder, 'first');
  const env = { DATA_DIR: dataDir, PORT: String(await freePort()) };
  const first = run(['npm', 'start'], env);
  await first.says('"message":"listening"');
  for (const name of ['master.key', 'admin.token', 'webhook.secret']) {
    const file = join(dataDir, name);
    expect(first.err()).toContain(`  ${file}\n`);
    expect(first.out()).not.toContain(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(first.out() + first.err()).not.toContain(readFileSync(file, 'utf8').trim());
  }
  expect(first.err()).toContain('Back up master.key');
  expect(isFree(dataDir)).toBe(false);
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(first.logged('stopping')).toMatchObject([{ signal: 'SIGTERM' }]);
  expect(isFree(dataDir)).toBe(true);

  const second = run(['npm', 'start'], env);
  await second.says('"message":"listening"');
  expect(second.err()).not.toContain(dataDir);
  second.child.kill('SIGINT');
  await second.exited;
  expect(second.logged('stopping')).toHaveLength(1);
  expect(isFree(dataDir)).toBe(true);

  const other = run(MAIN, { ...env, LATCHKEY_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
  expect(await other.exited).toBe(1);
  expect(other.err()).toMatch(/^latchkey does not start:\n {2}- the database is under master key .*put the right key back/);
});

const plans = (provider: string) =>
  `plans:\n  - { name: lab, provider: ${provider}, allowedIps: [10.0.0.0/8], match: { resource: "lab-*" } }\n`;
const GENERIC = 'providers:\n  campus: { driver: generic, endpoint: "http://127.0.0.1:1", token: "${TOKEN_OF_THE_TESTS}" }\n';

test('a start that must be refused is so before anything is made, with every reason at once and no stack', async () => {
  const config = join(folder, 'bad.yaml');
  writeFileSync(config, `${GENERIC}${plans('campus')}  - { name: desk, provider: campsu }\n`);
  const env = {
    PORT: 'many',
    TOKEN_OF_THE_TESTS: 'a-token-of-the-tests',
    LATCHKEY_CONFIG: config,
    DATABASE_URL: 'postgresql://u:hunter2@127.0.0.1:1/x',
  };
  const { exited, out, err } = run(MAIN, env);
  expect(await exited).toBe(1);
  expect(out()).toBe('');
  const reasons = err().split('\n').slice(1, -1);
  expect(err()).toMatch(/^latchkey does not start:\n/);
  expect(reasons).toMatchObject([
    expect.stringMatching(/^ {2}- PORT must be a TCP port/),
    expect.stringMatching(/^ {2}- LATCHKEY_MASTER_KEY must be set/),
    expect.stringMatching(/^ {2}- LATCHKEY_ADMIN_TOKEN must be set/),
    expect.stringMatching(/sources\.default has no secret.*set WEBHOOK_SECRET/),
    expect.stringContaining('bad.yaml:4:36 plans[0].allowedIps asks for allowedIps'),
    expect.stringContaining('bad.yaml:5:19 plans[1].provider names no provider'),
  ]);
  expect(err()).not.toContain('hunter2');

  const dataDir = join(folder, 'never');
  const embedded = run(MAIN, { LATCHKEY_CONFIG: config, DATA_DIR: dataDir, TOKEN_OF_THE_TESTS: 'x' });
  expect(await embedded.exited).toBe(1);
  expect(embedded.err()).toContain('bad.yaml:5:19');
  expect(existsSync(dataDir)).toBe(false);
});

test('on a terminal it says what is where and what is insecure; SIGHUP takes a good configuration and says why not a bad one', async () => {
  const { place, remove } = await freshFolder();
  const config = join(folder, 'latchkey.yaml');
  writeFileSync(config, GENERIC + plans('campus').replace('allowedIps: [10.0.0.0/8]', 'unenforced: accept'));
  const port = await freePort();
  const service = run(ON_A_TERMINAL, {
    PORT: String(port),
    DATA_DIR: place.dataDir,
    LATCHKEY_CONFIG: config,
    LATCHKEY_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    LATCHKEY_INSECURE: '1',
    TOKEN_OF_THE_TESTS: 'a-token-of-the-tests',
  });
  await service.says('plans      lab');
  for (const line of [
    `Latchkey   http://127.0.0.1:${port}`,
    `webhooks   http://localhost:${port}/webhook`,
    `data       ${place.dataDir} (embedded)`,
    `config     ${config}`,
    'providers  campus (generic)',
    'insecure   LATCHKEY_INSECURE=1',
  ])
    expect(service.out()).toContain(line);
  expect(service.err()).toContain('WARNING: LATCHKEY_INSECURE=1');
  expect(service.out()).not.toContain('"message":"listening"');

  const hangUp = async (message: string, times: number) => {
    service.child.kill('SIGHUP');
    await expect.poll(() => service.logged(message).length, { timeout: 20_000 }).toBe(times);
    return service.logged(message).at(-1);
  };
  writeFileSync(config, GENERIC + plans('campsu'));
  expect(await hangUp('configuration not reloaded', 1)).toMatchObject({
    level: 'error',
    file: config,
    line: 4,
    path: 'plans[0].provider',
    problem: expect.stringContaining('names no provider'),
    fix: expect.stringContaining('campus'),
  });
  rmSync(config);
  expect(await hangUp('configuration not reloaded', 2)).toMatchObject({ file: config, problem: 'is not there' });
  const token = readFileSync(join(place.dataDir, 'admin.token'), 'utf8').trim();
  const inForce = async () => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/plans`, { headers });
    return ((await answer.json()) as { items: { name: string }[] }).items.map(({ name }) => name);
  };
  expect(await inForce()).toEqual(['lab']);
  writeFileSync(
    config,
    GENERIC + plans('campus').replace('lab', 'desk').replace('allowedIps: [10.0.0.0/8]', 'unenforced: accept'),
  );
  await hangUp('configuration reloaded', 1);
  expect(await inForce()).toEqual(['desk']);
  service.child.kill('SIGINT');
  expect(await service.exited).toBe(0);
  await remove();
});
