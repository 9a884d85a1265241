import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createLog, type Level, type Log } from '../src/observe/log.ts';
import { createMetrics } from '../src/observe/metrics.ts';
import { Secret } from '../src/secret/secret.ts';

const NOW = new Date('2026-01-31T12:00:00Z');

function logTo(level: Level = 'debug'): { log: Log; text: () => string; lines: () => Record<string, unknown>[] } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  const text = () => chunks.join('');
  const lines = () =>
    text()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log: createLog({ level, now: () => NOW, stream }), text, lines };
}

describe('a log line', () => {
  test('is one JSON object with the instant, the level, the message and the fields', () => {
    const { log, text } = logTo();
    log.info('key issued', { lease: 'lse_1', attempt: 2, at: 'nonsense' });
    expect(text()).toMatch(/^\{"at":/);
    expect(text().endsWith('}\n')).toBe(true);
    expect(JSON.parse(text())).toMatchObject({ level: 'info', message: 'key issued', lease: 'lse_1', attempt: 2 });
  });

  test('is written from its level on', () => {
    const { log, lines } = logTo('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines().map((line) => line['message'])).toEqual(['c', 'd']);
  });

  test('carries the fields of its children, and cannot be forged by one', () => {
    const { log, lines } = logTo();
    log
      .child({ requestId: 'r1' })
      .child({ lease: 'lse_1' })
      .info('said', { message: 'forged', level: 'error', text: 'a\n{"b":1}' });
    expect(lines()).toMatchObject([{ requestId: 'r1', lease: 'lse_1', message: 'said', level: 'info', text: 'a\n{"b":1}' }]);
  });

  test('survives what cannot be written down', () => {
    const { log, lines } = logTo();
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    log.info('odd', {
      loop,
      big: 10n,
      nothing: undefined,
      when: NOW,
      never: new Date(Number.NaN),
      bytes: Buffer.from('x'),
      set: new Set([1]),
    });
    expect(lines()).toMatchObject([
      { big: '10', when: '2026-01-31T12:00:00.000Z', never: 'invalid date', bytes: '[1 bytes]', set: [1] },
    ]);
  });

  test('shows an error with its cause, and none of what hangs on it', () => {
    const { log, lines, text } = logTo();
    const cause = Object.assign(new Error('refused by Bearer abcdefghijkl'), {
      code: 'ECONNREFUSED',
      config: { headers: { authorization: 'hunter2' } },
    });
    log.error('failed', { error: new Error('no answer', { cause }) });
    expect(lines()[0]).toMatchObject({
      error: { message: 'no answer', cause: { code: 'ECONNREFUSED', message: 'refused by Bearer [secret]' } },
    });
    expect(text()).not.toContain('hunter2');
    expect(text()).not.toContain('abcdefghijkl');
  });
});

describe('no secret reaches a log', () => {
  const RANDOM = '4kQ9zR2mX7vB1nL5pT8wY3cF6hJ0dGsAe';
  test.each<[string, unknown, string]>([
    ['a Secret', new Secret(`temp_${RANDOM}`), RANDOM],
    ['a key in a sentence', `use temp_${RANDOM} now`, RANDOM],
    ['a key with a prefix of several words', `sk_live_${RANDOM}`, RANDOM],
    ['an operator token', `lko_${RANDOM}aaaaaaaaaa`, RANDOM],
    ['a bearer token', 'Authorization: bearer some.opaque-token', 'some.opaque-token'],
    ['a webhook secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ['a signed token', 'said eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl twice', 'eyJzdWIiOiJhZGEifQ'],
    ['a claim link', 'https://keys.example.org/claim/Zm9vYmFy?x=1', 'Zm9vYmFy'],
    ['a key in a path', 'DELETE /api/keys/temp_1f2e3d4c_hunter2/usage', 'hunter2'],
    ['a password in a URL', 'postgresql://latchkey:hunter2@db/x failed', 'hunter2'],
    ['a key in a query', '/verify?api_key=hunter2&path=/a', 'hunter2'],
    ['a field by its name', { headers: { 'X-API-Key': 'hunter2', Cookie: 'hunter2', authorization: ['hunter2'] } }, 'hunter2'],
    ['bytes', Buffer.from('hunter2'), 'hunter2'],
    ['what lies deep', { a: [{ b: new Map([['c', { d: `temp_${RANDOM}` }]]) }] }, RANDOM],
  ])('%s is masked, as a field, in a child and in the message', (_, value, plain) => {
    const { log, text } = logTo();
    log.info('said', { value, nested: { value } });
    log.child({ value }).warn('said');
    if (typeof value === 'string') log.error(value);
    expect(text()).not.toContain(plain);
    expect(text().split('\n').length).toBeGreaterThan(2);
  });

  test('ids and paths stay readable', () => {
    const { log, text } = logTo();
    const said = 'evt_01996d3c0a7c7f5cb4f5e3b2a1908f7e latchkey-lse-0199-1 /api/v1/leases temp_…x7Qa';
    log.info('said', { said });
    expect(text()).toContain(said);
  });
});

describe('metrics', () => {
  test('count what happened and read what is', async () => {
    const metrics = createMetrics();
    metrics.watch({
      leasesByState: async () => ({ active: 3, stuck: 1 }),
      debts: async () => ({ count: 1, oldestSeconds: 90 }),
      inventories: async () => [{ provider: 'campus', strays: 2, missing: 1, drifted: 0, ageSeconds: 60 }],
      quarantined: async () => [{ source: 'cal', events: 4, oldestSeconds: 70 }],
    });
    metrics.acks.inc({ source: 'default', status: 'accepted' });
    metrics.duplicates.inc({ source: 'default' });
    metrics.issueSeconds.observe({ provider: 'local', outcome: 'ok' }, 0.02);
    metrics.revokeSeconds.observe({ provider: 'local', outcome: 'transient' }, 0.02);
    metrics.deliveryFailures.inc({ channel: 'email' });
    metrics.verdict('VALID');
    metrics.inventoryRemedies.inc({ provider: 'campus', what: 'reissued' });
    const text = await metrics.registry.metrics();
    for (const line of [
      'latchkey_acks_total{source="default",status="accepted"} 1',
      'latchkey_duplicates_total{source="default"} 1',
      'latchkey_issue_seconds_count{provider="local",outcome="ok"} 1',
      'latchkey_revoke_seconds_count{provider="local",outcome="transient"} 1',
      'latchkey_delivery_failures_total{channel="email"} 1',
      'latchkey_verify_total{code="VALID"} 1',
      'latchkey_leases{state="active"} 3',
      'latchkey_debts 1',
      'latchkey_debt_oldest_seconds 90',
      'latchkey_quarantined_events{source="cal"} 4',
      'latchkey_quarantined_oldest_seconds{source="cal"} 70',
      'latchkey_inventory_strays{provider="campus"} 2',
      'latchkey_inventory_missing{provider="campus"} 1',
      'latchkey_inventory_drifted{provider="campus"} 0',
      'latchkey_inventory_age_seconds{provider="campus"} 60',
      'latchkey_inventory_remedies_total{provider="campus",what="reissued"} 1',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).toContain('process_resident_memory_bytes');
  });

  test('a database that is out of reach costs its lines, not the scrape, and no state is left over', async () => {
    const metrics = createMetrics();
    let states: Record<string, number> = { active: 3 };
    metrics.watch({
      leasesByState: async () => states,
      debts: async () => {
        throw new Error('out of reach');
      },
      inventories: async () => {
        throw new Error('out of reach');
      },
      quarantined: async () => {
        throw new Error('out of reach');
      },
    });
    expect(await metrics.registry.metrics()).toContain('latchkey_leases{state="active"} 3');
    states = {};
    const text = await metrics.registry.metrics();
    expect(text).not.toContain('state="active"');
    expect(text).toContain('latchkey_debts Nan');
  });
});
