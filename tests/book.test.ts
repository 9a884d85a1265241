import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalKey } from '../providers/key-manager.ts';
import { createBook, type BookOptions } from '../src/keys/book.ts';
import { createGuesses } from '../src/keys/guesses.ts';
import { createFlush } from '../src/keys/flush.ts';
import { mintKey } from '../src/keys/key.ts';
import type { Limits } from '../src/keys/budget.ts';
import { createMemoryLimits } from '../src/keys/limits.ts';
import { createKeyManager } from '../src/keys/manager.ts';
import type { KeyRecord } from '../src/keys/record.ts';
import { createShelf } from '../src/keys/shelf.ts';
import { createUsageMeter } from '../src/keys/usage.ts';
import { createVerify } from '../src/keys/verify.ts';
import type { Ledger } from '../src/ledger/database.ts';
import { sumUsage } from '../src/ledger/usage.ts';
import { describeEngines, type TestLedger } from './engines.ts';

/** What a node knows of its keys when news and answers come late or not at all: real ledgers, slow or silent connections. */

const NOW = new Date('2026-03-01T12:34:56Z');
const now = () => NOW;
const log = () => {};

/** Opens when told; `reached` resolves when somebody waits at it. */
function gate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const pass = async () => {
    reached.resolve();
    await opened.promise;
  };
  return { pass, reached: reached.promise, open: () => opened.resolve() };
}

/** Answers of the ledger arrive only when the gate is open. */
function slow(ledger: Ledger, pass: () => Promise<void>): Ledger {
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      await pass();
      return result;
    },
  };
  return { ...ledger, db: ledger.db.withPlugin(plugin) };
}

function nodeOn(ledger: Ledger, limits: Limits = createMemoryLimits()) {
  const options: BookOptions = { ledger, limits, projectBudget: () => undefined, withoutMs: 60_000, now, log };
  const book = createBook(options);
  const usage = createUsageMeter();
  const flush = createFlush({ ledger, parts: [usage], log });
  return {
    book,
    manager: createKeyManager({ ledger, book, usage: flush, now }),
    verify: createVerify({ book, limits, usage, guesses: createGuesses(), now }),
  };
}

let made = 0;
function someKey(changes: Partial<LocalKey> = {}): LocalKey {
  const n = ++made;
  return {
    name: `lk-${n}`,
    secret: mintKey('temp'),
    lease: `lse_${n}`,
    holder: 'user',
    scopes: ['read'],
    methods: ['GET'],
    endpoints: ['/**'],
    window: { opensAt: new Date(NOW.getTime() - 1000), closesAt: new Date(NOW.getTime() + 1000) },
    ...changes,
  };
}

describeEngines('the book of keys', (engine) => {
  let store: TestLedger;
  beforeAll(async () => {
    store = await engine.open({ now });
  });
  afterAll(() => store.close());

  test('an answer that is older than a removal does not bring the key back', async () => {
    const key = someKey();
    await nodeOn(store.ledger).manager.put(key);
    const { pass, reached, open } = gate();
    const node = nodeOn(slow(store.ledger, pass));
    const asking = node.verify({ key: key.secret.reveal() });
    await reached;
    await node.manager.remove(key.name);
    open();
    expect((await asking).code).toBe('REVOKED');
    expect((await node.verify({ key: key.secret.reveal() })).code).toBe('REVOKED');
  });

  test('the standing of a key is the more of what this node lets through and what the ledger says', async () => {
    const [elsewhere, node] = [nodeOn(store.ledger), nodeOn(store.ledger)];
    const key = someKey();
    await elsewhere.manager.put(key);
    expect(node.verify({ key: key.secret.reveal() })).toBeInstanceOf(Promise);
    await expect.poll(() => node.verify({ key: key.secret.reveal() })).toMatchObject({ code: 'VALID' });
    await elsewhere.manager.remove(key.name);
    expect(await elsewhere.manager.standing(key.name)).toBe('gone');
    // It has not heard of it yet.
    expect(node.verify({ key: key.secret.reveal() })).toMatchObject({ code: 'VALID' });
    expect(await node.manager.standing(key.name)).toBe('works');
    await node.manager.remove(key.name);
    expect(await node.manager.standing(key.name)).toBe('gone');
    const early = someKey({ window: { opensAt: new Date(NOW.getTime() + 1000), closesAt: new Date(NOW.getTime() + 2000) } });
    await node.manager.put(early);
    expect(await node.manager.standing(early.name)).toBe('held');
  });

  test('a request that waits for shared limits while its key is removed does not pass', async () => {
    const { pass, reached, open } = gate();
    const memory = createMemoryLimits();
    const node = nodeOn(store.ledger, { ...memory, take: async (...asked) => (await pass(), memory.take(...asked)) });
    const key = someKey({ quota: { limit: 9, per: 'reservation' } });
    await node.manager.put(key);
    const asking = node.verify({ key: key.secret.reveal() });
    await reached;
    await node.manager.remove(key.name);
    open();
    expect((await asking).code).toBe('REVOKED');
  });

  test('a key that is unknown is asked for once, and known as soon as it is made', async () => {
    let answers = 0;
    const counting = slow(store.ledger, async () => void answers++);
    const node = nodeOn(counting);
    const key = someKey();
    const text = key.secret.reveal();
    for (let times = 0; times < 5; times++) expect((await node.verify({ key: text })).code).toBe('NOT_FOUND');
    expect(answers).toBe(1);
    await node.manager.put(key);
    expect(node.verify({ key: text })).toMatchObject({ code: 'VALID' });
  });

  test('changes missed while the connection was lost are read when it is back', async () => {
    const heard: { onMessage?: (payload: string) => void; onReconnect?: () => void } = {};
    const deaf: Ledger = {
      ...store.ledger,
      engine: 'postgres',
      listen: async (_channel, onMessage, onReconnect) => void Object.assign(heard, { onMessage, onReconnect }),
    };
    const elsewhere = nodeOn(store.ledger);
    const [kept, removed, told] = [someKey(), someKey(), someKey()];
    for (const key of [kept, removed, told]) await elsewhere.manager.put(key);
    const node = nodeOn(deaf);
    await node.book.open();
    const code = async (key: LocalKey) => (await node.verify({ key: key.secret.reveal() })).code;
    for (const key of [removed, told]) await elsewhere.manager.remove(key.name);
    heard.onMessage?.(told.name);
    await expect.poll(() => code(told)).toBe('REVOKED');
    expect(await code(removed)).toBe('VALID');
    heard.onReconnect?.();
    await expect.poll(() => code(removed)).toBe('REVOKED');
    expect(await code(kept)).toBe('VALID');
    await node.book.close();
  });

  test('usage that could not be written is written later, once', async () => {
    let away = true;
    const failing: Ledger = {
      ...store.ledger,
      transact: (work) => (away ? Promise.reject(new Error('away')) : store.ledger.transact(work)),
    };
    const usage = createUsageMeter();
    const { flush, stop } = createFlush({ ledger: failing, parts: [usage], log });
    const key = { id: 'key_meter', budget: { lease: 'lse_meter' } };
    usage.count(key, 'VALID', { amount: 2, at: NOW.getTime() });
    usage.count(key, 'VALID', { amount: 1, at: NOW.getTime() + 3_600_000 });
    await expect(flush()).rejects.toThrow('away');
    usage.count(key, 'EXPIRED', { amount: 1, at: NOW.getTime() });
    away = false;
    await flush();
    await flush();
    await stop();
    expect(await sumUsage(store.ledger.db, 'lse_meter')).toEqual({ VALID: 3, EXPIRED: 1 });
    const hour = new Date('2026-03-01T13:00:00Z');
    expect(await sumUsage(store.ledger.db, 'lse_meter', { from: hour })).toEqual({ VALID: 1 });
    expect(await sumUsage(store.ledger.db, 'lse_meter', { to: hour })).toEqual({ VALID: 2, EXPIRED: 1 });
  });

  test('two nodes that write the usage of the same leases add up', async () => {
    const nodes = [createUsageMeter(), createUsageMeter()];
    for (const [at, usage] of nodes.entries())
      for (let n = 0; n < 3000; n++) {
        const lease = `lse_many_${at === 0 ? n : 2999 - n}`;
        usage.count({ id: `key_${lease}`, budget: { lease } }, 'VALID', { amount: 1, at: NOW.getTime() });
      }
    await Promise.all(nodes.map((usage) => createFlush({ ledger: store.ledger, parts: [usage], log }).stop()));
    for (const n of [0, 1500, 2999]) expect(await sumUsage(store.ledger.db, `lse_many_${n}`)).toEqual({ VALID: 2 });
  });
});

test('the shelf keeps all living keys, and only so many others', () => {
  const gone: string[] = [];
  const shelf = createShelf({ onLeaseGone: (lease) => gone.push(lease) });
  const record = (n: number, revoked: boolean) =>
    ({ name: `n${n}`, hash: `h${n}`, revokedAt: revoked ? 1 : null, budget: { lease: `l${n % 50_000}` } }) as KeyRecord;
  for (let n = 0; n < 50_000; n++) shelf.put(record(n, false));
  shelf.put(record(0, true));
  shelf.put(record(1, true));
  shelf.put(record(50_001, false));
  for (let n = 0; n < 40_000; n++) shelf.noteAbsent(`absent${n}`);
  expect(shelf.find('h0')).toBeUndefined();
  expect(shelf.find('h49999')).toMatchObject({ name: 'n49999' });
  expect(shelf.find('absent39999')).toBeNull();
  expect(shelf.find('absent0')).toBeUndefined();
  // The lease of n1 has another living key, n50001.
  expect(gone).toEqual(['l0']);
});
