import { createOutgoing } from './handover/outgoing.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import { countPolls, watchPolls } from './observe/poll-gauges.ts';
import { openPolling, type PollingOptions, type Pollings } from './polling/open.ts';

type Parts = Omit<PollingOptions, 'outgoing' | 'random' | 'log' | 'counted' | 'failed'> & {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'registry'>;
};

/** Reads the sources that do not push, and counts what comes of it. */
export function readSources({ log, metrics, ...parts }: Parts): Pollings {
  const { policy, now } = parts;
  const polls = countPolls(metrics.registry);
  const polling = openPolling({
    ...parts,
    outgoing: createOutgoing({ now }),
    random: Math.random,
    log: (message, fields) => log.warn(message, { ...fields }),
    counted: (source, outcome) => polls.inc({ source, outcome }),
    failed: (source, error) => log.error('recording what was read failed', { source, error }),
  });
  watchPolls(metrics.registry, async () => {
    const rows = await polling.states(Object.keys(policy().sources));
    return [...rows.values()].map(({ source, bookings, failures, readAt }) => ({
      source,
      bookings,
      failures,
      ...(readAt && { ageSeconds: Math.max(0, (now().getTime() - readAt.getTime()) / 1000) }),
    }));
  });
  return polling;
}
