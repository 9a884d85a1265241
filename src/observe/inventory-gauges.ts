import { Gauge, type Registry } from 'prom-client';

/** What the last inventory of one provider found and is still so. */
export interface InventoryState {
  readonly provider: string;
  readonly strays: number;
  readonly missing: number;
  readonly drifted: number;
  readonly ageSeconds: number;
}

const GAUGES = {
  strays: 'Keys under our names that our books do not know.',
  missing: 'Keys that should work and are not at their provider.',
  drifted: 'Keys that are otherwise at their provider than they should be.',
  ageSeconds: 'Since the last inventory that came to its end began.',
} as const satisfies Record<Exclude<keyof InventoryState, 'provider'>, string>;

const NAMES = { strays: 'strays', missing: 'missing', drifted: 'drifted', ageSeconds: 'age_seconds' } as const;

/** Asked once at every scrape. A database that is out of reach costs these lines, not the scrape. */
export function watchInventories(registry: Registry, states: () => Promise<readonly InventoryState[]>): void {
  let asking: Promise<readonly InventoryState[]> | undefined;
  const ask = async () => await (asking ??= states().catch(() => [])).finally(() => (asking = undefined));
  for (const field of Object.keys(GAUGES) as (keyof typeof GAUGES)[]) {
    const gauge = new Gauge({
      name: `latchkey_inventory_${NAMES[field]}`,
      help: GAUGES[field],
      labelNames: ['provider'],
      registers: [registry],
      async collect() {
        const all = await ask();
        gauge.reset();
        for (const { provider, [field]: value } of all) gauge.set({ provider }, value);
      },
    });
  }
}
