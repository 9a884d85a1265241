import { plain, strong } from './output.ts';

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => unknown;
  /** Never cut: what was left out would be missed. */
  readonly whole?: true;
}

const WIDEST = 60;

/** A table for people: columns as wide as their widest cell, at most 60 characters unless they are to be whole. Empty for no rows. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => columns.map(({ of, whole }) => (whole ? plain(of(row)) : clip(plain(of(row))))));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((line) => line[at]!.length)));
  const lay = (line: readonly string[]) =>
    line
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return [strong(lay(columns.map(({ title }) => title))), ...cells.map((line) => lay(line))].join('\n');
}

function clip(text: string): string {
  return text.length <= WIDEST ? text : `${text.slice(0, WIDEST - 1)}…`;
}
