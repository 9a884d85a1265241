import { accessSync, constants } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SHORT_LIVED } from './short-lived.ts';

/** The life of a booking is the first test to run and the first to read. */
class LifeFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => Number(b.moduleId.endsWith('/life.test.ts')) - Number(a.moduleId.endsWith('/life.test.ts')));
  }
}

/** Databases of tests live in memory where there is such a place: copying them and waiting for the disk is most of what they cost. */
const IN_MEMORY = '/dev/shm';

function scratch(): Record<string, string> {
  try {
    accessSync(IN_MEMORY, constants.W_OK);
    return { TMPDIR: IN_MEMORY };
  } catch {
    return {};
  }
}

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/**/*.test.ts', 'providers/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Much of a scenario is waiting, so that two go well on two cores; the default there is one.
    maxWorkers: 2,
    env: scratch(),
    execArgv: SHORT_LIVED,
    // Whole processes, real time and two cores: what fails once on a busy machine is asked once more, and the report says so.
    retry: process.env.CI === 'true' ? 1 : 0,
    sequence: { sequencer: LifeFirst },
  },
});
