import { Counter, Gauge, type Registry } from 'prom-client';

/** Where the reading of one source stands. */
export interface PollState {
  readonly source: string;
  readonly bookings: number;
  readonly failures: number;
  /** Since it was last read without a fault; not there before the first time. */
  readonly ageSeconds?: number;
}

const GAUGES = {
  bookings: { name: 'bookings', help: 'Bookings in the last reading of a source.' },
  failures: { name: 'failures', help: 'Readings of a source in a row that failed.' },
  ageSeconds: { name: 'age_seconds', help: 'Since a source was last read without a fault.' },
} as const satisfies Record<Exclude<keyof PollState, 'source'>, { name: string; help: string }>;

/** Counts readings of sources that do not push, by what became of them: read, unchanged, failed. */
export function countPolls(registry: Registry): Counter<'source' | 'outcome'> {
  return new Counter({
    name: 'latchkey_polls_total',
    help: 'Readings of sources that do not push.',
    labelNames: ['source', 'outcome'],
    registers: [registry],
  });
}

/** Asked once at every scrape. A database that is out of reach costs these lines, not the scrape. */
export function watchPolls(registry: Registry, states: () => Promise<readonly PollState[]>): void {
  let asking: Promise<readonly PollState[]> | undefined;
  const ask = async () => await (asking ??= states().catch(() => [])).finally(() => (asking = undefined));
  for (const field of Object.keys(GAUGES) as (keyof typeof GAUGES)[]) {
    const { name, help } = GAUGES[field];
    const gauge = new Gauge({
      name: `latchkey_poll_${name}`,
      help,
      labelNames: ['source'],
      registers: [registry],
      async collect() {
        const all = await ask();
        gauge.reset();
        for (const { source, [field]: value } of all) if (value !== undefined) gauge.set({ source }, value);
      },
    });
  }
}
