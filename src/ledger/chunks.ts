/** Rows for one statement: with a dozen columns each, far below the 65 535 parameters that the protocol allows. */
const MOST_ROWS = 500;

/** The rows in pieces that one statement can take, in order. */
export function chunksOf<T>(rows: readonly T[], most = MOST_ROWS): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < rows.length; start += most) chunks.push(rows.slice(start, start + most));
  return chunks;
}
