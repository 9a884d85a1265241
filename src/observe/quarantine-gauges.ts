import { Gauge, type Registry } from 'prom-client';

/** What one source sent and nobody understands yet. */
export interface QuarantineState {
  readonly source: string;
  readonly events: number;
  readonly oldestSeconds: number;
}

const GAUGES = {
  events: { name: 'latchkey_quarantined_events', help: 'Events that could not be understood and are kept for a replay.' },
  oldestSeconds: { name: 'latchkey_quarantined_oldest_seconds', help: 'For how long the oldest of them has been kept.' },
} as const;

/** Asked once at every scrape. A database that is out of reach costs these lines, not the scrape. */
export function watchQuarantine(registry: Registry, states: () => Promise<readonly QuarantineState[]>): void {
  let asking: Promise<readonly QuarantineState[]> | undefined;
  const ask = async () => await (asking ??= states().catch(() => [])).finally(() => (asking = undefined));
  for (const field of ['events', 'oldestSeconds'] as const) {
    const gauge = new Gauge({
      ...GAUGES[field],
      labelNames: ['source'],
      registers: [registry],
      async collect() {
        const all = await ask();
        gauge.reset();
        for (const { source, [field]: value } of all) gauge.set({ source }, value);
      },
    });
  }
}
