import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog, type Log } from '../src/observe/log.ts';
import { createReloading } from '../src/reload.ts';
import { bookingAt, openCampus, type Campus } from './campus.ts';

const soon = { timeout: 10_000, interval: 20 };
const planFor = (resource: string, name = 'labs'): string => `
plans:
  - name: "${name}"
    match: { resource: "${resource}" }
    provider: generic
    scopes: { default: [read], allowed: [read] }
    endpoints: { default: ["/api/**"], allowed: ["/api/**"] }
    unenforced: accept
`;

let campus: Campus;
let folder: string;
const file = () => join(folder, 'latchkey.yaml');
const write = (text: string) => writeFileSync(file(), text);
const warned: unknown[] = [];
const log: Log = { ...silentLog, warn: (message, fields) => void warned.push({ message, ...fields }), child: () => log };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
  write(planFor('somewhere-else'));
  campus = await openCampus({ env: { LATCHKEY_CONFIG: file() }, log });
});
afterAll(async () => {
  await campus.close();
  rmSync(folder, { recursive: true });
});

test('a booking that no plan matched gets its key when the configuration comes to match it', async () => {
  expect((await campus.post(bookingAt(campus, 1).flat('EVENT_START'))).status).toBe(202);
  expect(campus.manager.keys()).toEqual([]);
  write(planFor('Lab*'));
  expect(await campus.reload()).toEqual([]);
  await expect.poll(() => campus.manager.keys().length, soon).toBe(1);
});

test('a bad configuration keeps the old one and says why, with its place', async () => {
  write(planFor('Lab*').replace('provider: generic', 'provider: nowhere'));
  const problems = await campus.reload();
  expect(problems).toMatchObject([{ line: 5, path: expect.stringContaining('provider') }]);
  await campus.post(bookingAt(campus, 2).flat('EVENT_START'));
  await expect.poll(() => campus.manager.keys().length, soon).toBe(2);
});

test.each<[string, () => void, string]>([
  ['is gone', () => {}, 'is not there'],
  ['is a folder', () => mkdirSync(file()), 'cannot be read (EISDIR)'],
])('a file that %s keeps the old configuration', async (_, spoil, message) => {
  rmSync(file(), { recursive: true, force: true });
  spoil();
  expect(await campus.reload()).toMatchObject([{ file: file(), message }]);
  rmSync(file(), { recursive: true, force: true });
  write(planFor('Lab*'));
  expect(await campus.reload()).toEqual([]);
});

test('what a reload could not have looked at again is looked at later, and only once', async () => {
  let out = true;
  let looked = 0;
  const { reload, catchUp } = createReloading({
    catalogue: { reload: async () => [] },
    reconsider: async () => {
      if (out) throw new Error('the database is out of reach');
      looked++;
    },
    log: silentLog,
  });
  await catchUp();
  expect(await reload()).toEqual([]);
  await expect(catchUp()).rejects.toThrow('out of reach');
  out = false;
  await catchUp();
  await catchUp();
  expect(looked).toBe(1);
});

test('a living key survives the loss of its plan; a booking that waits goes over to the plan that matches now', async () => {
  write(planFor('Lab*', 'before'));
  expect(await campus.reload()).toEqual([]);
  const { flat } = bookingAt(campus, 3, { startsIn: 3 });
  await campus.post(flat('EVENT_START'));
  write(planFor('Lab*', 'after'));
  expect(await campus.reload()).toEqual([]);
  expect(campus.manager.keys()).toHaveLength(2);
  campus.forward(3 * 60_000);
  await expect.poll(() => campus.manager.keys().filter((key) => key.metadata.reservation_id === '3').length, soon).toBe(1);
});

test('the loss of a provider that living keys need is told', async () => {
  const lost = () => warned.filter((line) => /living keys/.test((line as { message: string }).message));
  expect(lost()).toEqual([]);
  write(`providers:\n  other: { driver: builtin }\n${planFor('Lab*').replace('generic', 'other')}`);
  expect(await campus.reload()).toEqual([]);
  expect(lost()).toMatchObject([{ provider: 'generic', keys: 3 }]);
});
