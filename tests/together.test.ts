import { expect, test } from 'vitest';
import { askTogether, onlyFirst } from '../src/ledger/together.ts';

function asked() {
  const questions: string[][] = [];
  const ask = askTogether(async (ids) => {
    questions.push([...ids]);
    if (ids.includes('broken')) throw new Error('out of reach');
    return new Map(ids.filter((id) => id !== 'nobody').map((id) => [id, `about ${id}`]));
  });
  return { ask, questions };
}

test('who asks in the same moment is answered by one question, each about their own', async () => {
  const { ask, questions } = asked();
  expect(await Promise.all(['a', 'b', 'a', 'nobody'].map(ask))).toEqual(['about a', 'about b', 'about a', undefined]);
  expect(questions).toEqual([['a', 'b', 'nobody']]);
});

test('who asks later is asked for anew: no answer is older than its question', async () => {
  const { ask, questions } = asked();
  const first = ask('a');
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([first, ask('a')]);
  expect(questions).toEqual([['a'], ['a']]);
});

test('a question that fails fails for all who asked it, and for nobody after them', async () => {
  const { ask } = asked();
  const answers = await Promise.allSettled(['a', 'broken'].map(ask));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await ask('a')).toBe('about a');
});

test('what only one can have goes to the first who asks, and to another once it was answered', async () => {
  const { ask } = asked();
  const have = onlyFirst(ask);
  expect(await Promise.all(['a', 'a', 'b'].map(have))).toEqual(['about a', undefined, 'about b']);
  expect(await have('a')).toBe('about a');
});
