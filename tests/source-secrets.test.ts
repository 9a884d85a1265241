import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSecretUses, secretUsesOf } from '../src/ledger/source-secrets.ts';
import { createSecretUses, forgetEndedSecrets } from '../src/intake/secret-uses.ts';
import { viewOfSource } from '../src/http/api/source-views.ts';
import { createMetrics } from '../src/observe/metrics.ts';
import { createLog } from '../src/observe/log.ts';
import type { Source } from '../src/reservation/source.ts';
import { fingerprintOf } from '../src/secret/hmac.ts';
import { Secret } from '../src/secret/secret.ts';
import { sourceOf } from './fixtures/source.ts';
import { bookingAt, openCampus, SECRET } from './campus.ts';
import { describeEngines } from './engines.ts';
import { findIn, tablesOf } from './haystack.ts';
import { openHouse, type House } from './intake-house.ts';

/** Which secret was last used, and that none of those that a request shows as it is leaves a trace. */

const NOW = '2026-01-01T10:00:00Z';
const OLD = 'an-older-token-of-the-lab-5c1e';
const NEW = 'the-newest-token-of-the-lab-93ad';
const map = [{ match: { expr: 'id' }, action: 'created', fields: { reservationId: 'id', version: '`1`' } }];
const [oldPrint, newPrint] = [OLD, NEW].map((value) => fingerprintOf(new Secret(value))) as [string, string];

const ENTRIES: Record<string, object> = {
  lab: { auth: { bearer: {} }, secrets: [NEW, { secret: OLD, notAfter: '2026-02-01T00:00:00Z' }], map },
  asked: { auth: { query: { parameter: 'token' } }, secrets: [NEW], map },
  told: { auth: { token: { field: 'auth.token' } }, secrets: [NEW], map },
  basic: { auth: { basic: { username: 'lab' } }, secrets: [NEW], map },
};
const sources = Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, sourceOf(entry, { name })]));

describeEngines('secrets of sources', (engine) => {
  let house: House;
  const lines: string[] = [];
  beforeAll(async () => {
    const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
    house = await openHouse(engine, NOW, { log: createLog({ level: 'debug', now: () => new Date(NOW), stream }) });
    house.setPolicy({ sources });
  });
  afterAll(() => house.close());

  const send = (id: string, secret: string) =>
    house.post('/webhooks/lab', JSON.stringify({ id }), { Authorization: `Bearer ${secret}` });
  const secretsOf = async () =>
    viewOfSource(sources['lab']!, { uses: await secretUsesOf(house.db, ['lab']), polls: new Map() }).secrets;

  test('the one that was used is counted, written later, and told with when', async () => {
    for (const [id, secret] of [
      ['1', OLD],
      ['2', OLD],
      ['3', 'wrong'],
    ] as const)
      await send(id, secret);
    expect(await secretsOf()).toMatchObject([
      { uses: 0, lastUsedAt: null },
      { uses: 0, lastUsedAt: null },
    ]);
    await house.secretUses.flush();
    house.setNow('2026-01-01T11:00:00Z');
    await send('3', NEW);
    await house.secretUses.flush();
    await house.secretUses.flush();
    expect(await secretsOf()).toEqual([
      { fingerprint: newPrint, notAfter: null, lastUsedAt: new Date('2026-01-01T11:00:00Z'), uses: 1 },
      { fingerprint: oldPrint, notAfter: new Date('2026-02-01T00:00:00Z'), lastUsedAt: new Date(NOW), uses: 2 },
    ]);
    const text = await house.metrics.registry.metrics();
    expect(text).toContain(`latchkey_source_secret_uses_total{source="lab",secret="${oldPrint}"} 2`);
    expect(text).toContain(
      `latchkey_source_secret_last_used_seconds{source="lab",secret="${newPrint}"} ${Date.parse('2026-01-01T11:00:00Z') / 1000}`,
    );
    house.setNow(NOW);
  });

  test('a second node adds to the same count, and an older use takes nothing back', async () => {
    const other = createSecretUses({
      ledger: house.ledger,
      metrics: createMetrics(),
      now: () => new Date('2025-12-31T00:00:00Z'),
    });
    other.used('lab', oldPrint);
    await other.flush();
    expect((await secretsOf())[1]).toMatchObject({ uses: 3, lastUsedAt: new Date(NOW) });
  });

  test('what could not be written is written the next time', async () => {
    const broken = { db: undefined as never };
    let ledger: { db: typeof house.db } = broken;
    const uses = createSecretUses({
      ledger: {
        get db() {
          return ledger.db;
        },
      },
      metrics: createMetrics(),
      now: () => new Date('2026-01-02T00:00:00Z'),
    });
    uses.used('lab', oldPrint);
    await expect(uses.flush()).rejects.toThrow();
    uses.used('lab', oldPrint);
    ledger = house.ledger;
    await uses.flush();
    expect((await secretsOf())[1]).toMatchObject({ uses: 5, lastUsedAt: new Date('2026-01-02T00:00:00Z') });
  });

  test('one that was taken out is forgotten a month after its last use, and one that is configured never', async () => {
    const used = async () => (await secretUsesOf(house.db, ['lab', 'gone'])).map(({ fingerprint }) => fingerprint).sort();
    const forgetAt = (iso: string, { secrets, name }: Source) =>
      forgetEndedSecrets(house.ledger, { sources: { [name]: { ...sources[name]!, secrets } } }, new Date(iso));
    const [onlyNew, both] = [{ ...sources['lab']!, secrets: sources['lab']!.secrets.slice(0, 1) }, sources['lab']!];
    await addSecretUses(house.db, [
      { source: 'gone', fingerprint: newPrint, uses: 1, lastUsedAt: new Date('2026-01-02T00:00:00Z') },
    ]);
    expect(await used()).toEqual([newPrint, newPrint, oldPrint].sort());
    expect(await forgetAt('2026-01-31T00:00:00Z', onlyNew)).toBe(0);
    expect(await forgetAt('2027-01-01T00:00:00Z', both)).toBe(1);
    expect(await used()).toEqual([newPrint, oldPrint].sort());
    expect(await forgetAt('2026-02-02T00:00:01Z', onlyNew)).toBe(1);
    expect(await used()).toEqual([newPrint]);
    expect(await forgetEndedSecrets(house.ledger, { sources: {} }, new Date('2027-01-01T00:00:00Z'))).toBe(1);
  });

  test('none is in an answer, the log, the database or the metrics, wherever a request showed it and however it ended', async () => {
    const { setPolicy: _, ...about } = house;
    const wrong = 'a-guess-that-is-nearly-right-71b0';
    const basic = (secret: string) => ({ Authorization: `Basic ${Buffer.from(`lab:${secret}`).toString('base64')}` });
    const answers = [];
    for (const secret of [NEW, wrong])
      for (const id of ['"7"', '""', '{"a":1}', '']) {
        answers.push(
          await about.post(`/webhooks/asked?token=${secret}`, `{"id":${id || 'x'}}`),
          await about.post(`/webhooks/asked/below?token=${secret}`, `{"id":${id || 'x'}}`),
          await about.post(`/webhooks/told`, `{"id":${id || 'null'},"auth":{"token":"${secret}"}}`),
          await about.post('/webhooks/basic', `{"id":${id || 'x'}}`, basic(secret)),
        );
      }
    answers.push(
      ...(await Promise.all(
        ['GET', 'PUT', 'OPTIONS'].map(async (method) =>
          (await fetch(`${house.url}/webhooks/asked?token=${NEW}`, { method })).text(),
        ),
      )),
    );
    await house.secretUses.flush();
    expect(answers.filter((one) => typeof one === 'object' && one.status === 202).length).toBeGreaterThan(8);
    expect(lines.join('')).toContain('webhook refused');
    const hays = [
      { name: 'answers', bytes: Buffer.from(JSON.stringify(answers)) },
      { name: 'log', bytes: Buffer.from(lines.join('')) },
      { name: 'metrics', bytes: Buffer.from(await house.metrics.registry.metrics()) },
      ...(await tablesOf(house.db)),
    ];
    expect(
      findIn(
        hays,
        new Map([
          ['old', OLD],
          ['new', NEW],
          ['wrong', wrong],
        ]),
      ),
    ).toEqual([]);
    expect(findIn(hays, new Map([['fingerprint', newPrint]]))).toContain('fingerprint in table public.source_secret');
  });
});

test('a service that stops writes what it has counted, and finds it again', async () => {
  const campus = await openCampus();
  try {
    // Long before the first beat that would write it.
    for (const id of [1, 2]) expect((await campus.post(bookingAt(campus, id).flat('EVENT_START'))).status).toBe(202);
    await campus.restart();
    const { secrets } = await campus.adminApi<{ secrets: object[] }>('/sources/default');
    expect(secrets).toMatchObject([{ fingerprint: fingerprintOf(new Secret(SECRET)), uses: 2, lastUsedAt: expect.any(String) }]);
  } finally {
    await campus.close();
  }
});
