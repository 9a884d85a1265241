import { DriverError } from '../../../providers/driver.ts';
import { askInventory, endInventory, failInventory, noteProgress, readInventory } from '../../ledger/inventories.ts';
import type { Jobs } from '../../ledger/jobs.ts';
import { createLock } from '../../ledger/locks.ts';
import type { InventoryRow } from '../../ledger/schema.ts';
import { Fault } from '../../reservation/fault.ts';
import type { InventoryAsked } from '../../reservation/inventory.ts';
import type { OpenProvider } from '../call.ts';
import { Postponed } from '../gate.ts';
import type { Workshop } from '../turn.ts';
import { tellNews, type Alert } from './alerts.ts';
import { reportOf } from './report.ts';
import type { May, Rules, Sweep } from './sweep.ts';
import { take } from './take.ts';

export interface Inventories {
  /** Has one taken soon, by a job on any node. Throws a Fault where none can be, or one is asked for already. */
  ask(provider: string, wish: Pick<InventoryAsked, 'by' | 'fix' | 'evenIfMost'>): Promise<InventoryAsked>;
  /** Has one taken of each soon that had none for a while. */
  askAll(providers: readonly string[]): Promise<void>;
  /** The job: what was asked for, else what the provider's rules allow. One at a time for each provider, over all nodes. */
  run(provider: string): Promise<void>;
  stop(): void;
}

export interface InventoriesOptions {
  readonly shop: Workshop;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly rules: (provider: string) => Rules | undefined;
  readonly alert: Alert;
  readonly counted: (provider: string, what: Parameters<Sweep['counted']>[0]) => void;
}

const REPORT: Rules = { inventory: 'report', strays: 'report' };
/** Every node wants one every quarter of an hour; one of them takes it. */
const FRESH_MS = 10 * 60_000;
const TELL_PROGRESS_MS = 1000;

export function createInventories(options: InventoriesOptions): Inventories {
  const { shop, jobs, rules } = options;
  const { ledger, now, log } = shop;
  const lock = createLock(ledger.db, now);
  const stopping = new AbortController();

  async function run(name: string): Promise<void> {
    const provider = shop.providers(name);
    if (!provider?.driver.list) return await cannot(name);
    await lock(`inventory:${name}`, stopping.signal, async () => {
      const row = await readInventory(ledger.db, name);
      if (row?.asked || !isFresh(row, now())) await runNow(provider, row);
    });
  }

  /** It could when it was asked for. */
  async function cannot(provider: string): Promise<void> {
    const asked = (await readInventory(ledger.db, provider))?.asked;
    const failure = {
      at: now().toISOString(),
      by: asked?.by ?? 'latchkey',
      error: `provider ${provider} does not list its keys`,
    };
    if (asked) await failInventory(ledger.db, { provider, asked }, failure);
  }

  async function runNow(provider: OpenProvider, row: InventoryRow | undefined): Promise<void> {
    const began = now();
    const asked = row?.asked ?? null;
    const ended = { provider: provider.name, asked };
    const own = rules(provider.name) ?? REPORT;
    const by = asked?.by ?? 'latchkey';
    const may = whatItMay(own, asked);
    const sweep: Sweep = {
      shop,
      provider,
      rules: own,
      began,
      may,
      by,
      stopping: stopping.signal,
      progress: progressOf(shop, provider.name, { by, fix: may.fix }),
      counted: (what) => options.counted(provider.name, what),
    };
    try {
      await sweep.progress({ phase: 'listing', count: 0, of: null });
      const taken = await take(sweep);
      await tellNews(sweep, taken, { before: row?.report ?? null, alert: options.alert });
      const report = reportOf(sweep, taken);
      await endInventory(ledger.db, ended, { takenAt: began, report });
      if (taken.findings.length > 0) log.warn('inventory differs', { provider: provider.name, by, ...report.counts });
    } catch (error) {
      // Without the database, and when the service stops, what is asked for stays asked for.
      if (error instanceof Fault || stopping.signal.aborted) throw error;
      await failInventory(ledger.db, ended, { at: now().toISOString(), by, error: failureOf(error) });
      log.warn('inventory not taken', { provider: provider.name, by, error: failureOf(error) });
    }
  }

  return {
    async ask(name, wish) {
      const provider = shop.providers(name);
      if (!provider) throw new Fault('not_found', `there is no provider ${name}`);
      if (!provider.driver.list) throw new Fault('conflict', `provider ${name} does not list its keys`);
      const asked = { ...wish, at: now().toISOString() };
      await ledger.transact(async (tx) => {
        if (!(await askInventory(tx.db, name, asked)))
          throw new Fault('conflict', `an inventory of ${name} is asked for already; see how far it is`);
        if (asked.fix)
          tx.audit({ actor: asked.by, action: 'inventory.fix', subject: name, detail: { evenIfMost: asked.evenIfMost } });
        await jobs.enqueue(tx, 'inventory', [name]);
      });
      return asked;
    },
    async askAll(names) {
      const listing = names.filter((name) => shop.providers(name)?.driver.list);
      await ledger.transact((tx) => jobs.enqueue(tx, 'inventory', listing));
    },
    run: (name) =>
      run(name).catch((error: unknown) => {
        // What was asked for is still asked for at the next start.
        if (!stopping.signal.aborted) throw error;
      }),
    stop: () => stopping.abort(),
  };
}

function isFresh(row: InventoryRow | undefined, now: Date): boolean {
  return row?.takenAt != null && now.getTime() - row.takenAt.getTime() < FRESH_MS;
}

/** Without being asked it always revokes what is dead in our books; when it is asked only to look, it changes nothing at the provider. */
function whatItMay({ inventory, strays }: Rules, asked: InventoryAsked | null): May {
  const acts = asked?.fix ?? true;
  return {
    revoke: acts,
    fix: asked?.fix ?? inventory === 'fix',
    evenIfMost: asked?.evenIfMost ?? false,
    strays: acts && strays === 'revoke',
  };
}

/** Only what a driver or the gate says is for people. */
function failureOf(error: unknown): string {
  if (error instanceof DriverError || error instanceof Postponed) return error.message;
  return `an unexpected ${error instanceof Error ? error.name : typeof error}`;
}

/** Written down once in a second at most. */
function progressOf({ ledger, now }: Workshop, provider: string, about: { by: string; fix: boolean }): Sweep['progress'] {
  const since = now().toISOString();
  let toldMs = 0;
  return async (step) => {
    if (now().getTime() - toldMs < TELL_PROGRESS_MS) return;
    toldMs = now().getTime();
    await noteProgress(ledger.db, provider, { ...about, ...step, since });
  };
}
