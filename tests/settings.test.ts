import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { firstStart } from '../src/first-start.ts';
import { Secret } from '../src/secret/secret.ts';
import { readSettings, type Settings } from '../src/settings.ts';
import { describeVariables } from '../src/settings/variables.ts';

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const TOKEN = 'an-admin-token-of-some-length';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
  folders.push(made);
  return made;
}

function settingsOf(env: Record<string, string>): Settings {
  const result = readSettings(env);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.settings;
}

function problemsOf(env: Record<string, string>): readonly string[] {
  const result = readSettings(env);
  return result.ok ? [] : result.problems;
}

describe('the environment', () => {
  test('an empty environment is enough, with the defaults of the seed', () => {
    expect(settingsOf({})).toMatchObject({
      port: 8080,
      publicUrl: 'http://localhost:8080',
      dataDir: './data',
      configFile: 'config/latchkey.yaml',
      apiManagementTimeoutMs: 30_000,
      defaultApiQuota: 1000,
      defaultRateLimit: { limit: 100, per: 'hour' },
      apiKeyPrefix: 'temp',
      availableScopes: ['read', 'write', 'admin'],
      insecure: false,
      trustProxy: [],
      masterKeys: [],
    });
  });

  test('an empty string is the same as not set', () => {
    expect(settingsOf({ PORT: '', DATABASE_URL: '', API_MANAGEMENT_ENDPOINT: '', WEBHOOK_SECRET_FILE: '' })).toEqual(
      settingsOf({}),
    );
  });

  test.each([
    ['PORT', '65536', 'a TCP port'],
    ['PUBLIC_URL', 'keys.example.org', 'https://keys.example.org'],
    ['LOG_LEVEL', 'constructor', 'debug, info, warn'],
    ['NODE_ENV', 'prod', 'production, development or test'],
    ['PORT', '0', 'set PUBLIC_URL'],
    ['DATABASE_URL', 'mysql://u:hunter2@h/x', 'postgresql://'],
    ['REDIS_URL', 'http://h', 'redis://'],
    ['SMTP_URL', 'mail.example.org', 'smtps://'],
    ['SMTP_FROM', 'Latchkey', 'keys@example.org'],
    ['LATCHKEY_MASTER_KEY', `${MASTER_KEY},c2hvcnQ=`, 'openssl rand -base64 32'],
    ['LATCHKEY_ADMIN_TOKEN', 'short', 'openssl rand -hex 32'],
    ['LATCHKEY_INSECURE', 'constructor', '1 or 0'],
    ['WEBHOOK_SECRET', '   ', 'more than spaces'],
    ['API_MANAGEMENT_ENDPOINT', 'https://user:hunter2@h', 'holds no user or password'],
    ['API_MANAGEMENT_TIMEOUT', '30s', 'a number of seconds'],
    ['API_MANAGEMENT_TIMEOUT', '0', 'a number of seconds'],
    ['API_MANAGEMENT_TIMEOUT', '0.0004', 'a number of seconds'],
    ['API_MANAGEMENT_TIMEOUT', '601', 'up to 600'],
    ['DEFAULT_API_QUOTA', '0', 'a whole number above 0'],
    ['DEFAULT_RATE_LIMIT', '100', '100/hour'],
    ['API_KEY_PREFIX', 'Te-mp', 'such as temp'],
    ['AVAILABLE_SCOPES', ', ,', 'read,write'],
    ['VERIFY_ALLOW_FROM', '10.0.0.0/33', '10.0.0.0/8'],
    ['LATCHKEY_TRUST_PROXY', 'localhost', '10.0.0.0/8'],
  ])('a wrong %s is refused with its name and what would be right, and without its value', (name, value, right) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} `));
    expect(problems[0]).toContain(right);
    for (const part of ['hunter2', MASTER_KEY, 'c2hvcnQ=']) expect(problems[0]).not.toContain(part);
  });

  test('all problems come at once', () => {
    expect(problemsOf({ PORT: 'x', LOG_LEVEL: 'x', DEFAULT_API_QUOTA: 'x' })).toHaveLength(3);
  });

  test('every variable can be given as a file, whose last line break does not count', () => {
    const dir = folder();
    for (const { name } of describeVariables()) {
      writeFileSync(join(dir, 'value'), 'not a value of anything\r\n');
      const found = readSettings({ [`${name}_FILE`]: join(dir, 'value') });
      expect(found.ok || found.problems[0]?.startsWith(name)).toBe(true);
    }
    writeFileSync(join(dir, 'secret'), 'hush \n');
    expect(settingsOf({ WEBHOOK_SECRET_FILE: join(dir, 'secret') }).webhookSecret?.reveal()).toBe('hush ');
  });

  test('a file that is missing or empty, and a value beside a file, are refused', () => {
    const dir = folder();
    writeFileSync(join(dir, 'empty'), '\n');
    expect(problemsOf({ WEBHOOK_SECRET_FILE: join(dir, 'none') })[0]).toContain('ENOENT');
    expect(problemsOf({ WEBHOOK_SECRET_FILE: join(dir, 'empty') })[0]).toContain('is empty');
    expect(problemsOf({ WEBHOOK_SECRET_FILE: join(dir, 'empty'), WEBHOOK_SECRET: 'hush' })[0]).toContain('both set');
  });

  test('what the table calls a secret is a Secret in the settings, and nothing else is', () => {
    const settings = settingsOf({
      DATABASE_URL: 'postgresql://u:hunter2@h/x',
      REDIS_URL: 'redis://:hunter2@h',
      LATCHKEY_MASTER_KEY: `${MASTER_KEY},${'ab'.repeat(32)}`,
      LATCHKEY_ADMIN_TOKEN: TOKEN,
      WEBHOOK_SECRET: 'hunter2',
      API_MANAGEMENT_TOKEN: 'hunter2',
      SMTP_URL: 'smtps://u:hunter2@h',
    });
    const secrets = Object.values(settings)
      .flat()
      .filter((value) => value instanceof Secret);
    expect(secrets).toHaveLength(describeVariables().filter((variable) => variable.secret).length + 1);
    for (const shown of [inspect(settings, { depth: 9 }), JSON.stringify(settings)])
      for (const value of ['hunter2', MASTER_KEY, TOKEN]) expect(shown).not.toContain(value);
  });

  test('mails come from the public host unless a sender is named', () => {
    expect(settingsOf({ PUBLIC_URL: 'https://keys.example.org/' })).toMatchObject({
      publicUrl: 'https://keys.example.org',
      smtpFrom: 'Latchkey <latchkey@keys.example.org>',
    });
  });
});

describe('the first start', () => {
  async function start(env: Record<string, string>) {
    const result = await firstStart(settingsOf(env));
    if (!result.ok) throw new Error(result.problems.join('\n'));
    return result;
  }

  test('makes what is not given, for our eyes only, and tells where', async () => {
    const dir = join(folder(), 'data');
    const { settings, made } = await start({ DATA_DIR: dir });
    expect(made).toEqual([join(dir, 'master.key'), join(dir, 'admin.token'), join(dir, 'webhook.secret')]);
    for (const file of made) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(settings.adminToken.reveal()).toMatch(/^lko_[0-9A-Za-z]{43}$/);
    expect(Buffer.from(settings.masterKeys[0]!.reveal(), 'base64')).toHaveLength(32);
    expect(readFileSync(join(dir, 'webhook.secret'), 'utf8').trim()).toBe(settings.webhookSecret?.reveal());
  });

  test('the second start finds them and makes nothing', async () => {
    const dir = folder();
    const first = await start({ DATA_DIR: dir });
    const second = await start({ DATA_DIR: dir });
    expect(second.made).toEqual([]);
    expect(second.settings.adminToken.reveal()).toBe(first.settings.adminToken.reveal());
    expect(second.settings.masterKeys[0]!.reveal()).toBe(first.settings.masterKeys[0]!.reveal());
  });

  test('starts that race end with the same secrets, each made once', async () => {
    const dir = folder();
    const starts = await Promise.all(Array.from({ length: 8 }, () => start({ DATA_DIR: dir })));
    expect(new Set(starts.map(({ settings }) => settings.masterKeys[0]!.reveal())).size).toBe(1);
    expect(starts.flatMap(({ made }) => made)).toHaveLength(3);
  });

  test('what is given is used, and no file is made for it', async () => {
    const dir = folder();
    const { settings, made } = await start({
      DATA_DIR: dir,
      LATCHKEY_MASTER_KEY: MASTER_KEY,
      LATCHKEY_ADMIN_TOKEN: TOKEN,
      WEBHOOK_SECRET: 'hush',
    });
    expect(made).toEqual([]);
    expect(existsSync(join(dir, 'master.key'))).toBe(false);
    expect(settings.adminToken.reveal()).toBe(TOKEN);
  });

  test('a lost master key beside a living database is refused, not replaced', async () => {
    const dir = folder();
    mkdirSync(join(dir, 'ledger'));
    writeFileSync(join(dir, 'ledger', 'PG_VERSION'), '17');
    const result = await firstStart(settingsOf({ DATA_DIR: dir }));
    expect(result).toMatchObject({ ok: false, problems: [expect.stringContaining('master.key is gone')] });
    expect(existsSync(join(dir, 'master.key'))).toBe(false);
  });

  test('a data folder that cannot be one is refused with its path', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    for (const dataDir of [file, join(file, 'below')])
      expect(await firstStart(settingsOf({ DATA_DIR: dataDir }))).toMatchObject({
        ok: false,
        problems: [expect.stringMatching(/^DATA_DIR \S+ cannot be used \((ENOTDIR|EEXIST) at .*: name a folder/)],
      });
  });

  test('a spoilt master key file is refused by its name, without its content', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'master.key'), 'spoilt-content');
    const result = await firstStart(settingsOf({ DATA_DIR: dir }));
    expect(result).toMatchObject({ ok: false, problems: [expect.stringContaining('master.key does not hold 32 bytes')] });
    expect(JSON.stringify(result)).not.toContain('spoilt-content');
  });

  test('with a database server the master key and the admin token must be given, and no file is made', async () => {
    const dir = folder();
    const env = { DATA_DIR: dir, DATABASE_URL: 'postgresql://h/x' };
    expect(await firstStart(settingsOf(env))).toMatchObject({
      ok: false,
      problems: [
        expect.stringMatching(/^LATCHKEY_MASTER_KEY must be set/),
        expect.stringMatching(/^LATCHKEY_ADMIN_TOKEN must be set/),
      ],
    });
    const { settings, made } = await start({ ...env, LATCHKEY_MASTER_KEY: MASTER_KEY, LATCHKEY_ADMIN_TOKEN: TOKEN });
    expect(made).toEqual([]);
    expect(settings.webhookSecret).toBeUndefined();
    expect(existsSync(join(dir, 'master.key'))).toBe(false);
  });
});
