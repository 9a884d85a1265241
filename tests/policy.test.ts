import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Enforcement, LimitReport } from '../providers/driver.ts';
import { drivers } from '../providers/index.ts';
import { enforcedBy } from '../src/cli/plan-table.ts';
import { readConfiguration } from '../src/configuration.ts';
import { askedOf, limitsOf as limitsOfDriver, type Enforcer } from '../src/policy/asked.ts';
import { checkEnforcement } from '../src/policy/enforcement.ts';
import { formatProblem, type Problem } from '../src/policy/problems.ts';
import { presets } from '../src/sources/presets.ts';
import { matchPlan } from '../src/reservation/narrow.ts';
import { effectiveConfig } from '../src/policy/effective.ts';
import { loadPolicy } from '../src/policy.ts';
import { readSettings, type Settings } from '../src/settings.ts';

const NOW = new Date('2026-01-31T12:00:00Z');
const ENV = { WEBHOOK_SECRET: 'hush-hush' };

function settingsOf(env: Record<string, string>): Settings {
  const result = readSettings(env);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.settings;
}

function load(text: string, env: Record<string, string> = ENV) {
  return loadPolicy({ text, file: 'latchkey.yaml', env, settings: settingsOf(env), drivers, presets, now: NOW });
}

function accepted(text: string, env: Record<string, string> = ENV) {
  const result = load(text, env);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result;
}

/** A policy without what is asked of it. */
function said(text: string) {
  const { scopesOf: _scopesOf, projectOf: _projectOf, sources, ...policy } = accepted(text).policy;
  // What is compiled is code, and equal to nothing: what it was compiled from is in the texts that are left.
  return { ...policy, sources: JSON.parse(JSON.stringify(sources)) as unknown };
}

function refused(text: string, env: Record<string, string> = ENV): readonly Problem[] {
  const result = load(text, env);
  return result.ok ? result.warnings : result.problems;
}

const lines = (...text: string[]): string => text.join('\n');

describe('with no file', () => {
  test('the seed documents are obeyed: one source, the built-in manager, one plan for everything', () => {
    const { policy, warnings } = accepted('');
    expect(warnings).toEqual([]);
    expect(policy.sources['default']).toMatchObject({
      preset: 'cloud-resource-reservation',
      auth: { kind: 'hmac', header: 'X-Webhook-Signature', encoding: 'base64' },
      callback: undefined,
    });
    expect(policy.sources['default']?.secrets.map(({ secret }) => secret.reveal())).toEqual(['hush-hush']);
    expect(policy.providers).toEqual({
      builtin: { name: 'builtin', driver: 'builtin', inventory: 'report', strays: 'report', verify: false, config: {} },
    });
    expect(Object.keys(policy.scopes)).toEqual(['read', 'write', 'admin', 'delete']);
    expect(policy.plans).toEqual([
      {
        name: 'default',
        project: 'default',
        tokenType: 'opaque',
        match: {},
        provider: 'builtin',
        scopes: { default: ['read'], allowed: ['read', 'write', 'admin'] },
        endpoints: { default: ['/**'], allowed: ['/**'] },
        quota: { default: 1000, max: 1000, per: 'reservation' },
        rateLimit: { default: { limit: 100, per: 'hour' }, max: { limit: 100, per: 'hour' } },
        window: { opensBeforeMs: 0, closesAfterMs: 0, longestMs: 31 * 86_400_000, issueBeforeMs: 600_000 },
        handover: { by: [], confirm: 'email' },
        acceptsUnenforced: false,
      },
    ]);
  });

  test("the seed's variables make the key-management API the provider, and the channels those that are configured", () => {
    const { policy } = accepted('', {
      ...ENV,
      API_MANAGEMENT_ENDPOINT: 'https://manager.example.org/',
      API_MANAGEMENT_TOKEN: 'manager-token',
      API_MANAGEMENT_TIMEOUT: '5',
      DEFAULT_API_QUOTA: '50',
      DEFAULT_RATE_LIMIT: '5/minute',
      AVAILABLE_SCOPES: 'write,deploy',
      NOTIFICATION_ENDPOINT: 'http://10.0.0.1/notify',
      NOTIFICATION_TIMEOUT: '7',
      SMTP_URL: 'smtp://mail',
    });
    expect(policy.providers['generic']).toMatchObject({
      driver: 'generic',
      config: { endpoint: 'https://manager.example.org', timeout: 5000 },
    });
    expect(policy.sources['default']?.callback).toEqual({ notifications: 'http://10.0.0.1/notify', timeoutMs: 7000 });
    expect(policy.scopes['deploy']).toEqual({ methods: ['GET'] });
    expect(policy.plans[0]).toMatchObject({
      provider: 'generic',
      scopes: { default: ['write'], allowed: ['write', 'deploy'] },
      quota: { default: 50, max: 50 },
      rateLimit: { max: { limit: 5, per: 'minute' } },
      handover: { by: ['callback', 'email'] },
    });
  });

  test('each of the two endpoints of a source has the patience of its own variable, or both that of the file', () => {
    const env = { ...ENV, NOTIFICATION_ENDPOINT: 'http://n', NOTIFICATION_TIMEOUT: '7', WEBHOOK_LOG_ENDPOINT: 'http://l' };
    const timed = { ...env, WEBHOOK_LOG_TIMEOUT: '3' };
    expect(accepted('', timed).policy.sources['default']?.callback).toMatchObject({ timeoutMs: 7000, logTimeoutMs: 3000 });
    const written = lines(
      'sources:',
      '  a:',
      '    preset: cloud-resource-reservation',
      '    secrets: [x]',
      '    callback: { notifications: "http://n", log: "http://l", timeout: 5s }',
    );
    expect(accepted(written, timed).policy.sources['a']?.callback).toMatchObject({ timeoutMs: 5000, logTimeoutMs: 5000 });
  });

  test('an endpoint without a token is refused by the names of both', () => {
    const [problem] = refused('', { ...ENV, API_MANAGEMENT_ENDPOINT: 'https://manager.example.org' });
    expect(formatProblem(problem!)).toContain('API_MANAGEMENT_TOKEN');
  });

  test('a source without a secret is refused, and with LATCHKEY_INSECURE=1 told loudly', () => {
    expect(refused('', {})[0]).toMatchObject({ path: 'sources.default', fix: expect.stringContaining('WEBHOOK_SECRET') });
    expect(accepted('', { LATCHKEY_INSECURE: '1' }).warnings[0]).toMatchObject({ severity: 'warning', path: 'sources.default' });
  });

  test('a name from a URL never finds what JavaScript put there', () => {
    const { policy } = accepted('');
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(policy.sources[name]).toBeUndefined();
      expect(policy.providers[name]).toBeUndefined();
    }
  });
});

describe('the files we ship', () => {
  const file = (name: string): string => readFileSync(new URL(`../config/${name}`, import.meta.url), 'utf8');
  const env = {
    ...ENV,
    API_MANAGEMENT_ENDPOINT: 'https://manager.example.org',
    API_MANAGEMENT_TOKEN: 'manager-token',
    AWS_REGION: 'eu-central-1',
    API_GATEWAY_ID: 'a1b2c3d4e5',
    AZURE_SUBSCRIPTION_ID: '00000000-0000-0000-0000-000000000001',
    AZURE_RESOURCE_GROUP: 'lab',
    AZURE_API_MANAGEMENT_NAME: 'lab-gateway',
    GOOGLE_PROJECT_ID: 'lab-project',
    GOOGLE_API_CONFIG_ID: 'lab-config',
    EQUIPMENT_SECRET: 'equipment-secret',
    MICROSCOPE_CALENDAR: 'https://calendar.example.org/microscope.ics',
    TIMETABLE_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  };

  test('the commented default changes nothing', () => {
    expect(said(file('latchkey.yaml'))).toEqual(said(''));
    expect(accepted(file('latchkey.yaml')).warnings).toEqual([]);
  });

  test('with every comment taken off it says what the defaults say', () => {
    const bare = file('latchkey.yaml')
      .split('\n')
      .filter((line) => /^# ( *)(\w+:|- )/.test(line))
      .map((line) => line.slice(2))
      .join('\n');
    const { policy } = accepted(bare, {
      ...env,
      NOTIFICATION_ENDPOINT: 'https://portal.example.org/notify',
      SMTP_URL: 'smtp://mail',
    });
    const { scopes, plans } = accepted('', {
      ...ENV,
      NOTIFICATION_ENDPOINT: 'https://portal.example.org',
      SMTP_URL: 'smtp://mail',
    }).policy;
    expect(policy.scopes).toEqual(scopes);
    expect(policy.plans).toEqual([{ ...plans[0], provider: 'local' }]);
  });

  const examples = readdirSync(new URL('../config/examples', import.meta.url)).filter((name) => name.endsWith('.yaml'));
  test.each(examples)('examples/%s starts without a warning', async (name) => {
    const { pathname } = new URL(`../config/examples/${name}`, import.meta.url);
    const settings = settingsOf({ ...env, LATCHKEY_CONFIG: pathname });
    const about = { settings, drivers, presets, env: () => env, now: () => NOW };
    expect(await readConfiguration(about)).toMatchObject({ ok: true, warnings: [] });
  });

  test('the lab is what it says', () => {
    const { policy } = accepted(file('examples/lab.yaml'), env);
    expect(policy.plans.map((plan) => [plan.name, plan.provider, plan.window.longestMs])).toEqual([
      ['lab', 'campus', 8 * 3_600_000],
      ['everything-else', 'local', 24 * 3_600_000],
    ]);
    expect(policy.sources['default']?.callback).toBeUndefined();
  });
});

describe('projects', () => {
  const two = (...more: string[]) =>
    lines(
      'projects:',
      '  lab: { limits: [1000/minute], keys: { quota: none, created: 60/hour, expires: { longest: 7d } }, scopes: { "lab:runs:read": { methods: [GET], endpoints: [/runs/**] } } }',
      'sources:',
      '  default: { project: lab, preset: standard, secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw] }',
      '  own: { preset: standard, secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw] }',
      'providers:',
      '  builtin: { driver: builtin }',
      'plans:',
      '  - { name: lab, project: lab, provider: builtin, scopes: { default: ["lab:runs:*"], allowed: ["lab:runs:*", read] }',
      ...more.map((line) => `    , ${line}`),
      '    }',
      '  - { name: rest, provider: builtin }',
    );

  test('what a project says holds over the house, and the rest is the house’s', () => {
    const { policy, warnings } = accepted(two(), { ...ENV, API_KEY_PREFIX: 'campus', DEFAULT_RATE_LIMIT: '7/hour' });
    expect(warnings).toEqual([]);
    const { default: house, lab } = policy.projects;
    expect(house!.keys).toMatchObject({
      prefix: 'campus',
      rateLimit: { limit: 7, per: 'hour' },
      quota: { limit: 1000, per: 'month' },
    });
    expect(lab!.keys).toMatchObject({ prefix: 'campus', created: { limit: 60, per: 'hour' }, quota: undefined });
    expect(lab!.keys.expires).toEqual({ defaultMs: 7 * 86_400_000, longestMs: 7 * 86_400_000, never: false });
    const from = (name: string, key = {}) =>
      Object.fromEntries(effectiveConfig({ project: policy.projects[name]!, key }).map((one) => [one.setting, one.from]));
    expect(from('lab')).toMatchObject({ prefix: 'global', quota: 'project', created: 'project', expires: 'project' });
    expect(new Set(Object.values(from('default')))).toEqual(new Set(['global']));
    expect(from('lab', { quota: { limit: 1, per: 'day' } })).toMatchObject({ quota: 'key', created: 'project' });
    expect(Object.keys(policy.scopesOf('lab'))).toContain('lab:runs:read');
    expect(Object.keys(policy.scopesOf('default'))).not.toContain('lab:runs:read');
  });

  test('a plan is for the bookings of its own project only', () => {
    const { policy } = accepted(two());
    const planOf = (source: string) => matchPlan(policy, source, { id: '1', name: 'x', type: '' })?.name;
    expect([planOf('default'), planOf('own'), planOf('gone')]).toEqual(['lab', 'rest', undefined]);
  });

  test('a plan says further limits, denied networks, hours, tokens and what a quota counts', () => {
    const { policy } = accepted(
      two(
        'limits: [10/second, { limit: 500, per: day, unit: requests }]',
        'rateLimit: none',
        'quota: { max: 5, per: day, unit: requests }',
        'deniedIps: [10.0.9.0/24]',
        'hours: [{ days: [fri-mon, wed], from: "22:00", to: "06:00", zone: Europe/Rome }, { from: "00:00", to: "24:00", zone: UTC }]',
        'tokenType: jwt',
      ),
    );
    expect(policy.plans[0]).toMatchObject({
      furtherLimits: [
        { limit: 10, per: 'second' },
        { limit: 500, per: 'day', unit: 'requests' },
      ],
      quota: { default: 5, max: 5, per: 'day', unit: 'requests' },
      deniedIps: ['10.0.9.0/24'],
      hours: [
        { days: [1, 3, 5, 6, 7], from: '22:00', to: '06:00', zone: 'Europe/Rome' },
        { from: '00:00', to: '24:00', zone: 'UTC' },
      ],
      tokenType: 'jwt',
    });
  });

  test.each<[string, string, string, RegExp]>([
    [
      'a time zone that is none',
      'hours: [{ from: "08:00", to: "18:00", zone: Europe/Roma }]',
      'hours[0].zone',
      /did you mean "Europe\/Rome"/,
    ],
    ['an offset, which is no zone', 'hours: [{ from: "08:00", to: "18:00", zone: "+01:00" }]', 'hours[0].zone', /IANA/],
    ['a day that is none', 'hours: [{ days: [mo], from: "08:00", to: "18:00", zone: UTC }]', 'hours[0].days[0]', /mon, tue/],
    ['a time of no length', 'hours: [{ from: "08:00", to: "08:00", zone: UTC }]', 'hours[0].to', /later time/],
    ['a time that is none', 'hours: [{ from: "25:00", to: "08:00", zone: UTC }]', 'hours[0].from', /"08:00"/],
    ['a limit without a period', 'limits: [10]', 'limits[0]', /100\/hour/],
    ['a network that is none', 'deniedIps: [10.0.9]', 'deniedIps[0]', /192\.0\.2\.0\/24/],
    ['a source of another project', 'match: { source: own }', 'match.source', /project: default at this plan/],
    ['an overlap without an end', 'rotation: { every: 1d, overlap: 2d }', 'rotation.overlap', /less than every/],
  ])('a mistake is told with its place: %s', (_, text, at, fix) => {
    const [problem] = refused(two(text));
    expect(problem).toMatchObject({ severity: 'error', path: `plans[0].${at}`, line: 10, fix: expect.stringMatching(fix) });
  });

  test('a project that is not there is told where it is named, and one that cannot work', () => {
    const text = two().replace('project: lab, preset', 'project: lax, preset').replace('longest: 7d', 'longest: 7d, default: 8d');
    const problems = refused(text).map(({ path, fix }) => [path, fix]);
    expect(problems).toContainEqual(['sources.default.project', 'did you mean "lab"?']);
    expect(problems).toContainEqual(['projects.lab.keys.expires.default', 'write less, or more for longest']);
    expect(refused(two().replace('name: lab, project: lab', 'name: lab, project: lax'))).toContainEqual(
      expect.objectContaining({ path: 'plans[0].project', fix: 'did you mean "lab"?' }),
    );
  });

  test('what may be meant is only warned of: a limit behind a tighter one, and scopes that may be in the catalogue', () => {
    const warnings = (text: string) => accepted(text).warnings.map(({ path }) => path);
    expect(warnings(two('limits: [10/minute, 700/hour]', 'rateLimit: none'))).toEqual(['plans[0].limits[1]']);
    expect(warnings(two('limits: [10/minute, 500/hour]', 'rateLimit: none'))).toEqual([]);
    expect(warnings(two('limits: [200/hour]', 'rateLimit: { max: 100/hour }'))).toEqual(['plans[0].limits[0]']);
    const unit = 'limits: [{ limit: 5, per: minute, unit: requests }, 10/minute]';
    expect(warnings(two(unit, 'rateLimit: none'))).toEqual([]);
    const allowed = (scope: string) => two().replace('"lab:runs:*", read]', `"lab:runs:*", read, "${scope}"]`);
    expect(warnings(allowed('lab:files:read'))).toEqual(['plans[0].scopes.allowed[2]']);
    expect(refused(allowed('lab:*:read'))[0]).toMatchObject({
      severity: 'error',
      fix: expect.stringContaining('whole last part'),
    });
    expect(refused(allowed('reed'))[0]).toMatchObject({ severity: 'error', fix: 'did you mean "read"?' });
  });
});

describe('what is written', () => {
  test('sections replace their default as a whole, the others stay', () => {
    const env = { ...ENV, AVAILABLE_SCOPES: 'look' };
    const { policy } = accepted(lines('scopes:', '  look: { methods: [GET, HEAD] }'), env);
    expect(Object.keys(policy.scopes)).toEqual(['look']);
    expect(policy.plans[0]?.scopes).toEqual({ default: ['look'], allowed: ['look'] });
    expect(Object.keys(policy.sources)).toEqual(['default']);
  });

  test('a scope that is described is granted by no plan that does not say so, nor by AVAILABLE_SCOPES without it', () => {
    const some = lines(
      'scopes:',
      '  read: { methods: [GET] }',
      '  write: { methods: [POST] }',
      '  delete: { methods: [DELETE] }',
    );
    expect(accepted(some).policy.plans[0]?.scopes.allowed).toEqual(['read', 'write']);
    const file = join(mkdtempSync(join(tmpdir(), 'latchkey-scopes-')), 'scopes');
    writeFileSync(file, 'read\n');
    expect(accepted(some, { ...ENV, AVAILABLE_SCOPES_FILE: file }).policy.plans[0]?.scopes.allowed).toEqual(['read']);
    rmSync(dirname(file), { recursive: true });
    expect(refused(lines('scopes:', '  look: { methods: [GET] }'))).toMatchObject([
      { severity: 'error', path: 'plans[0].scopes', fix: expect.stringContaining('AVAILABLE_SCOPES') },
    ]);
    const typo = refused(some, { ...ENV, AVAILABLE_SCOPES: 'raed' });
    expect(typo).toContainEqual(expect.objectContaining({ message: 'names no scope: "raed"' }));
  });

  test('uncommenting the scopes of the shipped file changes nothing', () => {
    const shipped = readFileSync(new URL('../config/latchkey.yaml', import.meta.url), 'utf8');
    const section = shipped.match(/^# scopes:\n(# {3}.*\n)+/m)![0].replaceAll(/^# /gm, '');
    expect(said(section)).toEqual(said(''));
  });

  test('values may come from the environment, also numbers, and $${ stays as it is', () => {
    const env = { ...ENV, LAB_QUOTA: '7', LAB_NAME: 'lab' };
    const { policy } = accepted(
      lines(
        'plans:',
        '  - name: "${LAB_NAME}"',
        '    provider: builtin',
        '    match: { resource: "$${x}-${LAB_NAME}" }',
        '    quota: { max: "${LAB_QUOTA}" }',
      ),
      env,
    );
    expect(policy.plans[0]).toMatchObject({ name: 'lab', match: { resource: '${x}-lab' }, quota: { default: 7, max: 7 } });
  });

  test('secrets have an end, callbacks that are empty are not configured, and no secret is shown', () => {
    const { policy } = accepted(
      lines(
        'sources:',
        '  a:',
        '    preset: cloud-resource-reservation',
        '    secrets: ["${WEBHOOK_SECRET}", { secret: "${OLD}", notAfter: 2026-12-31T00:00:00Z }]',
        '    callback: { notifications: "${EMPTY}", log: "" }',
      ),
      { ...ENV, OLD: 'older-hush', EMPTY: '' },
    );
    expect(policy.sources['a']?.secrets[1]).toMatchObject({ notAfter: new Date('2026-12-31T00:00:00Z') });
    expect(policy.sources['a']?.callback).toBeUndefined();
    expect(JSON.stringify(policy)).not.toContain('hush');
  });

  test('a source whose secrets have all ended is told of, at their line', () => {
    const source = (...secrets: string[]) =>
      lines('sources:', '  lab:', '    preset: cloud-resource-reservation', `    secrets: [${secrets.join(', ')}]`);
    const ended = '{ secret: "${WEBHOOK_SECRET}", notAfter: 2026-01-31T12:00:00Z }';
    expect(accepted(source(ended, ended)).warnings).toMatchObject([
      { severity: 'warning', line: 4, path: 'sources.lab.secrets', message: expect.stringContaining('ended') },
    ]);
    expect(accepted(source(ended, '"${WEBHOOK_SECRET}"')).warnings).toEqual([]);
    expect(accepted(source(ended.replace('12:00:00Z', '12:00:01Z'))).warnings).toEqual([]);
  });

  test('no limit must be written as none', () => {
    const { policy } = accepted(lines('plans:', '  - { name: free, provider: builtin, quota: none, rateLimit: none }'));
    expect(policy.plans[0]?.quota).toBeUndefined();
    expect(policy.plans[0]?.rateLimit).toBeUndefined();
  });
});

const plan = (...rest: string[]): string =>
  lines('plans:', '  - name: lab', '    provider: builtin', ...rest.map((line) => `    ${line}`));

test('one run tells every problem of a plan, also beside a section that cannot be read', () => {
  const result = load(
    plan('window: { longest: soon }', 'scopes: { default: [red], allowed: [read] }', 'match: { source: nobody }').replace(
      'provider: builtin',
      'provider: builtn',
    ),
  );
  const places = result.ok ? [] : result.problems.map((problem) => problem.path);
  expect(places).toEqual(
    expect.arrayContaining([
      'plans[0].provider',
      'plans[0].match.source',
      'plans[0].scopes.default[0]',
      'plans[0].window.longest',
    ]),
  );
});

describe('what is wrong', () => {
  test.each<[string, string, number, string, string]>([
    ['a section nobody knows', lines('plan:', '  - name: lab'), 1, 'plan', 'did you mean "plans"?'],
    ['a setting nobody knows', plan('ratelimit: { max: 5/hour }'), 4, 'plans[0].ratelimit', 'did you mean "rateLimit"?'],
    [
      'a setting nobody knows, deep down',
      plan('window:', '  longset: 8h'),
      5,
      'plans[0].window.longset',
      'did you mean "longest"?',
    ],
    ['a setting of a limit', plan('quota: { maximum: 5 }'), 4, 'plans[0].quota.maximum', 'known: default, max, per'],
    [
      'a setting of a driver',
      lines('providers:', '  local: { driver: builtin, endpoint: x }'),
      2,
      'providers.local.endpoint',
      'there is none',
    ],
    [
      'a setting of every provider',
      lines('providers:', '  local: { driver: builtin, strays: remove }'),
      2,
      'providers.local.strays',
      'report',
    ],
    ['a missing setting', lines('plans:', '  - name: lab'), 2, 'plans[0].provider', 'give text'],
    ['the wrong kind', plan('scopes: { allowed: read }'), 4, 'plans[0].scopes.allowed', 'give a list'],
    ['a duration', plan('window:', '  longest: 8 hours'), 5, 'plans[0].window.longest', 'such as 8h'],
    ['a rate', plan('rateLimit: { max: 100 }'), 4, 'plans[0].rateLimit.max', 'such as 100/hour'],
    ['a count', plan('quota:', '  default: 0'), 5, 'plans[0].quota.default', 'above 0'],
    ['a period', plan('quota: { max: 5, per: week }'), 4, 'plans[0].quota.per', 'reservation, hour, day, month'],
    ['a method', lines('scopes:', '  read: { methods: [get] }'), 2, 'scopes.read.methods[0]', 'GET, HEAD'],
    ['a path', plan('endpoints:', '  allowed:', '    - /ok/**', '    - api/*'), 7, 'plans[0].endpoints.allowed[1]', '/api/v1/**'],
    ['a network', plan('allowedIps: [10.0.0.0/40]'), 4, 'plans[0].allowedIps[0]', '192.0.2.0/24'],
    ['a name', lines('sources:', '  "a/b": { preset: standard, secrets: [x] }'), 2, 'sources.a/b', 'letters, digits'],
    ['a preset', lines('sources:', '  a: { preset: standart, secrets: [x] }'), 2, 'sources.a.preset', 'did you mean "standard"?'],
    ['a driver', lines('providers:', '  a: { driver: built-in }'), 2, 'providers.a.driver', 'did you mean "builtin"?'],
    [
      'a driver setting',
      lines('providers:', '  a:', '    driver: generic', '    endpoint: ftp://x', '    token: x'),
      4,
      'providers.a.endpoint',
      'https://',
    ],
    [
      'a plan without a provider of that name',
      lines('plans:', '  - name: lab', '    provider: bultin'),
      3,
      'plans[0].provider',
      '"builtin"',
    ],
    ['a plan of an unknown source', plan('match: { source: defualt }'), 4, 'plans[0].match.source', 'did you mean "default"?'],
    [
      'a plan with an unknown scope',
      plan('scopes:', '  allowed: [read, wirte]'),
      5,
      'plans[0].scopes.allowed[1]',
      'did you mean "write"?',
    ],
    [
      'a default scope that is not allowed',
      plan('scopes:', '  default: [admin]', '  allowed: [read]'),
      5,
      'plans[0].scopes.default[0]',
      'add it to allowed',
    ],
    [
      'a default path that is not allowed',
      plan('endpoints: { default: [/b/**], allowed: [/a/**] }'),
      4,
      'plans[0].endpoints.default[0]',
      'within /a/**',
    ],
    ['a default quota above max', plan('quota: { default: 6, max: 5 }'), 4, 'plans[0].quota.default', 'raise max'],
    [
      'a default rate above max',
      plan('rateLimit: { default: 2/minute, max: 100/hour }'),
      4,
      'plans[0].rateLimit.default',
      'raise max',
    ],
    ['no window', plan('window: { longest: 0m }'), 4, 'plans[0].window.longest', 'such as 8h'],
    [
      'an overlap that never ends',
      plan('rotation: { every: 1h, overlap: 2h }'),
      4,
      'plans[0].rotation.overlap',
      'less than every',
    ],
    ['a code with one channel', plan('handover: { by: [email], confirm: code }'), 4, 'plans[0].handover.confirm', 'two channels'],
    [
      'the same name twice',
      `${plan()}\n  - { name: lab, provider: builtin, match: { resource: x } }`,
      4,
      'plans[1].name',
      'its own name',
    ],
    [
      'a secret that verifies nothing',
      lines('sources:', '  lab:', '    preset: standard', '    secrets: ["hush-hush"]'),
      4,
      'sources.lab.secrets[0]',
      'whsec_',
    ],
    ['a source without a secret', lines('sources:', '  lab:', '    preset: standard'), 2, 'sources.lab', 'LATCHKEY_INSECURE=1'],
    ['a variable nobody set', plan('match: { resource: "${LAB_RESOURCE}" }'), 4, 'plans[0].match.resource', 'set LAB_RESOURCE'],
    ['what is no variable', plan('match: { resource: "${lab resource}" }'), 4, 'plans[0].match.resource', 'write ${NAME}'],
    ['a section that is no section', lines('providers: builtin'), 1, 'providers', 'named entries'],
  ])('%s is refused at its line with what would be right', (_, text, line, path, fix) => {
    const problems = refused(text);
    const problem = problems.find((candidate) => candidate.path === path && candidate.severity === 'error');
    expect(problem, problems.map(formatProblem).join('\n')).toMatchObject({ file: 'latchkey.yaml', line });
    expect(problem?.fix).toContain(fix);
  });

  test.each([
    ['what is not YAML', lines('plans:', '  - name: lab', '  provider: [x'), 4],
    ['a name that stands twice in one place', lines('providers:', '  a: { driver: builtin }', '  a: { driver: builtin }'), 3],
  ])('%s is refused at its line', (_, text, line) => {
    expect(refused(text)[0]).toMatchObject({ severity: 'error', line: expect.any(Number) });
    expect(refused(text).some((problem) => Math.abs(problem.line! - line) <= 1)).toBe(true);
  });

  test('an alias bomb is refused and not eaten', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
    expect(refused(bomb.join('\n'))[0]).toMatchObject({ severity: 'error' });
    expect(refused('plans: *nothing')[0]).toMatchObject({ severity: 'error' });
  });

  test('all problems come at once, in the order of the file, and one bad entry hides no other', () => {
    const problems = refused(
      lines(
        'sources:',
        '  a: { preset: nope, secrets: [x] }',
        '  b: { preset: standard, secret: x }',
        'plans:',
        '  - name: lab',
        '    provider: nope',
        '    window: { longest: 1 }',
      ),
    );
    expect(problems.map((problem) => [problem.line, problem.path])).toEqual([
      [2, 'sources.a.preset'],
      [3, 'sources.b.secret'],
      [6, 'plans[0].provider'],
      [7, 'plans[0].window.longest'],
    ]);
    const mended = refused(
      lines('sources:', '  a: { preset: nope, secrets: [x] }', 'plans:', '  - name: lab', '    provider: nope'),
    );
    expect(mended.map((problem) => problem.path)).toEqual(['sources.a.preset', 'plans[0].provider']);
  });

  test('a problem never repeats what came from the environment', () => {
    const problems = refused(
      lines(
        'sources:',
        '  a: { preset: "${LEAK}", secrets: [x] }',
        'providers:',
        '  p: { driver: "${LEAK}" }',
        'plans:',
        '  - { name: "${LEAK}", provider: "${LEAK}" }',
      ),
      { ...ENV, LEAK: 'hush-hush-value' },
    );
    expect(problems.length).toBeGreaterThan(2);
    expect(JSON.stringify(problems)).not.toContain('hush-hush-value');
    expect(JSON.stringify(problems)).toContain('${LEAK}');
  });

  test('a plan that can never match, and a channel that nothing is configured for, are warnings', () => {
    const { warnings } = accepted(
      `${plan('handover: { by: [email] }')}\n  - { name: late, provider: builtin, match: { resource: x } }`,
    );
    expect(warnings).toMatchObject([
      { line: 4, path: 'plans[0].handover.by[0]', fix: 'set SMTP_URL' },
      { line: 5, path: 'plans[1]', message: expect.stringContaining('never match') },
    ]);
  });

  test('a problem reads like one of a compiler', () => {
    expect(formatProblem(refused(plan('window: { longset: 8h }'))[0]!)).toBe(
      'latchkey.yaml:4:15 plans[0].window.longset is not a setting; did you mean "longest"?',
    );
  });
});

describe('tokens', () => {
  test('are signed by EdDSA for PUBLIC_URL and the project, by a key of 90 days, where nothing is said', () => {
    const { tokens } = accepted('').policy;
    expect(tokens).toEqual({
      algorithm: 'EdDSA',
      issuer: 'http://localhost:8080',
      audience: undefined,
      rotateEveryMs: 90 * 86_400_000,
    });
  });

  test('are as the section says', () => {
    const text = 'tokens: { algorithm: RS256, issuer: "https://id.example", audience: lab, rotateEvery: 30d }';
    const rotateEveryMs = 30 * 86_400_000;
    expect(accepted(text).policy.tokens).toEqual({
      algorithm: 'RS256',
      issuer: 'https://id.example',
      audience: 'lab',
      rotateEveryMs,
    });
  });

  test.each([
    ['algorithm: HS256', 'tokens.algorithm'],
    ['issuer: campus', 'tokens.issuer'],
    ['audience: ""', 'tokens.audience'],
    ['rotateEvery: 1m', 'tokens.rotateEvery'],
    ['secret: abc', 'tokens.secret'],
  ])('cannot have %s', (text, path) => {
    expect(refused(`tokens: { ${text} }`)).toMatchObject([{ severity: 'error', line: 1, path }]);
  });
});

describe('what a driver does not enforce', () => {
  const limitsOf = (unenforced: readonly string[]): LimitReport => {
    const by = (limit: string): { by: Enforcement } => ({ by: unenforced.includes(limit) ? 'none' : 'gateway' });
    return {
      scopes: by('scopes'),
      endpoints: by('endpoints'),
      methods: by('methods'),
      quota: by('quota'),
      rate: by('rate'),
      allowedIps: by('allowedIps'),
      notBefore: by('notBefore'),
      expiry: by('expiry'),
    };
  };
  const checkAt = (text: string, driver: Enforcer) => {
    const { policy, lineOf } = accepted(text);
    return checkEnforcement({ file: 'latchkey.yaml', policy, driverOf: () => driver, lineOf });
  };
  const check = (text: string, unenforced: readonly string[]) => checkAt(text, { limits: limitsOf(unenforced) });

  test.each([
    ['quota', plan('quota: { max: 5 }'), 4],
    ['rate', plan('rateLimit: { max: 5/hour }'), 4],
    ['endpoints', plan('endpoints: { allowed: [/api/**] }'), 4],
    ['allowedIps', plan('allowedIps: [10.0.0.0/8]'), 4],
    ['scopes', plan('scopes: { allowed: [read] }'), 4],
    ['methods', plan(), 2],
    ['expiry', plan(), 2],
  ])('%s that a plan asks for stops the start, at the line of the plan', (limit, text, line) => {
    expect(check(text, [limit])).toMatchObject([
      { severity: 'error', line, message: expect.stringContaining(`asks for ${limit},`) },
    ]);
    expect(check(`${text}\n    unenforced: accept`, [limit])).toEqual([]);
    expect(check(text, [])).toEqual([]);
  });

  test.each([
    ['quota', plan('quota: none')],
    ['rate', plan('rateLimit: none')],
    ['endpoints', plan()],
    ['allowedIps', plan()],
    ['notBefore', plan()],
  ])('%s that no plan asks for does not matter', (limit, text) => {
    expect(check(text, [limit])).toEqual([]);
  });

  test('nobody can accept a token where its provider knows nothing of tokens', () => {
    const text = plan('tokenType: jwt\n    unenforced: accept');
    const knowing: Enforcer = { limits: { ...limitsOf([]), tokens: { by: 'gateway' } } };
    expect(check(text, ['quota'])).toMatchObject([
      { line: 4, path: 'plans[0].tokenType', fix: expect.stringContaining('builtin') },
    ]);
    expect(checkAt(text, knowing)).toEqual([]);
  });

  /** As one whose quotas are of months, whose rates are of seconds up to a hundred, and which knows nothing of admins. */
  const particular: Enforcer = {
    limits: limitsOf([]),
    limitsFor: ({ quota, rateLimit, scopes }) => ({
      ...limitsOf([]),
      ...(quota && quota.per !== 'month' && { quota: { by: 'none', note: `no quota of a ${quota.per}` } }),
      ...(rateLimit && { rate: { by: rateLimit.per !== 'second' || rateLimit.limit > 100 ? 'none' : 'approximate' } }),
      ...(scopes.includes('admin') && { methods: { by: 'none' } }),
    }),
  };

  const few = (settings: string) => plan(`scopes: { allowed: [read, write] }\n    ${settings}`);

  test.each<[string, string, string[]]>([
    ['the period of its quota', few('quota: { max: 5, per: day }\n    rateLimit: none'), ['quota']],
    ['a default rate of another period', few('quota: none\n    rateLimit: { default: 50/hour, max: 50/second }'), ['rate']],
    ['the most that it grants', few('quota: none\n    rateLimit: { default: 5/second, max: 500/second }'), ['rate']],
    ['all the scopes that it allows', plan('quota: none\n    rateLimit: none'), ['methods']],
    ['nothing', few('quota: { max: 5, per: month }\n    rateLimit: { default: 5/second, max: 50/second }'), []],
  ])('a plan is judged by what it asks for at each end: here %s does not start', (_, text, limits) => {
    const problems = checkAt(text, particular);
    expect(problems.map(({ message }) => /asks for (\w+),/.exec(message)![1])).toEqual(limits);
    expect(checkAt(`${text}\n    unenforced: accept`, particular)).toEqual([]);
  });

  test.each([
    ['limits', 'limits: [9/second]'],
    ['deniedIps', 'deniedIps: [10.0.0.0/8]'],
    ['hours', 'hours: [{ from: "08:00", to: "18:00", zone: UTC }]'],
    ['tokens', 'tokenType: jwt'],
    ['scopeEndpoints', 'scopes: { allowed: [read, there] }'],
  ])('%s that a driver does not mention is kept by nobody, and stops the start', (limit, section) => {
    const scopes = section.startsWith('scopes') ? '' : '\n    scopes: { allowed: [read] }';
    const described = 'scopes: { read: { methods: [GET] }, there: { methods: [GET], endpoints: [/there] } }';
    const text = `${described}\n${plan(section + scopes)}`;
    expect(check(text, []).map(({ message }) => /asks for (\w+),/.exec(message)![1])).toEqual([limit]);
    const keeps: Enforcer = { limits: { ...limitsOf([]), [limit]: { by: 'latchkey' } } };
    expect(checkAt(text, keeps)).toEqual([]);
  });

  test('the note is of the answer that counts', () => {
    const [problem] = checkAt(few('quota: { max: 5, per: day }\n    rateLimit: none'), particular);
    expect(problem!.message).toContain('does not enforce (no quota of a day)');
  });

  test('of several answers the weakest is shown, and nothing that a plan does not ask for', () => {
    const { policy } = accepted(few('quota: { max: 5, per: month }\n    rateLimit: { default: 5/second, max: 500/second }'));
    const limits = limitsOfDriver(particular, askedOf(policy.plans[0]!, policy.scopes));
    expect(limits).toEqual({
      scopes: { by: 'gateway' },
      methods: { by: 'gateway' },
      expiry: { by: 'gateway' },
      quota: { by: 'gateway' },
      rate: { by: 'none' },
    });
    expect(enforcedBy(limits)).toBe('gateway: scopes methods quota expiry; none: rate');
  });
});
