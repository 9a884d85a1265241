import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Operator } from './operators.ts';

/*
 * An operator of one project sees that project and nothing else. What belongs to another one is not forbidden to them but not there: even that
 * it exists is nobody's business. What belongs to the whole house is forbidden, since everybody knows that it is there.
 */

type Caller = Pick<Operator, 'project'>;

export function sees(caller: Caller, project: string): boolean {
  return caller.project === null || caller.project === project;
}

/** Throws Fault('not_found') for what is of a project that the caller does not see. `what` is what is not there, such as `key mk_1`. */
export function mustSee(caller: Caller, project: string, what = `project ${project}`): void {
  if (!sees(caller, project)) throw new Fault('not_found', `there is no ${what}`);
}

/** Throws Fault('forbidden') for an operator of one project, where something is of the whole house. */
export function mustSeeAll(caller: Operator): void {
  if (caller.project === null) return;
  throw new Fault(
    'forbidden',
    `Operator ${caller.name} is of project ${caller.project}; this concerns all projects and needs an operator of none.`,
  );
}

/**
 * Whose bookings the caller sees, for filters of lists: undefined for all. A source that is no longer configured is of no project, so that only
 * operators of the whole house see what came from it.
 */
export function sourcesSeen(caller: Caller, { sources }: Pick<Policy, 'sources'>): readonly string[] | undefined {
  if (caller.project === null) return undefined;
  return Object.values(sources).flatMap(({ name, project }) => (project === caller.project ? [name] : []));
}
