import { createRequire } from 'node:module';
import type * as CsvParse from 'csv-parse/sync';
import { Fault } from '../reservation/fault.ts';

/** A table with a header line, as spreadsheets write it (RFC 4180, and the byte order mark that some put first). */

export interface CsvRow {
  /** Where it begins in the file, counted from 1. */
  readonly line: number;
  /** By column; empty cells are absent. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface CsvOptions {
  /** The columns that may be there. */
  readonly knows: (column: string) => boolean;
  /** For whoever wrote another one. */
  readonly columns: string;
  /** Those that must be there. */
  readonly needs?: readonly string[];
  readonly mostRows: number;
}

const LONGEST_ROW = 64 * 1024;

/** Throws Fault('invalid') with line and column where the text is no such table. */
export function readCsv(text: string, { knows, columns, mostRows, needs }: CsvOptions): CsvRow[] {
  // Few need it, so it is loaded by those who do.
  const { CsvError, parse } = createRequire(import.meta.url)('csv-parse/sync') as typeof CsvParse;
  let header: readonly string[] = [];
  const columnsOf = (first: string[]): string[] => {
    header = first;
    checkHeader(header, { knows, columns, needs });
    return first;
  };
  try {
    // One kind of line end, so that lines are counted right inside of quotes too.
    const records = parse(text.replaceAll('\r\n', '\n'), {
      bom: true,
      columns: columnsOf,
      info: true,
      trim: true,
      skip_empty_lines: true,
      max_record_size: LONGEST_ROW,
    }) as unknown as { record: Record<string, string>; info: { lines: number } }[];
    if (header.length === 0) throw wrong('there is nothing in it: the first line names the columns', 1);
    if (records.length > mostRows)
      throw wrong(`more than ${mostRows} rows: send them in several files`, records[mostRows]!.info.lines);
    return records.map(({ record, info }) => ({ line: info.lines - linesWithin(record), cells: filled(record) }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines = 1, column } = error as unknown as { lines?: number; column?: string | null };
    const isOneCell = error.code !== 'CSV_RECORD_INCONSISTENT_COLUMNS' && error.code !== 'CSV_MAX_RECORD_SIZE';
    throw wrong(MISTAKES[error.code] ?? 'it cannot be read', lines, isOneCell ? (column ?? undefined) : undefined);
  }
}

/** In our words: the library's quote the file, which may hold anything. */
const MISTAKES: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'something follows a closing quote; write a quote inside of quotes twice',
  INVALID_OPENING_QUOTE: 'a quote in the middle of a cell; put the whole cell in quotes and write the quote twice',
  CSV_RECORD_INCONSISTENT_COLUMNS: 'another number of cells than the header has columns',
  CSV_MAX_RECORD_SIZE: `a row longer than ${LONGEST_ROW / 1024} kB`,
};

function checkHeader(header: readonly string[], { knows, columns, needs = [] }: Omit<CsvOptions, 'mostRows'>): void {
  for (const [place, column] of header.entries()) {
    if (header.indexOf(column) !== place) throw wrong('this column is there twice', 1, column || place + 1);
    if (header.length === 1 && column.includes(';')) throw wrong('columns are separated by commas', 1, column);
    if (!knows(column)) throw wrong(`there is no such column; known: ${columns}`, 1, column || place + 1);
  }
  const missing = needs.find((column) => !header.includes(column));
  if (missing !== undefined) throw wrong(`the column ${missing} is not there`, 1);
}

function linesWithin(record: Readonly<Record<string, string>>): number {
  let lines = 0;
  for (const name in record) if (record[name]!.includes('\n')) lines += record[name]!.split('\n').length - 1;
  return lines;
}

function filled(record: Readonly<Record<string, string>>): Record<string, string> {
  const cells: Record<string, string> = {};
  for (const name in record) if (record[name] !== '') cells[name] = record[name]!;
  return cells;
}

function wrong(what: string, line: number, column?: string | number): Fault {
  const at = column === undefined ? `line ${line}` : `line ${line}, column ${String(column).slice(0, 60)}`;
  return new Fault('invalid', `${at}: ${what}`, { at });
}
