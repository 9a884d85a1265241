import type { Column } from './table.ts';

/** One list of the API: its filters as options, and what a person sees of each item. */
export interface Noun {
  readonly name: string;
  readonly about: string;
  /** By option, in the words of the command line; the query takes the same word in camelCase. */
  readonly filters: Readonly<Record<string, string>>;
  readonly columns: readonly Column<never>[];
  /** Each project has its own. */
  readonly perProject?: true;
  /** A short list comes whole. */
  readonly length: 'pages' | 'short';
}

export const columnsOf = <Row>(columns: readonly Column<Row>[]): readonly Column<never>[] => columns;
