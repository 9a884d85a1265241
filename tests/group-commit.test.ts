import { describe, expect, test } from 'vitest';
import { createGroupCommit } from '../src/intake/group-commit.ts';
import { Fault } from '../src/reservation/fault.ts';

const outage = () => new Fault('unavailable', 'the database is out of reach; try again');

/** A store that can be slow, spoiled by an item, or gone; it remembers what was committed, and in which groups. */
function store(options: { poison?: string; gone?: () => boolean; mostWaiting?: number; heaviest?: number } = {}) {
  const committed: string[][] = [];
  const tries: string[][] = [];
  let running = 0;
  let mostRunning = 0;
  let pause = Promise.resolve();
  const commit = createGroupCommit<string, string>({
    async flush(items) {
      tries.push([...items]);
      mostRunning = Math.max(mostRunning, (running += 1));
      await pause;
      running -= 1;
      if (options.gone?.()) throw outage();
      if (options.poison !== undefined && items.includes(options.poison)) throw new Error('bad value');
      committed.push([...items]);
      return items.map((item) => `${item}!`);
    },
    weigh: (item) => item.length,
    heaviest: options.heaviest ?? 1000,
    mostWaiting: options.mostWaiting ?? 1000,
    inFlight: 2,
  });
  return {
    submit: (item: string) => commit.submit(item),
    committed,
    tries,
    mostRunning: () => mostRunning,
    hold: () => {
      let release = () => {};
      pause = new Promise((resolve) => (release = resolve));
      return () => release();
    },
  };
}
const letters = (count: number) => Array.from({ length: count }, (_, n) => `item${n}`);
const outcomes = async (promises: Promise<string>[]) =>
  (await Promise.allSettled(promises)).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason.message)));

describe('group commit', () => {
  test('what arrives in one tick is one transaction, and each gets its own result', async () => {
    const { submit, committed } = store();
    expect(await Promise.all(letters(50).map(submit))).toEqual(letters(50).map((item) => `${item}!`));
    expect(committed).toEqual([letters(50)]);
  });

  test('nobody is answered before the commit, and at most two are under way', async () => {
    const { submit, hold, committed, mostRunning } = store({ heaviest: 5 });
    const release = hold();
    let answered = 0;
    const all = letters(8).map(async (item) => {
      await submit(item);
      answered += 1;
    });
    await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
    expect([answered, committed.length]).toEqual([0, 0]);
    release();
    await Promise.all(all);
    expect([answered, committed.length, mostRunning()]).toEqual([8, 8, 2]);
  });

  test('a heavy item goes alone, however heavy', async () => {
    const { submit, committed } = store({ heaviest: 10 });
    await Promise.all(['aaaa', 'bbbb', 'c'.repeat(50), 'dddd'].map(submit));
    expect(committed).toEqual([['aaaa', 'bbbb'], ['c'.repeat(50)], ['dddd']]);
  });

  test('an item that cannot be recorded fails alone', async () => {
    const { submit } = store({ poison: 'item3' });
    expect(await outcomes(letters(6).map(submit))).toEqual(['item0!', 'item1!', 'item2!', 'bad value', 'item4!', 'item5!']);
  });

  test('when the store is gone everybody is told to send again, after one more try and not after one for each', async () => {
    const { submit, tries } = store({ gone: () => true });
    const results = await Promise.allSettled(letters(100).map(submit));
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'unavailable', retryAfterMs: expect.any(Number) } });
    expect(tries.length).toBe(2);
  });

  test('after a passing failure, such as a lost connection or a deadlock, it is recorded all the same', async () => {
    let failures = 1;
    const { submit, committed } = store({ gone: () => failures-- > 0 });
    expect(await outcomes(letters(3).map(submit))).toEqual(['item0!', 'item1!', 'item2!']);
    expect(committed).toEqual([letters(3)]);
  });

  test('a store that goes while a spoiled group is taken apart stops the taking apart', async () => {
    let seen = 0;
    const { submit, tries } = store({ poison: 'item1', gone: () => (seen += 1) > 2 });
    const results = await outcomes(letters(50).map(submit));
    expect(results[0]).toBe('item0!');
    expect(results.slice(1).every((result) => result.includes('not recorded'))).toBe(true);
    expect(tries.length).toBeLessThan(6);
  });

  test('when too much is waiting the next is turned away at once, and those who wait are not', async () => {
    const { submit, hold } = store({ mostWaiting: 3, heaviest: 1 });
    const release = hold();
    const waiting = letters(3).map(submit);
    await expect(submit('late')).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
    release();
    expect(await outcomes(waiting)).toEqual(['item0!', 'item1!', 'item2!']);
    await expect(submit('later')).resolves.toBe('later!');
  });
});
