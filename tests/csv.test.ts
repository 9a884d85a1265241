import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsv } from '../src/csv/read.ts';
import { writeCsv } from '../src/csv/write.ts';

const KNOWN = ['name', 'owner', 'scopes'];
const read = (text: string, mostRows = 100) =>
  readCsv(text, { knows: (column) => KNOWN.includes(column), columns: KNOWN.join(', '), mostRows });

test('quotes, commas, line ends in cells, CRLF and a byte order mark are read as spreadsheets write them', () => {
  const text = '\uFEFFname,owner,scopes\r\n"a ""quoted"" one","x, y",read\r\n\r\n"two\r\nlines",,read write\r\nlast,=1+1,\r\n';
  expect(read(text)).toEqual([
    { line: 2, cells: { name: 'a "quoted" one', owner: 'x, y', scopes: 'read' } },
    { line: 4, cells: { name: 'two\nlines', scopes: 'read write' } },
    { line: 6, cells: { name: 'last', owner: '=1+1' } },
  ]);
});

test.each([
  ['', 'line 1: there is nothing in it'],
  ['name,name\na,b\n', 'line 1, column name: this column is there twice'],
  ['name,colour\na,b\n', 'line 1, column colour: there is no such column; known: name, owner, scopes'],
  ['name;owner\na;b\n', 'line 1, column name;owner: columns are separated by commas'],
  ['name,,owner\na,b,c\n', 'line 1, column 2: there is no such column'],
  ['name,owner\na,b\nc\n', 'line 3: another number of cells'],
  ['name,owner\na,b\nc,d,e\n', 'line 3: another number of cells'],
  ['name,owner\na,"b\nc,d\n', 'a quote is opened and never closed'],
  ['name,owner\na,b"c"\n', 'line 2, column owner: a quote in the middle'],
  ['name,owner\na,"b"c\n', 'line 2, column owner: something follows a closing quote'],
  [`name\n${'x'.repeat(70_000)}\n`, 'a row longer than 64 kB'],
  ['name\na\nb\nc\n', 'line 4: more than 2 rows'],
])('%j is refused with its place', (text, want) => {
  expect(() => read(text, 2)).toThrow(
    expect.objectContaining({ code: 'invalid', message: expect.stringContaining(want) as string }) as Error,
  );
});

test('what is written is read again, but for what would run as a formula', () => {
  const text = fc
    .string({ minLength: 1, maxLength: 20 })
    .filter((cell) => cell.trim() === cell && !cell.includes('\r\n') && !/^[=+\-@]/.test(cell));
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (rows) => {
      const back = read(writeCsv(['name', 'owner'], rows));
      expect(back.map(({ cells }) => [cells.name, cells.owner])).toEqual(rows);
    }),
    { numRuns: 300 },
  );
  expect(writeCsv(['name'], [['=cmd|x'], ['-1'], ['@a'], ['+b'], ['\tc'], ['fine']])).toBe(
    "name\r\n'=cmd|x\r\n'-1\r\n'@a\r\n'+b\r\n'\tc\r\nfine\r\n",
  );
});
