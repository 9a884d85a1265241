import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generic } from './driver.ts';
import { compileCondition } from './condition.ts';
import type { Context } from './expression.ts';
import { BadPreset, loadPreset, parsePreset, shippedPresets } from './preset-file.ts';
import { compilePath, compileTree } from './template.ts';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const [example = ''] = [...readme.matchAll(/```yaml\n(about:[\s\S]*?)```/g)].map((match) => match[1]!);

test('every file of the folder is a preset that can be used, and the README lists it', () => {
  const files = readdirSync(new URL('presets/', import.meta.url)).filter((file) => file.endsWith('.yaml'));
  expect(shippedPresets()).toEqual(files.map((file) => file.replace('.yaml', '')).sort());
  for (const name of shippedPresets()) {
    expect(loadPreset(name).about).toBeTruthy();
    expect(readme).toContain(`\n| \`${name}\` `);
  }
});

test('a shipped preset is read once', () => {
  expect(loadPreset('seed')).toBe(loadPreset('seed'));
});

test("an operator's own is read again with each configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), 'preset-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'acme.yaml');
  const abouts = ['before', 'after'].map((about) => {
    writeFileSync(file, example.replace(/^about: .*/, `about: ${about}`));
    return generic.config.parse({ endpoint: 'https://m.example', token: 't', preset: file, settings: { api: 'a' } }).preset.about;
  });
  expect(abouts).toEqual(['before', 'after']);
});

test('the example of the README is a preset', () => {
  expect(parsePreset(example, 'acme.yaml').issue).toHaveLength(2);
});

const values = {
  name: 'lk-1',
  key: 'k',
  none: undefined,
  empty: '',
  holder: { id: 'u/7', name: 'Ada "the first"' },
  scopes: ['read', 'submit'],
  methodsByScope: { read: ['GET'] },
  quota: { limit: 5, per: 'month' },
  tables: { period: { month: 30 } },
  settings: { groups: { read: 'readers' } },
  dots: '..',
};
const NAMES = [
  'name',
  'key',
  'none',
  'empty',
  'holder.id',
  'holder.name',
  'scopes',
  'quota.limit',
  'quota.per',
  'rate.limit',
  'dots',
];

function reading(): { context: Context; problems: string[] } {
  const problems: string[] = [];
  const names = new Set([...NAMES, 'tables.period', 'settings.groups']);
  return { problems, context: { names, at: [], report: (path, message) => void problems.push(`${path.join('.')} ${message}`) } };
}

const trees: [string, unknown, unknown][] = [
  ['a placeholder alone keeps its type', { limit: '{{ quota.limit }}' }, { limit: 5 }],
  ['in a text it is text', '{{ quota.limit }}/{{ quota.per }}', '5/month'],
  ['quotes stay in their field', { by: '{{ holder.name }}' }, { by: 'Ada "the first"' }],
  ['what is absent takes its field along', { a: '{{ rate.limit }}', b: 1, c: 'at {{ none }}' }, { b: 1 }],
  ['and its place in a list', ['{{ none }}', '{{ name }}'], ['lk-1']],
  ['an empty list is a value', { scopes: '{{ scopes | from(tables.period) }}' }, { scopes: [] }],
  ['names of fields are texts too', { '{{ quota.per }}': '{{ quota.limit }}' }, { month: 5 }],
  ['default stands in for what is absent or empty', ['{{ none | default(name) }}', "{{ empty | default('x') }}"], ['lk-1', 'x']],
  ['from looks up', '{{ quota.per | from(tables.period) }}', 30],
  ['from looks up each of a list', '{{ scopes | from(settings.groups) }}', ['readers']],
  ['join makes one text', "{{ scopes | join(', ') }}", 'read, submit'],
  ['methods are those of a scope', { $for: 'one in scopes', $each: '{{ one | methods }}' }, [['GET'], []]],
  ['$for makes a list', { $for: 'one in scopes', $each: { is: '{{ one }}' } }, [{ is: 'read' }, { is: 'submit' }]],
  [
    '$key makes it an object',
    { $for: 'one in scopes', $key: 'may_{{ one }}', $each: true },
    { may_read: true, may_submit: true },
  ],
  [
    '$when leaves an object out',
    [
      { $when: 'rate', a: 1 },
      { $when: 'quota', a: 2 },
    ],
    [{ a: 2 }],
  ],
  ['what is no text stays as it is', [1, true, null, {}], [1, true, null, {}]],
  [
    'uuid5 is the same each time',
    '{{ name | uuid5 }}',
    expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  ],
];

test.for(trees)('%s', ([, tree, wanted]) => {
  const { context, problems } = reading();
  expect(compileTree(tree, context)(values)).toEqual(wanted);
  expect(problems).toEqual([]);
});

test('uuid5 tells apart what is given beside the value', () => {
  const { context } = reading();
  const ids = compileTree(['{{ name | uuid5 }}', "{{ name | uuid5('acl', key) }}", "{{ name | uuid5('acl') }}"], context)(values);
  expect(new Set(ids as string[]).size).toBe(3);
});

test.for([
  ['/api/**', '/api', true],
  ['/api/**', '/api/a/b', true],
  ['/api/**', '/apis', false],
  ['/labs/*', '/labs/1', true],
  ['/labs/*', '/labs/1/2', false],
  ['/v1.0/a', '/v1x0/a', false],
  ['/**', '/', true],
] as const)('the regular expression of %s and the path %s', ([glob, path, matches]) => {
  const { context } = reading();
  const regex = compileTree(`{{ '${glob}' | pathRegex }}`, context)(values);
  expect(new RegExp(String(regex)).test(path)).toBe(matches);
});

test.for([
  ['quota', true],
  ['rate', false],
  ['not rate', true],
  ['empty', false],
  ['scopes', true],
  ['quota.per is month', true],
  ['quota.per is not month', false],
  ['quota.per in hour, month', true],
  ['quota.per in hour, day', false],
  [['quota', 'rate'], false],
  [['quota', 'not rate'], true],
] as const)('the condition %j holds: %s', ([condition, holds]) => {
  const { context, problems } = reading();
  expect(compileCondition(condition, context)(values)).toBe(holds);
  expect(problems).toEqual([]);
});

test('a value cannot leave its place in a path, and without one there is no path', () => {
  const { context } = reading();
  expect(compilePath('/keys/{{ holder.id }}/x', context)(values)).toBe('/keys/u%2F7/x');
  for (const name of ['dots', 'empty', 'none']) expect(() => compilePath(`/keys/{{ ${name} }}`, context)(values)).toThrow(name);
});

const OK = JSON.parse(JSON.stringify({ by: 'none' })) as object;
const good = {
  about: 'made up',
  limits: Object.fromEntries(
    ['scopes', 'endpoints', 'methods', 'quota', 'rate', 'allowedIps', 'notBefore', 'expiry'].map((limit) => [limit, OK]),
  ),
  issue: [{ ask: 'create it', method: 'PUT', path: '/keys/{{ name }}' }],
  revoke: [{ ask: 'delete it', method: 'DELETE', path: '/keys/{{ name }}' }],
  check: { ask: 'look', path: '/' },
};
const [create] = good.issue;
const byId = [{ ask: 'delete it', path: '/keys/{{ id }}' }];

const bad: [string, object, string][] = [
  ['an unknown part', { isue: [] }, 'Unrecognized key: "isue"'],
  [
    'an unknown name',
    { issue: [{ ...create, body: { a: ['{{ holder.nmae }}'] } }] },
    'issue[0].body.a[0]: "holder.nmae" is no value here; there are holder.id, holder.name',
  ],
  [
    'a name that is not known here',
    { revoke: [{ ...create, path: '/{{ holder.id }}' }] },
    'revoke[0].path: "holder.id" is no value here; there are key, name',
  ],
  [
    'an unknown filter',
    { issue: [{ ...create, path: '/{{ name | upper }}' }] },
    'issue[0].path: "upper" is no filter; there are default,',
  ],
  [
    'a filter without its argument',
    { issue: [{ ...create, body: '{{ scopes | join }}' }] },
    'the filter "join" takes 1 arguments, not 0',
  ],
  ['a quote without end', { issue: [{ ...create, body: "{{ scopes | join(') }}" }] }, 'has a quote that does not end'],
  ['a placeholder without end', { issue: [{ ...create, body: 'a {{ name' }] }, 'begins with {{ and ends with }}'],
  ['a condition that is none', { issue: [{ ...create, when: 'quota > 5' }] }, 'issue[0].when: "quota > 5" is no condition'],
  ['a loop that is none', { issue: [{ ...create, forEach: 'scopes' }] }, 'issue[0].forEach: is written like "scope in scopes"'],
  [
    'a loop that hides a value',
    { issue: [{ ...create, forEach: 'name in scopes' }] },
    '"name" is the name of something else here',
  ],
  [
    '$for with other fields',
    { issue: [{ ...create, body: { $for: 'a in scopes', $each: 1, b: 2 } }] },
    'issue[0].body.b: beside $for are only',
  ],
  ['$for without $each', { issue: [{ ...create, body: { $for: 'a in scopes' } }] }, '$for needs $each'],
  ['an unknown $', { issue: [{ ...create, body: { $if: 'quota' } }] }, '"$" begins only'],
  ['a method', { issue: [{ ...create, method: 'put' }] }, 'issue[0].method: Invalid option'],
  ['a query in the path', { issue: [{ ...create, path: '/a?b={{ name }}' }] }, 'its query stands under query:'],
  ['a pointer', { issue: [{ ...create, keep: { x: 'data' } }] }, 'issue[0].keep.x: a JSON pointer such as /data/key'],
  ['a token in the query', { auth: { query: 'token' } }, 'a token in a query would stand in every access log'],
  ['a step in a group', { issue: [{ parallel: [create, { ask: 'more' }] }] }, 'issue[0].parallel[1].path: Invalid input'],
  ['a kept value of many answers', { issue: [{ ...create, forEach: 'one in scopes', keep: { x: '/x' } }] }, 'forEach has many'],
  ['limits that say nothing of one', { limits: { scopes: OK } }, 'limits.expiry: Invalid input'],
  [
    'a case of something unknown',
    { limits: { ...good.limits, quota: { by: 'none', cases: [{ when: 'holder.id', by: 'none' }] } } },
    'limits.quota.cases[0].when: "holder.id" is no value here',
  ],
  ['nothing that revokes', { revoke: undefined }, 'nothing takes a key away'],
  ['two ways to revoke', { issue: [{ ...create, undo: create }] }, 'say either what undoes each step, or revoke'],
  [
    'an id that is lost with its answer',
    { issue: [{ ...create, keep: { id: '/id' } }], revoke: byId },
    'revoke: needs id, which a lost answer would have told',
  ],
  [
    'two kinds of id',
    { id: '{{ name }}', issue: [{ ...create, keep: { id: '/id' } }] },
    'id: is made by us here and kept from an answer',
  ],
  [
    'a form for values of the vendor',
    { keyForm: { lead: 'a' }, issue: [{ ...create, keep: { key: '/key' } }] },
    'keyForm: is for values of ours',
  ],
  ['gone where a key is made', { issue: [{ ...create, gone: [404] }] }, 'issue[0].gone: means nothing'],
  [
    'exists where none is made',
    { revoke: [{ ...create, exists: [409] }] },
    'revoke: exists and repeated mean something only in issue',
  ],
  ['a probe that proves nothing', { probe: good.check }, 'probe: say in gone which status proves'],
  ['usage without a number', { usage: { ...good.check, limit: '/limit' } }, 'usage: give used, or remaining with limit'],
];

describe('a bad preset is told at its place', () => {
  test.for(bad)('%s', ([, change, message]) => {
    expect(() => parsePreset(JSON.stringify({ ...good, ...change }), 'mine.yaml')).toThrow(message);
  });

  test('all at once, each with line and column, also for what an anchor repeats', () => {
    const text = example
      .replace('holder.name', 'holder.nmae')
      .replace('by: gateway', 'by: gatewy')
      .replace('{{ name }}/usage', '{{ lease }}');
    const at = (word: string) => text.split('\n').findIndex((line) => line.includes(word)) + 1;
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^mine.yaml:${at('gatewy')}:\\d+ limits.quota.by: Invalid option`));
    expect(problemsOf(text.replace('gatewy', 'gateway'))).toEqual([
      expect.stringMatching(new RegExp(`^mine.yaml:${at('nmae')}:\\d+ issue\\[0\\].body.label: `)),
      expect.stringMatching(new RegExp(`^mine.yaml:${at('{{ lease }}')}:\\d+ usage.path: `)),
    ]);
  });

  test('text that is not YAML, too', () => {
    expect(problemsOf('about: [a')).toEqual([expect.stringMatching(/^mine.yaml:1:\d+ /)]);
  });
});

function problemsOf(text: string): readonly string[] {
  try {
    parsePreset(text, 'mine.yaml');
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(BadPreset);
    return (error as BadPreset).problems;
  }
}

test('a preset that is not there is a problem of the configuration, with what there is', () => {
  const parse = (preset: string) => generic.config.safeParse({ endpoint: 'https://m.example', token: 't', preset });
  expect(parse('seed').success).toBe(true);
  expect(parse('sed').error?.issues).toMatchObject([{ path: ['preset'], params: { fix: expect.stringContaining('seed') } }]);
  expect(parse('../seed').success).toBe(false);
  expect(parse('./nowhere.yaml').error?.issues).toMatchObject([{ params: { fix: expect.stringContaining('ENOENT') } }]);
});
