import type { Preset } from './compile.ts';

/** How many requests one call makes after each other, at most. */
export function longest({ issue, revoke, retime, suspend, resume, find, makesKey }: Preset): number {
  const finding = find ? 1 : 0;
  const undone = revoke.length + finding;
  const made = issue.length + (makesKey ? 2 * undone : finding);
  return Math.max(made, undone, ...[retime, suspend, resume].map((steps) => (steps?.length ?? 0) + finding));
}
