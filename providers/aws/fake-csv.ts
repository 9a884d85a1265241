/** The rows of an API key file: columns in any order, names in any case, unknown ones ignored. */
export function readKeys(csv: string) {
  const [header = [], ...rows] = readCsv(csv);
  const columns = header.map((name) => name.toLowerCase());
  return rows.map((row) => {
    const field = (name: string) => row[columns.indexOf(name)] ?? '';
    return {
      name: field('name'),
      value: field('key'),
      description: field('description'),
      enabled: (field('enabled') || 'true').toLowerCase() === 'true',
      planIds: field('usageplanids').split(',').filter(Boolean),
    };
  });
}

/** RFC 4180. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.some(Boolean)) rows.push(row);
    row = [];
    if (end === '') break;
  }
  return rows;
}
