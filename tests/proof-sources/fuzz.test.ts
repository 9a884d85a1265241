import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presets } from '../../src/sources/presets.ts';
import { caseOf } from './fuzz-cases.ts';
import { heapInUse, openFortress } from './fuzz-house.ts';
import { expressionTargets, nastyTargets, presetTarget } from './targets.ts';
import { LONGEST_STALL_MS } from './stalls.ts';

/*
 * Whatever is posted is answered with a 2xx or a 4xx, soon, and leaves nothing behind in memory. Cases are the same for the same seed:
 * FUZZ_SEED=<number> makes others, FUZZ_CASES=<number> more.
 */

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_301);
const CASES = Number(process.env['FUZZ_CASES'] ?? 5000);
const AT_ONCE = 50;
const NOW = new Date('2026-03-01T12:00:00Z');
const MOST_GROWTH = 12 * 1024 * 1024;

const targets = [...presets.map(({ id }) => presetTarget(id)), ...nastyTargets, ...expressionTargets(SEED)];
const sources = Object.fromEntries(targets.map(({ source }) => [source.name, source]));

describe(`${CASES} requests from somebody who means harm`, () => {
  let fortress: Awaited<ReturnType<typeof openFortress>>;
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  const loop = monitorEventLoopDelay({ resolution: 5 });
  const heap: number[] = [];
  let ms = 0;

  async function shoot(index: number): Promise<void> {
    const shot = caseOf(SEED + index, targets, NOW);
    const status = await fortress.shoot(shot).catch((error: Error) => error.message);
    if (typeof status === 'number') statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const answered = typeof status === 'number' && ((status >= 200 && status < 300) || (status >= 400 && status < 500));
    if (!answered && !(shot.lies && status === 0))
      wrong.push(`seed ${SEED + index}: ${status}; ${shot.bytes.toString('latin1', 0, 300)}`);
  }

  beforeAll(async () => {
    fortress = await openFortress(sources, NOW.toISOString());
    loop.enable();
    const began = performance.now();
    for (let index = 0; index < CASES; index += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => shoot(index + more)));
      if (Math.floor(index / 1000) !== Math.floor((index + AT_ONCE) / 1000)) heap.push(heapInUse());
    }
    ms = performance.now() - began;
    loop.disable();
  }, 600_000);
  afterAll(async () => await fortress.house.close());

  test('are each answered with a 2xx or a 4xx', () => {
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  test('are not all refused at the door: the mapping is reached', () => {
    expect(statuses.get(202) ?? 0).toBeGreaterThan(CASES / 10);
    expect(statuses.get(401) ?? 0).toBeGreaterThan(CASES / 10);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(CASES / 50);
  });

  test('are no failure of ours', () => {
    expect(fortress.errors.slice(0, 3)).toEqual([]);
  });

  test(`hold the processor for less than ${LONGEST_STALL_MS} ms each`, () => {
    expect(fortress.stalls.cost().filter((ms) => ms >= LONGEST_STALL_MS)).toEqual([]);
    const figures = {
      ms,
      longest: fortress.stalls.longest(),
      loop99: loop.percentile(99) / 1e6,
      loopMost: loop.max / 1e6,
      answers: Object.fromEntries(statuses),
    };
    console.info(
      'fuzz:',
      JSON.stringify(figures, (_, value: unknown) => (typeof value === 'number' ? Math.round(value) : value)),
    );
  });

  test('leave nothing in memory', () => {
    console.info('heap:', heap.map((bytes) => Math.round(bytes / 1024 / 1024)).join(' '));
    // In the first thousand everything is used for the first time.
    const [first = 0, second = first] = heap;
    expect((heap.at(-1) ?? 0) - second).toBeLessThan(MOST_GROWTH);
  });

  test('leave objects as they are', () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
