import { FINDING_KINDS, type FindingKind, type InventoryReport } from '../../reservation/inventory.ts';
import type { Sweep } from './sweep.ts';
import type { Taken } from './take.ts';

const MOST_KEPT = 500;

/** What is kept of an inventory, and shown. */
export function reportOf({ by, may, shop, began }: Sweep, { findings, ...taken }: Taken): InventoryReport {
  const count = (kind: FindingKind): number => findings.filter((finding) => finding.kind === kind).length;
  return {
    by,
    fix: may.fix,
    seconds: Math.round((shop.now().getTime() - began.getTime()) / 1000),
    listed: taken.listed,
    expected: taken.expected,
    counts: Object.fromEntries(FINDING_KINDS.map((kind) => [kind, count(kind)])) as Record<FindingKind, number>,
    done: findings.filter(({ done }) => done).length,
    failed: findings.filter(({ remedy, done, note }) => remedy !== null && !done && note !== null).length,
    suspicious: taken.suspicious,
    findings: findings.slice(0, MOST_KEPT),
  };
}
