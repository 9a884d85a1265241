import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { firstStart } from '../src/first-start.ts';
import { readSettings } from '../src/settings.ts';
import { describeVariables } from '../src/settings/variables.ts';
import { latchkey } from './cli-world.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const isExecutable = (file: string): boolean => (statSync(join(ROOT, file)).mode & 0o111) !== 0;

interface Package {
  bin: Record<string, string>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
const pack = JSON.parse(read('package.json')) as Package;

describe('the folder', () => {
  test('holds at its top what belongs there, and nothing else', () => {
    const made = new Set(['.git', 'node_modules', 'data', 'coverage', 'secrets', '.env']);
    expect(
      readdirSync(ROOT)
        .filter((name) => !made.has(name))
        .sort(),
    ).toEqual([
      '.ci',
      '.dockerignore',
      '.env.example',
      '.gitignore',
      '.npmrc',
      '.oxfmtrc.json',
      '.oxlintrc.json',
      'Dockerfile',
      'README.md',
      'client',
      'compose.yaml',
      'config',
      'docs',
      'package-lock.json',
      'package.json',
      'providers',
      'src',
      'tests',
      'tsconfig.json',
    ]);
  });

  test('keeps what is made on a machine out of the repository', () => {
    for (const line of ['node_modules/', 'data/', '.env', '/secrets/']) expect(read('.gitignore').split('\n')).toContain(line);
  });
});

describe('package.json', () => {
  test.each(Object.entries({ ...pack.dependencies, ...pack.devDependencies }))('pins %s exactly: %s', (_name, version) => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('asks for what the lock file has', () => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Partial<Package> & { version: string }> };
    const { dependencies, devDependencies } = lock.packages['']!;
    expect({ dependencies, devDependencies }).toEqual({ dependencies: pack.dependencies, devDependencies: pack.devDependencies });
    for (const [name, version] of Object.entries(pack.dependencies))
      expect(lock.packages[`node_modules/${name}`]!.version).toBe(version);
  });

  test('brings Node along for development and leaves it out of an image', () => {
    expect(pack.devDependencies['node']).toMatch(/^24\./);
    expect(pack.dependencies).not.toHaveProperty('node');
  });

  test('names a command that an old Node can start', () => {
    const { latchkey: bin } = pack.bin;
    expect(isExecutable(bin!)).toBe(true);
    expect(read(bin!)).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(bin).toMatch(/\.mjs$/);
  });

  test('keeps compiled code where nobody else writes, for its start and for its command', () => {
    const tell = `process.stdout.write(process.getBuiltinModule('node:module').getCompileCacheDir() ?? '')`;
    const env = { ...process.env, NODE_COMPILE_CACHE: undefined };
    const dir = execFileSync(process.execPath, ['--import', './src/compile-cache.mjs', '-e', tell], { cwd: ROOT, env });
    expect(dir.toString()).toContain(join('node_modules', '.cache', 'compiled'));
    expect(pack.scripts['start']).toContain('--import ./src/compile-cache.mjs');
    expect(read(pack.bin['latchkey']!)).toContain(`import './compile-cache.mjs';`);
  });
});

interface Service {
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  ports?: string[];
  networks?: Record<string, { ipv4_address?: string }>;
  secrets?: string[];
  build?: string;
}
interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
}

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml')) as Compose;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compose-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('runs two nodes behind nginx, PostgreSQL and Redis, each with a health check', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['latchkey-1', 'latchkey-2', 'nginx', 'postgres', 'redis']);
    expect(compose.services['latchkey-2']).toEqual(compose.services['latchkey-1']);
    for (const service of Object.values(compose.services)) expect(service.healthcheck?.test.length).toBeGreaterThan(1);
  });

  test('gives only settings that there are', () => {
    const known = describeVariables().map(({ name }) => name as string);
    for (const name of Object.keys(compose.services['latchkey-1']!.environment!))
      expect(known).toContain(name.replace(/_FILE$/, ''));
  });

  test('holds no secret: each comes from a file', () => {
    const secret = describeVariables().filter((variable) => variable.secret);
    const given = compose.services['latchkey-1']!.environment!;
    for (const { name } of secret) expect(given[name] ?? '${').toMatch(name === 'REDIS_URL' ? /^redis:\/\/redis:6379$/ : /^\$\{/);
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    for (const { secrets = [] } of Object.values(compose.services))
      for (const name of secrets) expect(compose.secrets).toHaveProperty(name);
  });

  test('publishes nginx only, whose address the nodes believe', () => {
    const published = Object.entries(compose.services).filter(([, { ports = [] }]) => ports.length > 0);
    expect(published.map(([name]) => name)).toEqual(['nginx']);
    const { ipv4_address: address } = compose.services['nginx']!.networks!['default']!;
    expect(compose.services['latchkey-1']!.environment!['LATCHKEY_TRUST_PROXY']).toBe(address);
    const nginx = read('config/nginx/nodes.conf');
    for (const node of ['latchkey-1', 'latchkey-2']) expect(nginx).toContain(`server ${node}:8080 `);
  });

  test('gives enough to start, once the secrets are made', async () => {
    const values: Record<string, string> = {
      database_url: 'postgresql://latchkey:secret@postgres:5432/latchkey',
      master_key: Buffer.alloc(32, 7).toString('base64'),
      admin_token: 'ab'.repeat(32),
      webhook_secret: Buffer.alloc(32, 8).toString('base64'),
    };
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries(compose.services['latchkey-1']!.environment!)) {
      const secret = /^\/run\/secrets\/(\w+)$/.exec(value)?.[1];
      if (secret) writeFileSync(join(folder, secret), values[secret]!);
      env[name] = secret
        ? join(folder, secret)
        : value.replace(/\$\{PUBLIC_URL:\?.*\}/, 'https://keys.example').replace(/\$\{\w+:-(.*)\}/, '$1');
    }
    const settings = readSettings(env);
    if (!settings.ok) throw new Error(settings.problems.join('\n'));
    expect(await firstStart(settings.settings)).toMatchObject({ ok: true });
    expect(settings.settings.webhookSecret).toBeDefined();
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const instructions = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());

  test('has one stage on node:24-slim, with the locked packages that run and no others', () => {
    expect(instructions('FROM')).toEqual(['node:24-slim']);
    expect(instructions('RUN')[0]).toMatch(/^npm ci --omit=dev/);
  });

  test('runs as a user that is not root, with its data in a volume', () => {
    expect(instructions('USER')).toEqual(['node']);
    expect(lines.findIndex((line) => line.startsWith('USER '))).toBeLessThan(lines.findIndex((line) => line.startsWith('CMD ')));
    expect(instructions('VOLUME')).toEqual(['/data']);
    expect(instructions('ENV').join(' ')).toContain('DATA_DIR=/data');
  });

  test('asks for its health without the database, and lets signals through', () => {
    expect(instructions('HEALTHCHECK')[0]).toContain('/health/live');
    const [command] = instructions('CMD');
    expect(JSON.parse(command!)).toEqual(['node', 'src/main.ts']);
  });

  test('takes in what it copies, and nothing that is not named', () => {
    const copied = instructions('COPY')
      .flatMap((line) => line.split(/\s+/).slice(0, -1))
      .map((path) => path.replace('./', ''));
    for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true);
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignored[0]).toBe('*');
    for (const path of copied) expect(ignored).toContain(`!${path}`);
    for (const path of ['src', 'providers', 'config', 'package-lock.json']) expect(copied).toContain(path);
  });
});

describe('.ci/run', () => {
  const script = read('.ci/run');

  test('can be run, and stops at the first failure', () => {
    expect(isExecutable('.ci/run')).toBe(true);
    expect(script).toMatch(/^#!\/usr\/bin\/env bash\n/);
    expect(script).toContain('\nset -euo pipefail\n');
    execFileSync('bash', ['-n', join(ROOT, '.ci/run')]);
  });

  test.each(['types', 'lint', 'format:check', 'generate:check', 'test', 'demo'])('asks %s', (name) => {
    expect(pack.scripts).toHaveProperty(name);
    expect(script).toMatch(new RegExp(`[ ]${name}[ ;\\n]`));
  });
});

describe('README.md', () => {
  const readme = read('README.md');

  test('is short', () => {
    expect(readme.split('\n').length).toBeLessThan(200);
  });

  test('names no file that is not there', () => {
    const named = [...readme.matchAll(/`((?:src|providers|config|tests|docs|client)\/[\w./-]*|[\w-]+\.(?:yaml|json))`/g)].map(
      (match) => match[1]!,
    );
    expect(named.length).toBeGreaterThan(15);
    for (const path of named) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test('names no command that is not there', async () => {
    const { stdout } = await latchkey(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map((match) => match[1]);
    const named = [...readme.matchAll(/`(?:npx )?latchkey ([a-z][a-z-]+)/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(10);
    for (const command of named) expect(commands).toContain(command);
  });
});
