import type { KeyRecord } from './record.ts';

/** Where the book keeps its records: the living by hash without bound, the revoked and the unknown for as long as there is room. */
export interface Shelf {
  /** Null when it was noted as absent, undefined when nothing is known. */
  find(hash: string): KeyRecord | null | undefined;
  /** Replaces the record of that name, whatever its hash was. */
  put(record: KeyRecord): void;
  drop(name: string): void;
  noteAbsent(hash: string): void;
  forgetAbsent(): void;
  names(): string[];
}

const ROOM = 20_000;

/** `onLeaseGone` is told when the last record of a lease has left. */
export function createShelf({ onLeaseGone }: { onLeaseGone: (lease: string) => void }): Shelf {
  const living = new Map<string, KeyRecord>();
  /** Oldest first; null is a hash that no key has. */
  const others = new Map<string, KeyRecord | null>();
  const byName = new Map<string, KeyRecord>();
  const recordsOf = new Map<string, number>();

  function count(lease: string, difference: 1 | -1): void {
    const records = (recordsOf.get(lease) ?? 0) + difference;
    if (records > 0) return void recordsOf.set(lease, records);
    recordsOf.delete(lease);
    onLeaseGone(lease);
  }

  function take(name: string): KeyRecord | undefined {
    const record = byName.get(name);
    if (!record) return undefined;
    byName.delete(name);
    living.delete(record.hash);
    others.delete(record.hash);
    return record;
  }

  function makeRoom(): void {
    for (const [hash, record] of others) {
      if (others.size < ROOM) return;
      others.delete(hash);
      if (!record) continue;
      byName.delete(record.name);
      count(record.budget.lease, -1);
    }
  }

  return {
    find: (hash) => living.get(hash) ?? others.get(hash),
    put(record) {
      // Counted before the old one goes, so that a replacement does not look like the end of the lease.
      count(record.budget.lease, 1);
      const before = take(record.name);
      if (before) count(before.budget.lease, -1);
      others.delete(record.hash);
      if (record.revokedAt !== null) {
        makeRoom();
        others.set(record.hash, record);
      } else {
        living.set(record.hash, record);
      }
      byName.set(record.name, record);
    },
    drop(name) {
      const record = take(name);
      if (record) count(record.budget.lease, -1);
    },
    noteAbsent(hash) {
      if (living.has(hash) || others.has(hash)) return;
      makeRoom();
      others.set(hash, null);
    },
    forgetAbsent() {
      for (const [hash, record] of others) if (!record) others.delete(hash);
    },
    names: () => [...byName.keys()],
  };
}
