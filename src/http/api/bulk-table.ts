import { readCsv } from '../../csv/read.ts';
import { MOST_ITEMS } from './bulk-words.ts';

/** The columns of a table of keys. In lists, values are separated by spaces or semicolons; `metadata.<name>` is one field of the metadata. */

const LISTS = new Set(['scopes', 'methods', 'endpoints', 'limits', 'allowedIps', 'deniedIps']);
const PLAIN = ['id', 'name', 'owner', 'description', 'contact', 'environment', 'quota', 'rateLimit', 'tokenType', 'prefix'];
const WHEN = ['opensAt', 'expiresIn', 'expiresAt', 'never', 'rotation.every', 'rotation.overlap'];
const METADATA = /^metadata\.[\w.:-]{1,100}$/;

export const COLUMNS = [...PLAIN, ...LISTS, ...WHEN, 'metadata.<name>'].join(', ');

/** As the JSON that it stands for. Throws Fault('invalid') with line and column where it is no such table. */
export function itemsOfTable(text: string): { items: Record<string, unknown>[]; lines: number[] } {
  const known = new Set([...PLAIN, ...LISTS, ...WHEN]);
  const knows = (column: string) => known.has(column) || METADATA.test(column);
  const rows = readCsv(text, { knows, columns: COLUMNS, mostRows: MOST_ITEMS });
  return { items: rows.map(({ cells }) => itemOf(cells)), lines: rows.map(({ line }) => line) };
}

function itemOf(cells: Readonly<Record<string, string>>): Record<string, unknown> {
  const item: Record<string, unknown> = {};
  for (const [column, cell] of Object.entries(cells)) {
    const [outer = '', ...inner] = column.split('.');
    if (inner.length > 0) item[outer] = { ...(item[outer] as object | undefined), [inner.join('.')]: cell };
    else item[column] = valueOf(column, cell);
  }
  return item;
}

function valueOf(column: string, cell: string): unknown {
  if (LISTS.has(column)) return cell.split(/[\s;]+/).filter((one) => one !== '');
  return column === 'never' ? cell === 'true' : cell;
}
