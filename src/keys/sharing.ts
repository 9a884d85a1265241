import type { Tx } from '../ledger/database.ts';
import {
  addWindowUse,
  beginWindowUse,
  windowUseOfOthers,
  type AddedUse,
  type WindowTotal,
  type WindowUse,
} from '../ledger/window-use.ts';
import type { Account } from './account.ts';
import { collect, putBack, type Grain } from './elsewhere.ts';
import type { Batch, Part } from './flush.ts';
import { learnTotals } from './learning.ts';
import type { MemoryLimits } from './limits.ts';
import type { Meter } from './meter.ts';
import { periodEnd } from './periods.ts';
import { quotaName, type PeriodUse } from './quota-counter.ts';
import type { Thresholds } from './thresholds.ts';

const DAY_MS = 86_400_000;
/** How often accounts are looked at that hold nothing any more. */
const SWEEP_MS = 60_000;
/** What a node that was cut off writes late is heard of by the others for so long. */
const LATE_MS = 10 * 60_000;

export interface SharingOptions {
  readonly limits: MemoryLimits;
  /** This life of this process. */
  readonly node: string;
  /** Whether others write too. */
  readonly hasOthers: boolean;
  readonly now: () => Date;
  readonly thresholds: Thresholds;
}

interface Collected {
  readonly account: Account;
  readonly windows: { readonly meter: Meter; readonly grains: readonly Grain[] }[];
  readonly quotas: readonly PeriodUse[];
}

/**
 * Writes what went through quotas and long windows, and learns what others let through of the same: within one flush of it. So above a limit
 * passes at most what the other nodes let through in one flush. Windows of a second and of a minute are each node's own.
 */
export function createSharing(options: SharingOptions): Part {
  const { limits, thresholds } = options;
  let sweptAt = 0;
  return {
    collect(): Batch | undefined {
      const at = options.now().getTime();
      const all = limits.accounts.takeMarked().map(collected);
      if (Math.abs(at - sweptAt) >= SWEEP_MS) {
        limits.accounts.sweep(at);
        sweptAt = at;
      }
      if (all.length === 0) return undefined;
      return {
        async write(tx) {
          // What is written here is counted here already: should it be rolled back, nothing too much was learnt.
          learnTotals(limits.accounts, await exchange(tx, all, { ...options, at }), at);
          const accounts = all.map(({ account }) => account);
          await thresholds.write(tx, accounts, at);
        },
        done() {
          for (const { account, windows, quotas } of all) {
            const { counter } = account;
            if (counter && quotas.some(({ at: start }) => start === counter.start)) counter.begun = true;
            for (const { meter } of windows) meter.elsewhere!.askedAt = at;
          }
        },
        putBack() {
          for (const each of all) giveBack(each, limits);
        },
      };
    },
  };
}

function collected(account: Account): Collected {
  const { counter, meters } = account;
  const quotas = counter?.earlier ?? [];
  if (counter) {
    if (counter.unsent > 0) quotas.push({ kind: counter.kind, at: counter.start, count: counter.unsent });
    counter.earlier = undefined;
    counter.unsent = 0;
  }
  const windows = meters.flatMap((meter) => (meter.elsewhere ? [{ meter, grains: collect(meter.elsewhere) }] : []));
  return { account, quotas, windows };
}

function giveBack({ account, quotas, windows }: Collected, { accounts }: MemoryLimits): void {
  if (account.counter && quotas.length > 0) (account.counter.earlier ??= []).push(...quotas);
  for (const { meter, grains } of windows) putBack(meter.elsewhere!, grains);
  if (!account.dirty) accounts.mark(account);
}

async function exchange(
  { db }: Tx,
  all: readonly Collected[],
  { node, hasOthers, at }: SharingOptions & { at: number },
): Promise<WindowTotal[]> {
  await beginWindowUse(db, all.flatMap(beginnings));
  const quotas = await addWindowUse(
    db,
    all.flatMap((each) => usesOf(each, node)),
  );
  if (!hasOthers) return quotas;
  const asked = all.flatMap(({ account, windows }) =>
    windows.map(({ meter }) => ({ budget: account.id, name: meter.name, since: sinceWhen(meter, at) })),
  );
  return [...quotas, ...(await windowUseOfOthers(db, node, asked))];
}

/** What was known of a quota before its use was written where all nodes add to it. */
function beginnings({ account, quotas }: Collected): WindowUse[] {
  const { counter } = account;
  const current = counter && !counter.begun && quotas.find(({ at, kind }) => at === counter.start && kind === counter.kind);
  if (!current) return [];
  return [quotaUse(account, { ...current, count: Math.max(counter.used - counter.unsent - current.count, 0) })];
}

function usesOf({ account, quotas, windows }: Collected, node: string): AddedUse[] {
  const { counter } = account;
  const uses: AddedUse[] = quotas.map((use) => ({
    ...quotaUse(account, use),
    // Of a period that is over nobody asks any more.
    known: counter && use.at === counter.start && use.kind === counter.kind ? counter.used - counter.unsent : null,
  }));
  for (const { meter, grains } of windows)
    for (const { at, count } of grains) {
      const goneAt = meter.window.ms === Infinity ? null : new Date(at + meter.elsewhere!.grainMs + meter.window.ms);
      uses.push({ budget: account.id, name: meter.name, at: new Date(at), node, count, goneAt, known: null });
    }
  return uses.length < 2 ? uses : added(uses);
}

function quotaUse({ id }: Account, { kind, at, count }: PeriodUse): WindowUse {
  const end = periodEnd(kind.per, at);
  // A day longer than its period, for a node whose clock is behind.
  const goneAt = end === null ? null : new Date(end + DAY_MS);
  return { budget: id, name: quotaName(kind), at: new Date(at), node: '', count, goneAt };
}

/** Each row once: what is written in one statement may name it only once. */
function added(uses: readonly AddedUse[]): AddedUse[] {
  const byPlace = new Map<string, AddedUse>();
  for (const use of uses) {
    const place = `${use.name} ${use.at.getTime()} ${use.node}`;
    byPlace.set(place, { ...use, count: use.count + (byPlace.get(place)?.count ?? 0) });
  }
  return [...byPlace.values()];
}

function sinceWhen({ window, elsewhere }: Meter, at: number): Date {
  const { askedAt, grainMs } = elsewhere!;
  if (window.ms === Infinity) return new Date(0);
  return new Date((askedAt === undefined ? at - window.ms : Math.max(askedAt - LATE_MS, at - window.ms)) - grainMs);
}
