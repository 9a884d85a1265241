import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { difference, fillIn, generated } from '../src/cli/generate.ts';

const ROOT = new URL('..', import.meta.url).pathname;

/** Imports go down only: a part may use the parts of the floors below it, and itself. */
const FLOORS = [
  ['secret'],
  ['reservation'],
  ['settings', 'ledger', 'observe', 'sources', 'csv'],
  ['policy', 'audit', 'keys', 'scopes'],
  ['lease', 'handover', 'managed', 'alerts'],
  ['intake', 'access'],
  ['polling'],
  ['lab'],
  ['http'],
  ['main'],
  ['cli'],
];
/** Settings and drivers reach the others as arguments. */
const KNOWS_SETTINGS = new Set(['policy', 'main', 'cli']);
const KNOWS_ALL_DRIVERS = new Set(['main', 'cli']);

const files = ['src', 'providers']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => posix.join(folder, file)),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
/** Without template texts, which may be code shown to people. */
const codeOf = (file: string): string => textOf(file).replace(/`[^`]*`/g, '``');

/** `src/lease/settle.ts` belongs to `lease`, `src/policy.ts` to `policy`; the other files at the root put the house together. */
const partOf = (file: string): string => {
  const part = file.split('/')[1]!.replace(/\.ts$/, '');
  return file.split('/').length === 2 && !['settings', 'policy', 'cli'].includes(part) ? 'main' : part;
};
const floorOf = (part: string): number => FLOORS.findIndex((floor) => floor.includes(part));

const imports = files.flatMap((from) =>
  [...textOf(from).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => ({
    from,
    to: posix.join(dirname(from), match[1]!),
  })),
);

test('every part of src has its floor', () => {
  const parts = new Set(files.filter((file) => file.startsWith('src/')).map(partOf));
  expect([...parts].filter((part) => floorOf(part) === -1)).toEqual([]);
});

test('imports inside src go down, never up or sideways', () => {
  const wrong = imports
    .filter(({ from, to }) => from.startsWith('src/') && to.startsWith('src/'))
    .filter(({ from, to }) => partOf(from) !== partOf(to))
    .filter(
      ({ from, to }) =>
        floorOf(partOf(to)) >= floorOf(partOf(from)) || (partOf(to) === 'settings' && !KNOWS_SETTINGS.has(partOf(from))),
    );
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

const CONTRACT = new Set(['providers/driver.ts', 'providers/key-manager.ts']);

test('a provider sees the contract, secrets and its own folder; src sees the contract only', () => {
  const allowed = ({ from, to }: { from: string; to: string }): boolean => {
    if (from.startsWith('src/')) return CONTRACT.has(to) || KNOWS_ALL_DRIVERS.has(partOf(from));
    if (dirname(from) === 'providers') return true;
    const own = from.split('/').slice(0, 2).join('/');
    return to.startsWith(`${own}/`) || CONTRACT.has(to) || to.startsWith('src/secret/');
  };
  expect(
    imports.filter(({ from, to }) => from.startsWith('providers/') || to.startsWith('providers/')).filter((one) => !allowed(one)),
  ).toEqual([]);
});

test('the environment is read in settings.ts only', () => {
  expect(
    files.filter((file) => file !== 'src/settings.ts' && /process\s*\.\s*env|from 'node:process'/.test(codeOf(file))),
  ).toEqual([]);
});

test('exports have names, no file is a barrel, and file names say something', () => {
  expect(files.filter((file) => /^export default|^export \* |^export \{[^}]*\} from/m.test(textOf(file)))).toEqual([]);
  expect(
    files.filter((file) => /^(utils?|helpers?|common|misc|shared|types|constants|index|lib)\.ts$/.test(basename(file))),
  ).toEqual(['providers/index.ts']);
});

test('a provider stays small enough to read', () => {
  const long = files.filter((file) => /^providers\/.*\//.test(file) && textOf(file).split('\n').length > 200);
  expect(long).toEqual([]);
});

test('what is generated is up to date', () => {
  expect(
    generated()
      .filter(({ current, content }) => current !== content)
      .map(({ file, current, content }) => `${file} ${difference(current, content)}`),
  ).toEqual([]);
});

test('a generated part replaces what stood between its marks, and an unknown one is an error', () => {
  const marked = (text: string) => `a\n<!-- generated:environment -->\n${text}<!-- /generated -->\nb`;
  expect(fillIn(marked('old\n'), { environment: 'new $1' })).toBe(marked('\nnew $1\n\n'));
  expect(() => fillIn(marked(''), {})).toThrow('nothing generates "environment"');
});
