import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { watchInventories, type InventoryState } from './inventory-gauges.ts';
import { watchQuarantine, type QuarantineState } from './quarantine-gauges.ts';

/** What is counted when somebody asks, because it is a state and not an event. */
export interface MetricSources {
  leasesByState(): Promise<Readonly<Record<string, number>>>;
  /** Keys that should be dead and are not: how many, and for how long the oldest has been. */
  debts(): Promise<{ readonly count: number; readonly oldestSeconds: number }>;
  inventories(): Promise<readonly InventoryState[]>;
  quarantined(): Promise<readonly QuarantineState[]>;
}

export type Metrics = ReturnType<typeof createMetrics>;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics on a registry of their own. Labels are names from the configuration, never of people, bookings or keys. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    /** Webhooks answered, by source and by status: accepted, duplicate, ignored, quarantined, refused, handshake, check-granted, check-refused. */
    acks: new Counter({
      name: 'latchkey_acks_total',
      help: 'Webhooks answered, by what became of them.',
      labelNames: ['source', 'status'],
      registers,
    }),
    duplicates: new Counter({
      name: 'latchkey_duplicates_total',
      help: 'Webhooks that repeated a recorded event.',
      labelNames: ['source'],
      registers,
    }),
    /** By the source and the fingerprint of the secret. */
    secretUses: new Counter({
      name: 'latchkey_source_secret_uses_total',
      help: 'Requests that showed this secret of their source, by its fingerprint.',
      labelNames: ['source', 'secret'],
      registers,
    }),
    secretLastUsed: new Gauge({
      name: 'latchkey_source_secret_last_used_seconds',
      help: 'When this process last saw this secret of a source used, in seconds since 1970.',
      labelNames: ['source', 'secret'],
      registers,
    }),
    issueSeconds: new Histogram({
      name: 'latchkey_issue_seconds',
      help: 'Time a provider took to issue a key.',
      labelNames: ['provider', 'outcome'],
      buckets: SECONDS,
      registers,
    }),
    revokeSeconds: new Histogram({
      name: 'latchkey_revoke_seconds',
      help: 'Time a provider took to revoke a key.',
      labelNames: ['provider', 'outcome'],
      buckets: SECONDS,
      registers,
    }),
    revocationSeconds: new Histogram({
      name: 'latchkey_revocation_seconds',
      help: 'Time from when a key was to be revoked until its provider had no working key any more, failed attempts included.',
      labelNames: ['provider'],
      buckets: [...SECONDS, 60, 300, 3600, 86_400],
      registers,
    }),
    deliveryFailures: new Counter({
      name: 'latchkey_delivery_failures_total',
      help: 'Attempts to deliver a notification that failed.',
      labelNames: ['channel'],
      registers,
    }),
    /** By what they are about: debt, denied, full, locked, second-reveal, ... */
    alerts: new Counter({
      name: 'latchkey_alerts_total',
      help: 'Alerts that an operator should look at.',
      labelNames: ['about'],
      registers,
    }),
    inventoryRemedies: new Counter({
      name: 'latchkey_inventory_remedies_total',
      help: 'What inventories set right, by what it was: revoked-again, stray-revoked, reissued, repaired.',
      labelNames: ['provider', 'what'],
      registers,
    }),
    /** Counts a verdict of verify, by its code. */
    verdict: countVerdicts(registry),
    /** Counts the states of leases and debts at every scrape. A database that is out of reach costs these lines, not the scrape. */
    watch(sources: MetricSources): void {
      watchLeases(registry, sources);
      watchDebts(registry, sources);
      watchInventories(registry, sources.inventories);
      watchQuarantine(registry, sources.quarantined);
    },
  };
}

function watchLeases(registry: Registry, sources: MetricSources): void {
  const leases = new Gauge({
    name: 'latchkey_leases',
    help: 'Leases by state.',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const states = await sources.leasesByState().catch(() => ({}));
      leases.reset();
      for (const [state, count] of Object.entries(states)) leases.set({ state }, count);
    },
  });
}

function watchDebts(registry: Registry, sources: MetricSources): void {
  const unknown = () => ({ count: Number.NaN, oldestSeconds: Number.NaN });
  const count = new Gauge({
    name: 'latchkey_debts',
    help: 'Keys that should be dead and are not.',
    registers: [registry],
    async collect() {
      count.set((await sources.debts().catch(unknown)).count);
    },
  });
  const oldest = new Gauge({
    name: 'latchkey_debt_oldest_seconds',
    help: 'For how long the oldest key that should be dead has not been.',
    registers: [registry],
    async collect() {
      oldest.set((await sources.debts().catch(unknown)).oldestSeconds);
    },
  });
}

/** A label costs a microsecond, which a gateway would wait for on each request: counted plainly, and labelled when somebody asks. */
function countVerdicts(registry: Registry): (code: string) => void {
  const pending = new Map<string, number>();
  const counter = new Counter({
    name: 'latchkey_verify_total',
    help: 'Keys verified, by verdict.',
    labelNames: ['code'],
    registers: [],
    collect() {
      for (const [code, count] of pending) this.inc({ code }, count);
      pending.clear();
    },
  });
  registry.registerMetric(counter);
  return (code) => void pending.set(code, (pending.get(code) ?? 0) + 1);
}
