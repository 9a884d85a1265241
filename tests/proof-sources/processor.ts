/** Milliseconds for which this thread had a processor: waiting for one is not counted, since others of the machine cause it. */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * The least of several measurements of the same work: a collection of garbage may fall on any of them, or another process on the other half of
 * the core, but what the work itself costs it costs each time.
 */
export function leastOf(times: number, measure: () => number): number {
  return Math.min(...Array.from({ length: times }, measure));
}
