import { createHash } from 'node:crypto';

/** Milliseconds for which this thread had a processor: waiting for one is not counted, since others of the machine cause it. */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const SAMPLE = 'a piece of work that is always the same'.repeat(100);
/** On one processor of a calm machine from 2023. */
const USUAL_MS = 4;

/** How many times longer than usual a piece of work takes now; 1 where it takes no longer. */
export function slowness(): number {
  const took = Array.from({ length: 3 }, () => {
    const began = processorMs();
    for (let round = 0; round < 300; round += 1)
      createHash('sha256')
        .update(JSON.stringify(SAMPLE.split(' ')))
        .digest();
    return processorMs() - began;
  });
  return Math.max(1, Math.min(...took) / USUAL_MS);
}
