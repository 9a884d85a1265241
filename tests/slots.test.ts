import { expect, test } from 'vitest';
import { createSlots } from '../src/lease/slots.ts';

test('no more are inside than the provider takes; the others come in their order; providers do not wait for each other', async () => {
  const slots = createSlots(new AbortController().signal);
  const came: string[] = [];
  const enter = (name: string, provider = 'campus') =>
    slots.enter(provider, 2).then((leave) => {
      came.push(name);
      return leave;
    });
  const first = await enter('a');
  const second = await enter('b');
  const third = enter('c');
  const fourth = enter('d');
  await enter('elsewhere', 'other');
  expect(came).toEqual(['a', 'b', 'elsewhere']);
  expect([slots.of('campus'), slots.of('other'), slots.of('none')]).toEqual([
    { running: 2, waiting: 2 },
    { running: 1, waiting: 0 },
    { running: 0, waiting: 0 },
  ]);
  first();
  (await third)();
  await fourth;
  expect(came).toEqual(['a', 'b', 'elsewhere', 'c', 'd']);
  second();
  (await enter('e'))();
  expect(came.at(-1)).toBe('e');
});

test('whoever still waits when the service stops is told so, and not kept', async () => {
  const stopping = new AbortController();
  const slots = createSlots(stopping.signal);
  const leave = await slots.enter('campus', 1);
  const waiting = slots.enter('campus', 1);
  stopping.abort();
  await expect(waiting).rejects.toThrow('the service is stopping');
  await expect(slots.enter('campus', 1)).rejects.toThrow('the service is stopping');
  leave();
});
