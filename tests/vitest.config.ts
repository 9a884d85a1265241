import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The life of a booking is the first test to run and the first to read. */
class LifeFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => Number(b.moduleId.endsWith('/life.test.ts')) - Number(a.moduleId.endsWith('/life.test.ts')));
  }
}

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/**/*.test.ts', 'providers/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Whole processes, real time and two cores: what fails once on a busy machine is asked once more, and the report says so.
    retry: process.env.CI === 'true' ? 1 : 0,
    sequence: { sequencer: LifeFirst },
  },
});
