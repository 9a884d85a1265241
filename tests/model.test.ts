import fc from 'fast-check';
import { test } from 'vitest';
import { describeEngines, type TestEngine } from './engines.ts';
import { commands } from './model/commands.ts';
import { assertEnd } from './model/laws.ts';
import { openWorld } from './model/world.ts';

/**
 * Bookings, operators, a failing provider, a clock that jumps and a process that dies, in any order: after every step the laws of
 * model/laws.ts hold, and at the end nothing lives.
 *
 * A failure prints its seed, path and replayPath. Put them here to see it again.
 */
const REPLAY: { readonly seed?: number; readonly path?: string; readonly replayPath?: string } = {};

const RUNS: Record<TestEngine['name'], { readonly forMs: number; readonly maxCommands: number }> = {
  embedded: { forMs: 45_000, maxCommands: 60 },
  postgres: { forMs: 12_000, maxCommands: 25 },
};

describeEngines('any life of a booking', (engine) => {
  test('keeps at most one good key, inside its window, complete, known to the books; and ends with none', async () => {
    const { forMs, maxCommands } = RUNS[engine.name];
    const { replayPath, ...replay } = REPLAY;
    const life = fc.asyncProperty(
      fc.constantFrom('conflict' as const, 'upsert' as const),
      fc.commands(commands, { maxCommands, replayPath, size: 'max' }),
      async (repeats, steps) => {
        const world = await openWorld(engine, repeats);
        try {
          await fc.asyncModelRun(() => ({ model: world.model, real: world }), steps);
          await assertEnd(world);
        } finally {
          await world.close();
        }
      },
    );
    await fc.assert(life, { ...replay, numRuns: 500, interruptAfterTimeLimit: forMs });
  }, 300_000);
});
