import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'vitest';
import { describeEngines, type TestEngine } from './engines.ts';
import { commands } from './model/commands.ts';
import { assertEnd } from './model/laws.ts';
import type { Model } from './model/bookings.ts';
import { openWorld, type World } from './model/world.ts';

/**
 * Bookings, operators, a failing provider, a clock that jumps and a process that dies, in any order: after every step the laws of
 * model/laws.ts hold, and at the end nothing lives.
 *
 * A failure prints its seed, path and replayPath. Put them here to see it again.
 */
const REPLAY: { readonly seed?: number; readonly path?: string; readonly replayPath?: string } = {};

type Steps = Iterable<fc.AsyncCommand<Model, World>>;

const RUNS: Record<TestEngine['name'], { readonly forMs: number; readonly maxCommands: number }> = {
  embedded: { forMs: 24_000, maxCommands: 60 },
  postgres: { forMs: 12_000, maxCommands: 25 },
};

describeEngines('any life of a booking', (engine) => {
  test('keeps at most one good key, inside its window, complete, known to the books; and ends with none', async () => {
    const { forMs, maxCommands } = RUNS[engine.name];
    const { replayPath, path, seed = randomInt(2 ** 31) } = REPLAY;
    let last: Promise<void> | undefined;
    const live = async (repeats: 'conflict' | 'upsert', steps: Steps): Promise<void> => {
      const world = await openWorld(engine, repeats);
      try {
        await fc.asyncModelRun(() => ({ model: world.model, real: world }), steps);
        await assertEnd(world);
      } finally {
        await world.close();
      }
    };
    const life = fc.asyncProperty(
      fc.constantFrom('conflict' as const, 'upsert' as const),
      fc.commands(commands, { maxCommands, replayPath, size: 'max' }),
      (repeats, steps) => (last = live(repeats, steps)),
    );
    await fc.assert(life, { seed, path, numRuns: 500, interruptAfterTimeLimit: forMs });
    // The one that the time limit cut off is lived to its end.
    await last?.catch((cause: unknown) => {
      throw new Error(`the last of the lives of seed ${seed} failed`, { cause });
    });
  }, 300_000);
});
