import { readCsv } from '../csv/read.ts';
import { Fault } from '../reservation/fault.ts';
import type { Contact, Roster } from '../reservation/roster.ts';
import { Email, Id, Label } from '../sources/map/fields.ts';
import type { Finding, Path, Report } from './problems.ts';

/** A file that the configuration names, by the path that it says. */
export type ReadFile = (path: string) => { readonly text: string; readonly file: string } | { readonly problem: string };

const COLUMNS = ['id', 'email', 'name'];
const MOST_PEOPLE = 200_000;
/** An export in another format is wrong in every line. */
const MOST_TOLD = 20;

/**
 * Reads the rosters that entries name, each file once. What is wrong in one is told by its line, without what stands there; then there is
 * none.
 */
export function createRosters(
  readFile: ReadFile | undefined,
  report: Report,
): (entry: unknown, path: Path) => Roster | undefined {
  const known = new Map<string, Roster | undefined>();
  return (entry, path) => {
    const named = (entry as { roster?: unknown } | null | undefined)?.roster;
    if (typeof named !== 'string' || named === '') return undefined;
    if (!known.has(named)) known.set(named, read(named, path));
    return known.get(named);
  };

  function read(named: string, path: Path): Roster | undefined {
    const found = readFile?.(named) ?? { problem: 'cannot be read here' };
    if ('text' in found) return rosterOf(found.text, (finding) => report({ path: [], ...finding, file: found.file }));
    report({ path, message: found.problem, fix: 'name a CSV file with the columns id, email and name, beside this file' });
    return undefined;
  }
}

type Complain = (finding: Pick<Finding, 'message' | 'fix' | 'line'>) => void;

/** Undefined where something is wrong with it: half a roster would send some people nothing, and nobody would know why. */
function rosterOf(text: string, complain: Complain): Roster | undefined {
  const rows = rowsOf(text, complain);
  if (!rows) return undefined;
  const roster = new Map<string, Contact>();
  const lineOf = new Map<string, number>();
  let wrong = 0;
  for (const { line, cells } of rows) {
    const read = personOf(cells, lineOf);
    if ('message' in read) {
      wrong += 1;
      if (wrong <= MOST_TOLD) complain({ ...read, line });
      continue;
    }
    roster.set(read.id, read.contact);
    lineOf.set(read.id, line);
  }
  if (wrong > MOST_TOLD)
    complain({ message: `is wrong in ${wrong} lines; the first ${MOST_TOLD} are told`, fix: 'correct these first' });
  return wrong === 0 ? roster : undefined;
}

function rowsOf(text: string, complain: Complain): ReturnType<typeof readCsv> | undefined {
  try {
    const knows = (column: string) => COLUMNS.includes(column);
    return readCsv(text, { knows, columns: COLUMNS.join(', '), mostRows: MOST_PEOPLE, needs: ['id', 'email'] });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const [, line, message = error.message] = /^line (\d+)(?:, column [^:]*)?: (.*)$/s.exec(error.message) ?? [];
    complain({ message, fix: 'write id,email,name in the first line, and one person in each line', line: Number(line ?? 1) });
    return undefined;
  }
}

type Person = { readonly id: string; readonly contact: Contact };

function personOf(
  cells: Readonly<Record<string, string>>,
  lineOf: ReadonlyMap<string, number>,
): Person | Pick<Finding, 'message' | 'fix'> {
  const id = Id.safeParse(cells['id']).data;
  if (id === undefined)
    return { message: 'has no id', fix: "write the person's id as the source sends it, at most 200 characters" };
  const before = lineOf.get(id);
  if (before !== undefined) return { message: `has the id of line ${before}`, fix: 'leave one of the two' };
  const email = Email.parse(cells['email']);
  if (email === undefined) return { message: 'has no email that mail can be sent to', fix: 'write one address, without a name' };
  return { id, contact: { email, name: Label.parse(cells['name']) } };
}
