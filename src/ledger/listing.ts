import { z } from 'zod';
import { Fault } from '../reservation/fault.ts';

/** Keyset paging: a page begins after the place of the last row seen, so rows that come or go meanwhile shift nothing. */

export interface Page {
  readonly limit: number;
  /** As an earlier answer's `next` said. */
  readonly cursor?: string;
}

export interface Listed<Row> {
  readonly items: readonly Row[];
  /** Null at the end. */
  readonly next: string | null;
}

/** The order of one list. Places are unique and rows keep theirs. */
export interface Order<Row, Place> {
  readonly list: string;
  /** What is not of this form came from no answer of ours. */
  readonly place: z.ZodType<Place>;
  readonly placeOf: (row: Row) => Place;
}

/** One page of a list, read with one row more than asked for, to know whether there is another. Throws Fault('invalid') for a foreign cursor. */
export async function pageBy<Row, Place>(
  order: Order<Row, Place>,
  page: Page,
  read: (after: Place | undefined, limit: number) => Promise<readonly Row[]>,
): Promise<Listed<Row>> {
  const after = page.cursor === undefined ? undefined : openCursor(order, page.cursor);
  const rows = await read(after, page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, next: last !== undefined && rows.length > page.limit ? cursorAfter(order, last) : null };
}

const Id = z.string().regex(/^[\w-]{1,64}$/);

/** Ids sort by the time they were made. */
export function byId<Row extends { id: string }>(list: string): Order<Row, string> {
  return { list, place: Id, placeOf: (row) => row.id };
}

function cursorAfter<Row, Place>(order: Order<Row, Place>, row: Row): string {
  return Buffer.from(JSON.stringify([order.list, order.placeOf(row)])).toString('base64url');
}

function openCursor<Row, Place>(order: Order<Row, Place>, cursor: string): Place {
  const read = z.tuple([z.literal(order.list), order.place]).safeParse(parse(Buffer.from(cursor, 'base64url').toString()));
  if (read.success) return read.data[1];
  throw new Fault('invalid', 'this cursor is not from an answer of this list; begin without one', { at: 'cursor' });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
