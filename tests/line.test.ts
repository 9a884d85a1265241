import { expect, test } from 'vitest';
import { createLine } from '../src/ledger/line.ts';

const behind = { ahead: false };
const ahead = { ahead: true };
type Work = () => unknown;

/** One transaction as far as the line can see: all works or none. */
const inOne = async (works: readonly Work[]) => works.map((work) => work());
const refused = (answer: PromiseSettledResult<unknown>) =>
  answer.status === 'fulfilled' ? answer.value : (answer.reason as Error).message;

test('in the order of coming; who fails spoils it for nobody else', async () => {
  const tries: string[][] = [];
  const line = createLine<string>(async (names) => {
    tries.push([...names]);
    await new Promise((resolve) => setImmediate(resolve));
    if (names.includes('b')) throw new Error('b failed');
    return names.map((name) => `${name} done`);
  });
  const answers = await Promise.allSettled(['a', 'b', 'c'].map((name) => line.wait(name, behind)));
  expect(answers.map(refused)).toEqual(['a done', 'b failed', 'c done']);
  expect(tries).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  expect(await line.wait('later', behind)).toBe('later done');
});

test('those who wait anyway go together, eight at most', async () => {
  const sizes: number[] = [];
  const line = createLine<number>(async (works) => {
    sizes.push(works.length);
    return works;
  });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, place) => line.wait(place, behind)));
  expect(answers).toEqual(Array.from({ length: 20 }, (_, place) => place));
  expect(sizes).toEqual([8, 8, 4]);
});

test('whoever is waited for outside need not queue behind the others, and holds them up no more than by half', async () => {
  const turns: string[] = [];
  const line = createLine<string>(async (names) => {
    turns.push(names.join(''));
    return names;
  });
  const join = (names: string, as: { ahead: boolean }) => Array.from(names, (name) => line.wait(name, as));
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
  await Promise.all(Array.from({ length: 80 }, () => line.wait(() => {}, behind)));
  counting = false;
  expect(turns).toBeGreaterThanOrEqual(10);
});
