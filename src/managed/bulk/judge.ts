import { setImmediate as turn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database, ProjectKeyRow } from '../../ledger/schema.ts';
import { findProjectKeys } from '../../ledger/project-keys-many.ts';
import { Fault } from '../../reservation/fault.ts';
import { draftChange } from '../change.ts';
import { draftKey } from '../create.ts';
import { mustLive } from '../find.ts';
import type { House } from '../house.ts';
import type { Work } from './work.ts';

export interface Problem {
  readonly error: string;
  /** The field that is wrong. */
  readonly at?: string;
}

/** Why each work would fail if it were done now, in their order; undefined where it would not. Writes nothing. */
export async function judgeWorks(
  house: House,
  db: Kysely<Database>,
  { project, actor, works }: { project: string; actor: string; works: readonly Work[] },
): Promise<(Problem | undefined)[]> {
  const named = works.flatMap((work) => (work.verb === 'create' ? [] : [work.id]));
  const rows = new Map((await findProjectKeys(db, project, named)).map((row) => [row.id, row]));
  const problems: (Problem | undefined)[] = [];
  for (const [place, work] of works.entries()) {
    // Nobody waits for ten thousand of them.
    if (place % 100 === 99) await turn();
    problems.push(problemOf(() => check(house, work, { project, actor, row: rows.get(work.id) })));
  }
  return problems;
}

function check(house: House, work: Work, about: { project: string; actor: string; row: ProjectKeyRow | undefined }): void {
  const { project, actor, row } = about;
  if (work.verb === 'create') return void draftKey(house, { project, actor, asked: work.asked });
  if (!row) throw new Fault('not_found', `there is no key ${work.id} in project ${project}`);
  if (work.verb === 'revoke') return;
  mustLive(row, house.now());
  draftChange(house, row, work.changes);
}

function problemOf(check: () => void): Problem | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { error: error.message, ...(error.at !== undefined && { at: error.at }) };
  }
}
