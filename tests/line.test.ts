import { expect, test } from 'vitest';
import { createLine } from '../src/ledger/line.ts';

const behind = { ahead: false };
const ahead = { ahead: true };

test('one at a time, in the order of coming, also after a failure', async () => {
  const line = createLine();
  const story: string[] = [];
  const work = (name: string) => async () => {
    story.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    story.push(`${name} ends`);
    if (name === 'b') throw new Error('b failed');
    return name;
  };
  const answers = await Promise.allSettled(['a', 'b', 'c'].map((name) => line.wait(work(name), behind)));
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as Error).message))).toEqual([
    'a',
    'b failed',
    'c',
  ]);
  expect(story).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(await line.wait(async () => 'later', behind)).toBe('later');
});

test('whoever is waited for outside need not queue behind the others, and holds them up no more than by half', async () => {
  const line = createLine();
  const order: string[] = [];
  const joined = [
    ...['1', '2', '3', '4'].map((name) => line.wait(async () => order.push(name), behind)),
    ...['A', 'B', 'C'].map((name) => line.wait(async () => order.push(name), ahead)),
  ];
  await Promise.all(joined);
  expect(order).toEqual(['A', '1', 'B', '2', 'C', '3', '4']);
});

test('between any two everybody else gets a turn', async () => {
  const line = createLine();
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 50 }, () => line.wait(async () => {}, behind)));
  counting = false;
  expect(turns).toBeGreaterThanOrEqual(50);
});
