import { touchLocalKeys } from '../ledger/local-keys.ts';
import { addUsage, type UsageCount } from '../ledger/usage.ts';
import type { Batch, Part } from './flush.ts';
import { newTally, settle, type Counted, type Tally } from './tally.ts';

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

export interface Use {
  readonly amount: number;
  readonly at: number;
  readonly ip?: string;
}

type Touch = Parameters<typeof touchLocalKeys>[1][number];

export function createUsageMeter({ touchMs = TOUCH_MS }: { touchMs?: number } = {}): UsageMeter {
  const self = {};
  let counted: Tally[] = [];
  /** Of hours that are over, or that could not be written. */
  let late: UsageCount[] = [];
  let used: Tally[] = [];
  let lateTouches: Touch[] = [];
  let touchedAt = performance.now();
  let isLast = false;

  function takeRows(): UsageCount[] {
    const rows = late;
    // One where two would do: all of an hour share it.
    let hour = new Date(0);
    let isRepeated = late.length > 0;
    const keys = new Set<string>();
    for (const tally of counted) {
      if (tally.hour !== hour.getTime()) hour = new Date(tally.hour);
      settle(tally, hour, rows);
      tally.isCounted = false;
      // A record that was replaced has left its tally to be counted beside the new one's.
      isRepeated ||= keys.size === keys.add(tally.keyId).size;
    }
    counted = [];
    late = [];
    return isRepeated ? merged(rows) : rows;
  }

  function takeTouches(): Touch[] {
    if (!isLast && performance.now() - touchedAt < touchMs) return [];
    touchedAt = performance.now();
    const byId = new Map(lateTouches.map((touch) => [touch.id, touch]));
    for (const tally of used) {
      const { keyId: id, usedAt, ip = null } = tally;
      tally.isUsed = false;
      const other = byId.get(id);
      if (!other || other.at.getTime() <= usedAt) byId.set(id, { id, at: new Date(usedAt), ip: ip ?? other?.ip ?? null });
    }
    used = [];
    lateTouches = [];
    return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  return {
    count(key, code, { amount, at, ip }) {
      const hour = at - (at % HOUR_MS);
      let { tally } = key;
      if (tally === undefined || tally.meter !== self) key.tally = tally = newTally(key, { meter: self, hour });
      if (tally.hour !== hour) {
        settle(tally, new Date(tally.hour), late);
        tally.hour = hour;
      }
      if (code === 'VALID') {
        tally.valid += amount;
        tally.usedAt = at;
        tally.ip = ip ?? tally.ip;
        if (!tally.isUsed) {
          tally.isUsed = true;
          used.push(tally);
        }
      } else {
        tally.refused ??= new Map();
        tally.refused.set(code, (tally.refused.get(code) ?? 0) + amount);
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
      const touches = takeTouches();
      if (counts.length === 0 && touches.length === 0) return undefined;
      return {
        async write({ db }) {
          await addUsage(db, counts);
          for (let from = 0; from < touches.length; from += TOUCHES_A_STATEMENT)
            await touchLocalKeys(db, touches.slice(from, from + TOUCHES_A_STATEMENT));
        },
        putBack() {
          late.push(...counts);
          lateTouches.push(...touches);
        },
      };
    },
  };
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
