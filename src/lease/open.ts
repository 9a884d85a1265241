import { createCaller, DEADLINE_MS, type Providers } from './call.ts';
import { createGate } from './gate.ts';
import type { Alert } from './inventory/alerts.ts';
import { createInventories, type Inventories } from './inventory/open.ts';
import type { Rules } from './inventory/sweep.ts';
import { createKeeping } from './keeping.ts';
import { createMake } from './make.ts';
import { createOperations, type Operations } from './operate.ts';
import { createRotations, type Rotations } from './rotations.ts';
import { createSettle } from './settle.ts';
import { sweepLeases } from './sweep.ts';
import { createSlots } from './slots.ts';
import { tidyProviders } from './tidy.ts';
import { createTryOut, type TryOut } from './trial.ts';
import type { Workshop } from './turn.ts';
import { createWatch, type Watch } from './watch.ts';
import type { Jobs } from '../ledger/jobs.ts';
import { createLanes } from '../ledger/lanes.ts';
import { giveBack, providersOf } from '../ledger/leases.ts';
import { wakeOneWaiting, wakeWaiting } from '../ledger/waiting.ts';
import { askTogether } from '../ledger/together.ts';
import { reservePace } from '../ledger/pace.ts';
import type { Metrics } from '../observe/metrics.ts';

export interface Leasing {
  readonly shop: Workshop;
  readonly operations: Operations;
  readonly rotations: Rotations;
  readonly inventories: Inventories;
  readonly keeping: ReturnType<typeof createKeeping>;
  readonly watch: Watch;
  readonly tryOut: TryOut;
  /** Has what providers keep for nobody collected, where that is due. */
  tidy(providers: readonly string[]): Promise<void>;
  /** A job's answer: has the lease settled soon, at its provider's own pace. */
  wake(leaseId: string): Promise<void>;
  sweep(): Promise<number>;
  /** The configuration changed: every lease that is not over is looked at again. */
  reconsider(): Promise<void>;
  /** Waits for what is running, for so long, and then gives up its calls; what waits is given back. */
  drain(longestMs: number): Promise<void>;
}

export interface LeasingOptions extends Pick<
  Workshop,
  'ledger' | 'sealer' | 'policy' | 'announce' | 'now' | 'keyPrefix' | 'mintToken' | 'log' | 'crashPoint'
> {
  readonly providers: Providers;
  readonly jobs: Jobs;
  readonly rules: (provider: string) => Rules | undefined;
  /** Tells operators what is the matter with a provider. */
  readonly alert: Alert;
  readonly metrics: Pick<Metrics, 'issueSeconds' | 'revokeSeconds' | 'revocationSeconds' | 'inventoryRemedies'>;
  readonly wait: (ms: number) => Promise<unknown>;
}

const LONGEST_QUEUE = 20_000;
/** Leases of one provider; how many of them call it at once is the provider's own pace. */
const SETTLING_AT_ONCE = 100;

/** Everything between a decision and a provider, ready to work. */
export async function openLeasing(options: LeasingOptions): Promise<Leasing> {
  const { ledger, jobs, now, log, providers, metrics } = options;
  const random = Math.random;
  const stopping = new AbortController();
  const gate = createGate({
    now,
    random,
    onRecovery: (provider) => {
      log.info('provider answers again', { provider });
      wakeWaiting(ledger.db, provider, now()).catch(() => log.warn('waiting leases not woken', { provider }));
    },
  });
  const slots = createSlots(stopping.signal);
  const lanes = createLanes({
    run: (leaseId) => settle(leaseId),
    concurrency: SETTLING_AT_ONCE,
    longest: LONGEST_QUEUE,
    onError: (leaseId, error) =>
      log.warn('settling failed', { lease: leaseId, error: error instanceof Error ? error.message : 'unknown' }),
  });
  const watch = createWatch({ now, gate, slots, lanes });
  const call = createCaller({
    providers,
    gate,
    slots,
    deadlineMs: DEADLINE_MS,
    pace: (slot) => reservePace(ledger.db, { ...slot, now: now() }),
    observe: (ended) => {
      const { provider, action, seconds, failure } = ended;
      const outcome = failure?.kind ?? 'ok';
      watch.called(ended);
      if (action === 'issue') metrics.issueSeconds.observe({ provider, outcome }, seconds);
      if (action === 'revoke') metrics.revokeSeconds.observe({ provider, outcome }, seconds);
    },
    stopping: stopping.signal,
    crashPoint: options.crashPoint,
  });
  const shop: Workshop = {
    ...options,
    call,
    make: createMake(call, (name) => providers(name)?.driver),
    random,
    proved: (provider, seconds) => metrics.revocationSeconds.observe({ provider }, seconds),
  };
  const settle = createSettle(shop);
  const providerOf = askTogether((ids) => providersOf(ledger.db, ids));
  const operations = createOperations({ ledger, settle, lens: shop, wait: options.wait });
  const inventories = createInventories({
    ...options,
    shop,
    counted: (provider, what) => metrics.inventoryRemedies.inc({ provider, what }),
  });
  return {
    shop,
    operations,
    inventories,
    rotations: createRotations({ ledger, jobs, operations, now }),
    keeping: createKeeping(shop),
    watch,
    tryOut: createTryOut({ ...shop, wait: options.wait }),
    tidy: (names) => tidyProviders(shop, names),
    async wake(leaseId) {
      const provider = await providerOf(leaseId);
      if (provider) lanes.add(provider, leaseId);
    },
    async sweep() {
      for (const provider of gate.untried()) await wakeOneWaiting(ledger.db, provider, now());
      return await sweepLeases(ledger, jobs, now);
    },
    reconsider: async () =>
      void (await ledger.db
        .updateTable('lease')
        .set({ wakeAt: now() })
        .where('state', 'not in', ['revoked'])
        .where('heldUntil', 'is', null)
        .execute()),
    async drain(longestMs) {
      inventories.stop();
      const giveUp = setTimeout(() => stopping.abort(), longestMs);
      const left = await lanes.drain();
      clearTimeout(giveUp);
      await giveBack(ledger.db, left, now());
    },
  };
}
