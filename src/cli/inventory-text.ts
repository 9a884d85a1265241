import type { InventoryAnswer } from './answers.ts';
import { instant, plain, strong } from './output.ts';
import { table } from './table.ts';

type Report = NonNullable<InventoryAnswer['report']>;
type Finding = Report['findings'][number];

/** What an inventory came to, for a person at a terminal. */
export function inventoryText({ provider, takenAt, report, failed }: InventoryAnswer): string {
  const name = strong(plain(provider));
  if (failed) return `${name}: not taken: ${plain(failed.error)}`;
  if (!report) return `${name}: not taken yet`;
  const { listed, expected, suspicious } = report;
  return [
    `${name}: ${listed} listed under our names, ${expected} should work, at ${instant(takenAt)}`,
    ...(report.findings.length > 0 ? [findingsTable(report)] : []),
    ...more(report),
    ...(suspicious ? [`Suspicious: ${plain(suspicious)}`] : []),
    conclusion(report),
  ].join('\n');
}

function findingsTable({ findings, fix }: Report): string {
  return table(findings, [
    { title: 'WHAT', of: (finding) => finding.kind },
    { title: 'KEY', of: (finding) => finding.keyId ?? finding.name },
    { title: 'LEASE', of: (finding) => finding.leaseId },
    { title: 'SINCE', of: (finding) => instant(finding.since) },
    { title: fix ? 'DONE' : 'FIX WOULD', of: (finding) => (fix ? outcome(finding) : (finding.remedy ?? 'nothing')) },
    { title: 'WHY', of: (finding) => [...finding.differs, finding.note ?? []].flat().join('; ') },
  ]);
}

const DONE = { revoke: 'revoked', reissue: 'replaced', repair: 'repaired' } as const;

function outcome({ done, remedy }: Finding): string {
  if (remedy === null) return 'nothing';
  return done ? DONE[remedy] : 'not yet';
}

function more({ findings, counts }: Report): string[] {
  const rest = total(counts) - findings.length;
  return rest > 0 ? [`... and ${rest} more`] : [];
}

function conclusion({ findings, counts, fix, done, failed }: Report): string {
  if (total(counts) === 0) return 'Nothing differs.';
  if (fix) return `${done} set right, ${failed} not yet, ${total(counts) - done - failed} only reported.`;
  const would = (['revoke', 'reissue', 'repair'] as const)
    .map((remedy) => ({ remedy, times: findings.filter((finding) => finding.remedy === remedy && !finding.done).length }))
    .filter(({ times }) => times > 0)
    .map(({ remedy, times }) => `${remedy} ${times}`);
  return would.length === 0 ? '--fix would do nothing.' : `--fix would ${would.join(', ')}.`;
}

function total(counts: Report['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
