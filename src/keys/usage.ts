import { touchLocalKeys } from '../ledger/local-keys.ts';
import { addUsage, type UsageCount } from '../ledger/usage.ts';
import type { Batch, Part } from './flush.ts';

const HOUR_MS = 3_600_000;
/** Every key in use is a row to rewrite, so this is rarer than counting. */
const TOUCH_MS = 30_000;
const TOUCHES_A_STATEMENT = 5000;

/** Counts verifications by lease, key, hour and code, and remembers when and from where a key was let through last. */
export interface UsageMeter extends Part {
  count(key: Counted, code: string, use: Use): void;
  /** From here on all that is known is written, however often: the last time. */
  last(): void;
}

/** A key, with its count kept beside it, so that a request looks nothing up. */
export interface Counted {
  readonly id: string;
  readonly budget: { readonly lease: string };
  tally?: Tally;
}

export interface Use {
  readonly amount: number;
  readonly at: number;
  readonly ip?: string;
}

interface Tally {
  readonly meter: object;
  readonly leaseId: string;
  readonly keyId: string;
  hour: number;
  counts: Record<string, number>;
  usedAt: number;
  ip: string | undefined;
  isCounted: boolean;
}

export function createUsageMeter({ touchMs = TOUCH_MS }: { touchMs?: number } = {}): UsageMeter {
  const self = {};
  let counted: Tally[] = [];
  /** Of hours that are over, or that could not be written. */
  let rows: UsageCount[] = [];
  let uses = new Map<string, { at: number; ip: string | undefined }>();
  let touchedAt = performance.now();
  let isLast = false;

  function settle(tally: Tally): void {
    const { leaseId, keyId } = tally;
    const hour = new Date(tally.hour);
    for (const [code, count] of Object.entries(tally.counts)) rows.push({ leaseId, keyId, hour, code, count });
    tally.counts = {};
  }

  function takeRows(): UsageCount[] {
    for (const tally of counted) {
      settle(tally);
      if (tally.usedAt > 0) uses.set(tally.keyId, { at: tally.usedAt, ip: tally.ip });
      tally.isCounted = false;
    }
    const taken = merged(rows);
    counted = [];
    rows = [];
    return taken;
  }

  function takeUses(): { id: string; at: Date; ip: string | null }[] {
    if (!isLast && performance.now() - touchedAt < touchMs) return [];
    touchedAt = performance.now();
    const taken = [...uses].map(([id, { at, ip }]) => ({ id, at: new Date(at), ip: ip ?? null }));
    uses = new Map();
    return taken.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  return {
    count(key, code, { amount, at, ip }) {
      const hour = at - (at % HOUR_MS);
      let { tally } = key;
      if (tally === undefined || tally.meter !== self) key.tally = tally = newTally(key, { meter: self, hour });
      if (tally.hour !== hour) {
        settle(tally);
        tally.hour = hour;
      }
      tally.counts[code] = (tally.counts[code] ?? 0) + amount;
      if (code === 'VALID') {
        tally.usedAt = at;
        tally.ip = ip ?? tally.ip;
      }
      if (tally.isCounted) return;
      tally.isCounted = true;
      counted.push(tally);
    },
    last() {
      isLast = true;
    },
    collect(): Batch | undefined {
      const counts = takeRows();
      const touches = takeUses();
      if (counts.length === 0 && touches.length === 0) return undefined;
      return {
        async write({ db }) {
          await addUsage(db, counts);
          for (let from = 0; from < touches.length; from += TOUCHES_A_STATEMENT)
            await touchLocalKeys(db, touches.slice(from, from + TOUCHES_A_STATEMENT));
        },
        putBack() {
          rows.push(...counts);
          for (const { id, at, ip } of touches) if (!uses.has(id)) uses.set(id, { at: at.getTime(), ip: ip ?? undefined });
        },
      };
    },
  };
}

function newTally({ id, budget }: Counted, { meter, hour }: { meter: object; hour: number }): Tally {
  return { meter, leaseId: budget.lease, keyId: id, hour, counts: {}, usedAt: 0, ip: undefined, isCounted: false };
}

/** Each row once: what is written in one statement may name it only once. */
function merged(rows: readonly UsageCount[]): UsageCount[] {
  const byPlace = new Map<string, UsageCount>();
  for (const row of rows) {
    const place = `${row.leaseId} ${row.keyId} ${row.hour.getTime()} ${row.code}`;
    byPlace.set(place, { ...row, count: row.count + (byPlace.get(place)?.count ?? 0) });
  }
  return [...byPlace.values()];
}
