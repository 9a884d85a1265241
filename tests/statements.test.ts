import { describe, expect, test } from 'vitest';
import { createStatements } from '../src/ledger/statements.ts';
import { onServer } from './databases.ts';
import { engines } from './engines.ts';

test('a statement that comes again gets a name and keeps it', () => {
  const { nameOf } = createStatements();
  const names = Array.from({ length: 5 }, () => nameOf('select 1'));
  expect(names.slice(0, 2)).toEqual([undefined, undefined]);
  expect(new Set(names.slice(2)).size).toBe(1);
  expect(names[2]).toBeDefined();
});

test('what is too long gets none, and there is an end to names', () => {
  const { nameOf } = createStatements();
  const nameAtLast = (text: string) => [1, 2, 3].map(() => nameOf(text)).at(-1);
  expect(nameAtLast('x'.repeat(2000))).toBeUndefined();
  const named = Array.from({ length: 1000 }, (_, place) => nameAtLast(`select ${place}`)).filter(Boolean);
  expect(named.length).toBe(300);
  expect(new Set(named).size).toBe(300);
});

test('names are new after they were forgotten: the server still knows the old ones', () => {
  const { nameOf, forget } = createStatements();
  const before = [1, 2, 3].map(() => nameOf('select 1')).at(-1);
  forget();
  expect(nameOf('select 1')).toBeUndefined();
  nameOf('select 1');
  expect(nameOf('select 1')).not.toBe(before);
});

describe.skipIf(!engines.some(({ name }) => name === 'postgres'))('on PostgreSQL', () => {
  test('a table that another node changes is read as it is then, after at most one refusal', async () => {
    const house = await engines.find(({ name }) => name === 'postgres')!.open();
    const read = async () => (await house.ledger.db.selectFrom('event').selectAll().execute()).length;
    for (let time = 0; time < 5; time += 1) await read();
    await onServer('alter table event add column later text', house.place.databaseUrl!.reveal());
    await read().catch((error: unknown) => expect(error).toMatchObject({ code: 'unavailable' }));
    expect(await read()).toBe(0);
    await house.close();
  });
});
