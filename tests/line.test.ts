import { expect, test } from 'vitest';
import { createLine } from '../src/ledger/line.ts';
import { Fault } from '../src/reservation/fault.ts';

const behind = { ahead: false };
const ahead = { ahead: true };
type Work = () => unknown;

/** One transaction as far as the line can see: all works or none. */
const inOne = async (works: readonly { work: Work }[]) => works.map(({ work }) => work());
const refused = (answer: PromiseSettledResult<unknown>) =>
  answer.status === 'fulfilled' ? answer.value : (answer.reason as Error).message;

test('in the order of coming; who fails spoils it for nobody else', async () => {
  const tries: string[][] = [];
  const line = createLine<string>(async (works) => {
    const names = works.map(({ work }) => work);
    tries.push(names);
    await new Promise((resolve) => setImmediate(resolve));
    if (names.includes('b')) throw new Error('b failed');
    return names.map((name) => `${name} done`);
  });
  const answers = await Promise.allSettled(['a', 'b', 'c'].map((name) => line.wait({ work: name, ...behind })));
  expect(answers.map(refused)).toEqual(['a done', 'b failed', 'c done']);
  expect(tries).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  expect(await line.wait({ work: 'later', ...behind })).toBe('later done');
});

test('those who wait anyway go together, eight at most', async () => {
  const sizes: number[] = [];
  const line = createLine<number>(async (works) => {
    sizes.push(works.length);
    return works.map(({ work }) => work);
  });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, place) => line.wait({ work: place, ...behind })));
  expect(answers).toEqual(Array.from({ length: 20 }, (_, place) => place));
  expect(sizes).toEqual([8, 8, 4]);
});

test('those who touch nothing in common go together in hundreds', async () => {
  const sizes: number[] = [];
  const line = createLine<number>(async (works) => {
    sizes.push(works.length);
    return works;
  });
  await Promise.all(Array.from({ length: 250 }, (_, place) => line.wait({ work: place, apart: true })));
  expect(sizes).toEqual([100, 100, 50]);
});

test('nobody is tried alone while the database is out of reach', async () => {
  let tries = 0;
  const line = createLine<number>(async () => {
    tries += 1;
    throw new Fault('unavailable', 'the database is out of reach; try again');
  });
  const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, place) => line.wait({ work: place, apart: true })));
  expect(new Set(answers.map(refused))).toEqual(new Set(['the database is out of reach; try again']));
  expect(tries).toBe(1);
});

test('as many transactions run at once as the database bears', async () => {
  const running = { now: 0, most: 0 };
  const line = createLine<number>(
    async (works) => {
      running.most = Math.max(running.most, (running.now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running.now -= 1;
      return works;
    },
    { abreast: 2 },
  );
  await Promise.all(Array.from({ length: 40 }, (_, place) => line.wait({ work: place })));
  expect(running).toEqual({ now: 0, most: 2 });
});

test('whoever is waited for outside need not queue behind the others, and holds them up no more than by half', async () => {
  const turns: string[] = [];
  const line = createLine<string>(async (works) => {
    turns.push(works.map(({ work }) => work).join(''));
    return works;
  });
  const join = (names: string, as: { ahead: boolean }) => Array.from(names, (name) => line.wait({ work: name, ...as }));
  await Promise.all([...join('abcdefghijklmnopqrstuvwxyz', behind), ...join('ABCDEFGHIJ', ahead)]);
  expect(turns).toEqual(['ABCDEFGH', 'abcdefgh', 'IJ', 'ijklmnop', 'qrstuvwx', 'yz']);
});

test('between any two turns everybody else gets one', async () => {
  const line = createLine(inOne);
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 80 }, () => line.wait({ work: () => {}, ...behind })));
  counting = false;
  expect(turns).toBeGreaterThanOrEqual(10);
});
