/** What a benchmark says: one table, ready to be pasted into README.md. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** How to read it; sentences. */
  readonly notes: readonly string[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The smallest value that `share` of them do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** `median (min-max)`, or the one value there is. */
export function spread(values: readonly number[], write: (value: number) => string = amount): string {
  if (values.length === 0) return 'none';
  const [low, high] = [Math.min(...values), Math.max(...values)].map(write);
  return low === high ? write(median(values)) : `${write(median(values))} (${low}-${high})`;
}

export function amount(value: number): string {
  if (Number.isNaN(value)) return 'none';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** How one round's figure compares with its peer's in the same round. */
export function ratios(own: readonly number[], peer: readonly number[]): number[] {
  return own.map((value, round) => value / (peer[round] ?? Number.NaN));
}

export function met(value: number, target: { atLeast?: number; atMost?: number; unit?: string }): string {
  const { atLeast, atMost, unit = '' } = target;
  const ok = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
  const wish = [atLeast === undefined ? '' : `≥ ${atLeast}${unit}`, atMost === undefined ? '' : `≤ ${atMost}${unit}`];
  return `${wish.filter(Boolean).join(', ')}: ${ok ? 'met' : '**not met**'}`;
}

export function markdown({ title, columns, rows, notes }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, place) => (place === 0 ? '---' : '---:'));
  return [`### ${title}`, '', line(columns), line(rule), ...rows.map(line), '', ...notes.map((note) => `${note}\n`)].join('\n');
}
