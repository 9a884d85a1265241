import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/secret/secret.ts';
import { aCall, hoursFromNow, sampleRequest } from '../contract-world.ts';
import type { Exchange, KeyRef } from '../driver.ts';
import { toolsFor } from '../contract-world.ts';
import { generic } from './driver.ts';
import type { Handle } from './handle.ts';
import { type Asked, type FakeVendor, startVendor, type Told } from './fake-vendor.ts';

/* What the language of presets can say, each part against a vendor that is made up for it. */

const none = { by: 'none' };
const limits = {
  scopes: none,
  endpoints: none,
  methods: none,
  quota: none,
  rate: none,
  allowedIps: none,
  notBefore: none,
  expiry: none,
};
const put = { ask: 'create the key', method: 'PUT', path: '/keys/{{ name }}', body: { secret: '{{ key }}' } };
const remove = { ask: 'delete the key', method: 'DELETE', path: '/keys/{{ name }}', gone: [404] };
const base = { about: 'made up', limits, issue: [put], revoke: [remove], check: { ask: 'look', path: '/' } };

const TOKEN = 'token-of-the-vendor';

async function opened(preset: object, answer: (asked: Asked) => Told, settings: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'preset-'));
  const file = join(folder, 'mine.yaml');
  writeFileSync(file, JSON.stringify({ ...base, ...preset }));
  const vendor = await startVendor(answer);
  onTestFinished(async () => {
    rmSync(folder, { recursive: true });
    await vendor.close();
  });
  const config = generic.config.parse({ endpoint: `${vendor.url}/base`, token: TOKEN, preset: file, settings });
  return { vendor, driver: generic.open(config, toolsFor('acme')) };
}

/** A vendor that keeps whatever is put, by its path. */
function shelf() {
  const kept = new Map<string, Record<string, unknown>>();
  const answer = ({ method, path, body }: Asked): Told => {
    const there = kept.get(path);
    if (method === 'DELETE') return kept.delete(path) ? [204] : [404, {}];
    if (method === 'GET') return there ? [200, there] : [404, {}];
    kept.set(path, { ...there, ...(body as object) });
    return [there ? 200 : 201, kept.get(path)];
  };
  return { kept, answer };
}

const lines = ({ asked }: FakeVendor) => asked.map(({ method, path }) => `${method} ${path}`);
const refOf = (handle: Handle | null, secret: Secret | null = null): KeyRef<Handle> => ({
  name: sampleRequest().name,
  handle,
  secret,
});
const NAME = sampleRequest().name;

describe('the token goes', () => {
  test.for([
    ['as a bearer, unless it is said otherwise', undefined, { authorization: `Bearer ${TOKEN}` }],
    ['in a header of its own', { header: 'X-Admin' }, { 'x-admin': TOKEN }],
    ['with a word before it', { header: 'Authorization', prefix: 'Key ' }, { authorization: `Key ${TOKEN}` }],
    [
      'as a password',
      { basic: '{{ settings.user }}' },
      { authorization: `Basic ${Buffer.from(`root:${TOKEN}`).toString('base64')}` },
    ],
  ] as const)('%s', async ([, auth, headers]) => {
    const settings = { user: { about: 'who asks', default: 'root' } };
    const { vendor, driver } = await opened({ auth, settings }, () => [200]);
    await driver.check(aCall());
    expect(vendor.asked[0]?.headers).toMatchObject(headers);
    if (!('authorization' in headers)) expect(vendor.asked[0]?.headers).not.toHaveProperty('authorization');
  });
});

test('query and headers go out encoded, and without what is absent', async () => {
  const issue = [
    {
      ...put,
      query: { by: '{{ holder.name }}', rate: '{{ rate.limit }}', n: 1 },
      headers: { 'X-Lease': '{{ lease }}', 'X-None': '{{ allowedIps }}' },
    },
  ];
  const { vendor, driver } = await opened({ issue }, () => [200]);
  await driver.issue(sampleRequest({ holder: { id: '1', name: 'a&b=c d' }, rateLimit: undefined }), aCall());
  expect(vendor.asked[0]?.query).toEqual({ by: 'a&b=c d', n: '1' });
  expect(vendor.asked[0]?.headers).toMatchObject({ 'x-lease': 'lse_0001' });
  expect(vendor.asked[0]?.headers).not.toHaveProperty('x-none');
});

describe('a status that a step names', () => {
  test.for([
    ['retry', 'transient'],
    ['rejected', 'rejected'],
    ['full', 'full'],
  ] as const)('%s is %s', async ([meaning, kind]) => {
    const { driver } = await opened({ issue: [{ ...put, [meaning]: [418] }] }, () => [418, {}]);
    await expect(driver.issue(sampleRequest(), aCall())).rejects.toMatchObject({ kind, status: 418 });
  });

  test('exists is done, and the key was there before', async () => {
    const { driver } = await opened({ issue: [{ ...put, ok: [201], exists: [200] }] }, shelf().answer);
    expect(await driver.issue(sampleRequest(), aCall())).toMatchObject({ existed: false });
    expect(await driver.issue(sampleRequest(), aCall())).toMatchObject({ existed: true });
  });

  test('that means something else than done is no longer done by default', async () => {
    const { driver } = await opened({ issue: [{ ...put, rejected: [200] }] }, () => [200, {}]);
    await expect(driver.issue(sampleRequest(), aCall())).rejects.toMatchObject({ kind: 'rejected' });
  });
});

test('steps go in order, and only where their condition holds; those of a group and of forEach all go', async () => {
  const step = (path: string, more: object = {}) => ({ ask: 'set it', method: 'PUT', path, ...more });
  const issue = [
    put,
    { parallel: [step('/a/{{ scope }}', { forEach: 'scope in scopes' }), step('/b', { when: 'allowedIps' })] },
    step('/c', { when: ['quota', 'rate'] }),
  ];
  const { vendor, driver } = await opened({ issue }, () => [200]);
  await driver.issue(sampleRequest(), aCall());
  const [first, ...rest] = lines(vendor);
  expect(first).toBe(`PUT /base/keys/${NAME}`);
  expect(rest.slice(0, 2).sort()).toEqual(['PUT /base/a/read', 'PUT /base/a/submit']);
  expect(rest.slice(2)).toEqual(['PUT /base/c']);
});

test('what undoes each step revokes, the last one first', async () => {
  const undo = (path: string) => ({ ask: 'undo it', method: 'DELETE', path, gone: [404] });
  const issue = [
    { ...put, undo: undo('/keys/{{ name }}') },
    {
      parallel: [
        { ...put, path: '/a/{{ name }}', undo: undo('/a/{{ name }}') },
        { ...put, path: '/b/{{ name }}' },
      ],
    },
  ];
  const { vendor, driver } = await opened({ issue, revoke: undefined }, shelf().answer);
  await driver.issue(sampleRequest(), aCall());
  await driver.revoke(refOf(null), aCall());
  expect(lines(vendor).slice(-2)).toEqual([`DELETE /base/a/${NAME}`, `DELETE /base/keys/${NAME}`]);
});

test('an id of ours is the same in every call, and not stored', async () => {
  const issue = [{ ...put, path: '/keys/{{ id }}' }];
  const { kept, answer } = shelf();
  const { driver } = await opened({ id: '{{ name | uuid5 }}', issue, revoke: [{ ...remove, path: '/keys/{{ id }}' }] }, answer);
  expect((await driver.issue(sampleRequest(), aCall())).handle).toEqual({});
  expect(kept.size).toBe(1);
  await driver.revoke(refOf({}), aCall());
  expect(kept.size).toBe(0);
});

test('the value is in the handle only where it finds the key', async () => {
  const byValue = { ...remove, path: '/keys/{{ key }}' };
  const { driver: byName } = await opened({}, shelf().answer);
  const { driver } = await opened({ issue: [{ ...put, path: '/keys/{{ key }}' }], revoke: [byValue] }, shelf().answer);
  expect((await byName.issue(sampleRequest(), aCall())).handle).toEqual({});
  expect((await driver.issue(sampleRequest(), aCall())).handle).toEqual({ apiKey: sampleRequest().secret });
  await expect(driver.revoke(refOf(null), aCall())).rejects.toMatchObject({
    kind: 'rejected',
    message: expect.stringContaining('acme: the key'),
  });
});

describe('a vendor that makes ids', () => {
  /** POST makes one more, whatever is there; `ours` has only our names, two to a page. */
  function maker(answerOfCreate: (made: object) => Told = (made) => [201, made]) {
    const keys = new Map<string, { id: string; label: string; secret: string; held: boolean }>();
    const answer = ({ method, path, query, body }: Asked): Told => {
      const id = path.split('/')[3] ?? '';
      if (method === 'POST' && !id) {
        const made = {
          id: `srv-${keys.size + 1}`,
          secret: `theirs-${keys.size + 1}`,
          held: false,
          ...(body as { label: string }),
        };
        keys.set(made.id, made);
        return answerOfCreate({ data: made });
      }
      if (method === 'PATCH') Object.assign(keys.get(id) ?? {}, body);
      if (method === 'DELETE') return keys.delete(id) ? [204] : [404, {}];
      if (id) return keys.has(id) ? [200, keys.get(id)] : [404, {}];
      const all = [...keys.values()].filter(({ label }) => query['label'] === undefined || label === query['label']);
      const from = Number(query['after'] ?? 0);
      return [200, { data: all.slice(from, from + 2), next: from + 2 < all.length ? String(from + 2) : null }];
    };
    return { keys, answer };
  }
  const listing = {
    ask: 'list the keys',
    path: '/keys',
    items: '/data',
    name: '/label',
    keep: { id: '/id' },
    paging: { by: 'cursor', at: '/next' },
  };
  const preset = {
    issue: [
      {
        ask: 'create the key',
        when: 'not found',
        method: 'POST',
        path: '/keys',
        body: { label: '{{ name }}', own: '{{ key }}' },
        keep: { id: '/data/id' },
      },
      { ask: 'tag it', method: 'PATCH', path: '/keys/{{ id }}', body: { tag: 1 } },
    ],
    find: { ...listing, query: { label: '{{ name }}', after: '{{ cursor }}' } },
    list: { ...listing, query: { after: '{{ cursor }}' } },
    revoke: [{ ...remove, path: '/keys/{{ id }}' }],
    suspend: [{ ask: 'hold it', method: 'PATCH', path: '/keys/{{ id }}', body: { held: true } }],
    resume: [{ ask: 'let it go', method: 'PATCH', path: '/keys/{{ id }}', body: { held: false } }],
    probe: { ask: 'look for it', path: '/keys/{{ id }}', gone: [404], held: { at: '/held', is: true } },
  };
  const theirs = {
    ...preset,
    issue: [
      {
        ...preset.issue[0],
        when: undefined,
        body: { label: '{{ name }}' },
        keep: { id: '/data/id', key: '/data/secret', of: '/data/label' },
      },
    ],
  };

  test('is asked by id, and where the answer was lost, by name', async () => {
    const { keys, answer } = maker();
    const { driver } = await opened(preset, answer);
    const kept: unknown[] = [];
    const { handle, existed } = await driver.issue(sampleRequest(), { ...aCall(), keep: async (one) => void kept.push(one) });
    expect([handle, existed, kept]).toEqual([{ id: 'srv-1' }, false, [{ id: 'srv-1' }]]);
    expect(await driver.issue(sampleRequest(), aCall())).toEqual({ handle: { id: 'srv-1' }, existed: true });
    await driver.suspend?.(refOf(null), aCall());
    expect(await driver.probe?.(refOf(handle), aCall())).toBe('held');
    await driver.resume?.(refOf(handle), aCall());
    expect(await driver.probe?.(refOf(null), aCall())).toBe('works');
    await driver.revoke(refOf(null), aCall());
    expect(keys.size).toBe(0);
    await driver.revoke(refOf(null), aCall());
    await driver.revoke(refOf(handle), aCall());
    expect([await driver.probe?.(refOf(null), aCall()), await driver.probe?.(refOf(handle), aCall())]).toEqual(['gone', 'gone']);
    await expect(driver.suspend?.(refOf(null), aCall())).rejects.toMatchObject({ kind: 'gone' });
  });

  test('and values makes the key anew where the answer was lost', async () => {
    const { keys, answer } = maker();
    const { driver } = await opened(theirs, answer);
    await driver.issue(sampleRequest(), aCall());
    const { handle, secret, existed } = await driver.issue(sampleRequest(), aCall());
    expect([...keys.values()].map((key) => key.secret)).toEqual([secret?.reveal()]);
    expect({ handle, existed }).toEqual({ handle: { id: [...keys.keys()][0], kept: { of: NAME } }, existed: false });
  });

  test('has all of a name revoked, where more than one came of it', async () => {
    const { keys, answer } = maker();
    for (const id of ['a', 'b', 'c']) keys.set(id, { id, label: NAME, secret: id, held: false });
    keys.set('d', { id: 'd', label: 'lk-other-1', secret: 'd', held: false });
    const { driver } = await opened(theirs, answer);
    await driver.revoke(refOf(null), aCall());
    expect([...keys.keys()]).toEqual(['d']);
  });

  test('tells none in its answer: that is no success', async () => {
    const { driver } = await opened(theirs, maker(() => [201, { data: {} }]).answer);
    await expect(driver.issue(sampleRequest(), aCall())).rejects.toMatchObject({ kind: 'transient' });
  });

  test('lists what is ours, over all pages, with what finds it again', async () => {
    const { keys, answer } = maker();
    const { driver } = await opened(preset, answer);
    for (const label of ['lk-1-1', 'lk-2-1', 'people', 'lk-3-1', 'lk-4-1'])
      keys.set(label, { id: label, label, secret: '', held: false });
    const seen: KeyRef<Handle>[] = [];
    for await (const one of driver.list?.(aCall()) ?? []) seen.push(one);
    expect(seen.map(({ name }) => name)).toEqual(['lk-1-1', 'lk-2-1', 'lk-3-1', 'lk-4-1']);
    for (const one of seen) await driver.revoke(one, aCall());
    expect([...keys.keys()]).toEqual(['people']);
  });
});

describe('a list', () => {
  const names = Array.from({ length: 5 }, (_, index) => ({ name: `lk-${index}-1` }));
  const from = (start: number) => names.slice(start, start + 2);
  const places: [string, object, (query: Asked['query'], url: () => string) => object][] = [
    ['by page', { by: 'page', from: 0 }, ({ at }) => ({ items: from(Number(at) * 2) })],
    ['by page, from 1 as most do', { by: 'page' }, ({ at }) => ({ items: from((Number(at) - 1) * 2) })],
    ['by offset', { by: 'offset' }, ({ at }) => ({ items: from(Number(at)) })],
    [
      'by cursor',
      { by: 'cursor', at: '/more' },
      ({ at = '0' }) => ({ items: from(Number(at)), more: Number(at) < 4 ? String(Number(at) + 2) : '' }),
    ],
    [
      'by link',
      { by: 'link', at: '/more' },
      ({ at = '0' }) => ({ items: from(Number(at)), ...(Number(at) < 4 && { more: `/base/keys?at=${Number(at) + 2}` }) }),
    ],
    [
      'by a whole link',
      { by: 'link', at: '/more' },
      ({ at = '0' }, url) => ({
        items: from(Number(at)),
        ...(Number(at) < 4 && { more: `${url()}/base/keys?at=${Number(at) + 2}` }),
      }),
    ],
    [
      'by a link that does not know the path before it',
      { by: 'link', at: '/more' },
      ({ at = '0' }) => ({ items: from(Number(at)), ...(Number(at) < 4 && { more: `/keys?at=${Number(at) + 2}` }) }),
    ],
  ];
  const list = (paging: object, at: string) => ({
    ask: 'list the keys',
    path: '/keys',
    query: at ? { at } : {},
    items: '/items',
    name: '/name',
    paging,
  });
  const collect = async (paging: { by?: string }, answer: (query: Asked['query'], url: () => string) => object) => {
    const at = paging.by === 'link' ? '' : `{{ ${paging.by} }}`;
    const { driver, vendor } = await opened({ list: list(paging, at) }, ({ query, path }) =>
      path === '/base/keys' ? [200, answer(query, () => vendor.url)] : [500],
    );
    const seen: string[] = [];
    for await (const { name } of driver.list?.(aCall()) ?? []) seen.push(name);
    return seen;
  };

  test.for(places)('goes on %s', async ([, paging, answer]) => {
    expect(await collect(paging, answer)).toEqual(names.map(({ name }) => name));
  });

  test('follows no link to another place, and no cursor for ever', async () => {
    const elsewhere = collect({ by: 'link', at: '/more' } as object, () => ({
      items: from(0),
      more: 'https://elsewhere.test/keys',
    }));
    await expect(elsewhere).rejects.toMatchObject({ kind: 'transient', message: expect.not.stringContaining('elsewhere.test') });
    const again = collect({ by: 'cursor', at: '/more' } as object, () => ({ items: from(0), more: 'x' }));
    await expect(again).rejects.toMatchObject({ kind: 'transient' });
  });

  test('in another form is an error, not the end', async () => {
    await expect(collect({ by: 'offset' }, () => ({ keys: [] }))).rejects.toMatchObject({ kind: 'transient' });
  });
});

test('usage may be told by what remains', async () => {
  const usage = {
    ask: 'read the usage',
    path: '/keys/{{ name }}',
    gone: [404],
    remaining: '/left',
    limit: '/of',
    refused: '/no',
  };
  const { driver } = await opened({ usage }, ({ method }) => (method === 'GET' ? [200, { left: 70, of: 100, no: null }] : [200]));
  const range = { from: hoursFromNow(-1), to: hoursFromNow(1) };
  expect(await driver.usage?.(refOf({}), range, aCall())).toEqual({ used: 30, limit: 100, refused: undefined });
});

test('limits answer for what is asked', async () => {
  const quota = {
    by: 'gateway',
    note: 'exact',
    cases: [
      { when: 'quota.per is reservation', by: 'approximate', note: 'by the month' },
      { when: 'quota.per in second, minute', by: 'none' },
    ],
  };
  const { driver } = await opened({ limits: { ...limits, quota } }, () => [200]);
  const by = (per: 'reservation' | 'minute' | 'month') => driver.limitsFor?.(sampleRequest({ quota: { limit: 1, per } })).quota;
  expect([driver.limits.quota, by('month'), by('reservation'), by('minute')]).toEqual([
    { by: 'gateway', note: 'exact' },
    { by: 'gateway', note: 'exact' },
    { by: 'approximate', note: 'by the month' },
    { by: 'none' },
  ]);
  expect((await opened({}, () => [200])).driver.limitsFor).toBeUndefined();
});

test('a power that the preset has not is not there, and values may need a form', async () => {
  const { driver } = await opened({ keyForm: { lead: 'sk-', joint: '' } }, () => [200]);
  for (const power of ['retime', 'suspend', 'resume', 'usage', 'probe', 'list'] as const) expect(driver[power]).toBeUndefined();
  expect(driver.keyForm).toEqual({ lead: 'sk-', joint: '' });
});

test('settings come from the configuration, and what is wrong with them is told', async () => {
  const settings = {
    api: { about: 'the API' },
    groups: { about: 'by scope', is: 'map', default: {} },
    hosts: { about: 'hosts', is: 'list', default: [] },
  };
  const preset = {
    settings,
    issue: [{ ...put, path: '/{{ settings.api }}/{{ name }}', body: { groups: '{{ scopes | from(settings.groups) }}' } }],
  };
  const { vendor, driver } = await opened(preset, () => [200], { api: 'a-1', groups: { read: 'readers' } });
  await driver.issue(sampleRequest(), aCall());
  expect(vendor.asked[0]).toMatchObject({ path: `/base/a-1/${NAME}`, body: { groups: ['readers'] } });
  for (const wrong of [{}, { api: ['a'] }, { api: 'a', more: 'b' }, { api: 'a', hosts: 'x' }])
    await expect(opened(preset, () => [200], wrong)).rejects.toMatchObject({
      issues: [{ path: ['settings', expect.any(String)] }],
    });
});

test('a trial is told each request, without its headers', async () => {
  const { driver } = await opened({ auth: { header: 'X-Admin' } }, ({ method }) => (method === 'PUT' ? [201, {}] : [404, {}]));
  const told: Exchange[] = [];
  const call = { ...aCall(), trace: (one: Exchange) => void told.push(one) };
  await driver.issue(sampleRequest(), call);
  await driver.revoke(refOf({}), call);
  await driver.check({ ...call, signal: AbortSignal.abort() }).catch(() => {});
  expect(told).toEqual([
    {
      method: 'PUT',
      url: expect.stringMatching(/^127\.0\.0\.1:\d+\/base\/keys\/lk-/),
      body: { secret: sampleRequest().secret.reveal() },
      status: 201,
      ms: expect.any(Number),
    },
    { method: 'DELETE', url: expect.any(String), status: 404, ms: expect.any(Number) },
    { method: 'GET', url: expect.any(String), ms: expect.any(Number) },
  ]);
  expect(JSON.stringify(told)).not.toContain(TOKEN);
});

test('a handle that was stored before presets were files is read', () => {
  expect(generic.handle.parse({ apiKey: new Secret('old') })).toEqual({ apiKey: new Secret('old') });
});

test('hours and seconds to the end are never none', async () => {
  const issue = [{ ...put, body: { ttl: '{{ expires.ttlS }}', hours: '{{ expires.ttlHours }}' } }];
  const { vendor, driver } = await opened({ issue }, () => [200]);
  await driver.issue(sampleRequest({ window: { opensAt: new Date(0), closesAt: new Date(1) } }), aCall());
  await driver.issue(sampleRequest({ window: { opensAt: new Date(), closesAt: new Date(Date.now() + 5_400_000) } }), aCall());
  expect(vendor.asked.map(({ body }) => body)).toEqual([
    { ttl: 1, hours: 1 },
    { ttl: expect.toSatisfy((ttl: number) => ttl > 5000 && ttl <= 5400), hours: 2 },
  ]);
});
