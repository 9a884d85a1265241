import type { LocalKeyState } from '../ledger/local-keys.ts';
import type { StoredRights } from '../ledger/tables/built-in.ts';
import type { Limit } from '../reservation/plan.ts';
import type { Rule } from '../reservation/rights.ts';
import { isScopeWildcard, scopeCovers } from '../reservation/scopes.ts';
import { compileAddresses } from './addresses.ts';
import type { Budget } from './budget.ts';
import { compileHours } from './hours.ts';
import { compilePatterns } from './paths.ts';
import type { Counted } from './tally.ts';

/** Methods on paths. */
interface Access {
  readonly methods: ReadonlySet<string>;
  readonly reaches: (path: string) => boolean;
}

/** What keys of one grant share, compiled once for all of them. */
export interface Rights extends Access {
  readonly scopes: readonly string[];
  /** Whether a scope is one of the key's, by its name or by a wildcard among them. */
  readonly holds: (scope: string) => boolean;
  /** One of them must let the method through on that path too; absent where methods and endpoints say it all. */
  readonly rules?: readonly Access[];
  /** Absent where any address may use the key. */
  readonly allowsIp?: (address: string) => boolean;
  /** Absent where every moment of its window will do. */
  readonly isOpenAt?: (at: number) => boolean;
  readonly quota?: Limit;
  readonly rateLimit?: Limit;
  readonly limits?: readonly Limit[];
}

/** A key as verify sees it. Replaced whole when anything changes. */
export interface KeyRecord extends Counted {
  readonly id: string;
  /** What verify names: the key of a project that this is a generation of, else its own id. */
  readonly keyId: string;
  readonly isOfProject: boolean;
  readonly project: string;
  readonly name: string;
  readonly hash: string;
  readonly holder: string;
  /** Whether its value is a signed token. */
  readonly isToken: boolean;
  readonly rights: Rights;
  readonly budget: Budget;
  readonly opensAt: number;
  readonly closesAt: number;
  /** The same as it is told: null for a key that does not expire. */
  readonly expiresAt: Date | null;
  readonly suspended: boolean;
  readonly revokedAt: number | null;
}

/** What all keys of a project share, as the configuration in force has it. */
export type ProjectBudget = (project: string) => Budget['project'];

/** Before the years of keys that have no end. */
const NEVER = Date.UTC(9999, 0, 1);
const NONE: readonly Limit[] = [];
const LARGEST_CACHE = 10_000;
const compiled = new Map<string, Rights>();
const projects = new Map<string, string>();
const ends = new Map<number, Date>();

export function recordOf(row: LocalKeyState, projectBudget: ProjectBudget): KeyRecord {
  const rights = compileRights(row.rights);
  const { quota, rateLimit, limits } = rights;
  const closesAt = Math.min(row.closesAt.getTime(), row.tokenUntil?.getTime() ?? Number.POSITIVE_INFINITY);
  return {
    id: row.id,
    keyId: row.projectKeyId ?? row.id,
    isOfProject: row.projectKeyId !== null,
    project: oneOf(row.project),
    name: row.name,
    hash: row.hash,
    holder: row.holder,
    isToken: row.tokenType === 'jwt',
    rights,
    budget: { lease: row.leaseId, rateLimit, quota, limits, project: projectBudget(row.project), bound: undefined },
    // A token is not good outside of what it says itself, whatever its window became.
    opensAt: Math.max(row.opensAt.getTime(), row.tokenFrom?.getTime() ?? 0),
    closesAt,
    expiresAt: closesAt >= NEVER ? null : endAt(closesAt),
    suspended: row.suspendedAt !== null,
    revokedAt: row.revokedAt?.getTime() ?? null,
    // Here from the start, as the budget's: what an object gets later costs it a list of its own.
    tally: undefined,
  };
}

/** One object for each project, which reads its limits when they are asked for: a reload of the configuration counts at once. */
export function projectBudgets(limitsOf: (project: string) => readonly Limit[] | undefined): ProjectBudget {
  const budgets = new Map<string, NonNullable<Budget['project']>>();
  return (project) => {
    let budget = budgets.get(project);
    if (!budget) {
      budget = {
        id: `project:${project}`,
        get limits() {
          // The same list as long as it is in force: limits are set up anew for another.
          return limitsOf(project) ?? NONE;
        },
      };
      budgets.set(project, budget);
    }
    return budget;
  };
}

/** Each row brings its own copy of a name that all of them have. */
function oneOf(project: string): string {
  const known = projects.get(project);
  if (known === undefined) projects.set(project, project);
  return known ?? project;
}

/** Those that end with one booking, or with one course, share the moment. */
function endAt(closesAt: number): Date {
  let end = ends.get(closesAt);
  if (!end) {
    if (ends.size >= LARGEST_CACHE) ends.clear();
    ends.set(closesAt, (end = new Date(closesAt)));
  }
  return end;
}

/** A plan's keys share what comes of it: a hundred thousand compile once. */
function compileRights(rights: StoredRights): Rights {
  const text = JSON.stringify(rights);
  const known = compiled.get(text);
  if (known) return known;
  if (compiled.size >= LARGEST_CACHE) compiled.clear();
  const { scopes, quota, rateLimit, limits } = rights;
  const made: Rights = {
    ...compileAccess(rights),
    scopes,
    holds: scopeTest(scopes),
    rules: rights.rules?.map(compileAccess),
    allowsIp: addressTest(rights),
    isOpenAt: rights.hours && hoursTest(rights.hours),
    quota,
    rateLimit,
    limits,
  };
  compiled.set(text, made);
  return made;
}

/** Whoever may GET may ask for the head of it (RFC 9110, 9.3.2). */
function compileAccess({ methods, endpoints }: Rule | StoredRights): Access {
  const all = new Set<string>(methods);
  if (all.has('GET')) all.add('HEAD');
  return { methods: all, reaches: compilePatterns(endpoints) };
}

function scopeTest(scopes: readonly string[]): (scope: string) => boolean {
  const names = new Set(scopes.filter((scope) => !isScopeWildcard(scope)));
  const wildcards = scopes.filter((scope) => isScopeWildcard(scope));
  return (scope) => names.has(scope) || wildcards.some((wildcard) => scopeCovers(wildcard, scope));
}

/** A list that cannot be read allows nobody, and keeps no other key from being read. An address that cannot be read is denied by any list. */
function addressTest({ allowedIps, deniedIps }: StoredRights): Rights['allowsIp'] {
  try {
    const allows = allowedIps && compileAddresses(allowedIps);
    const denies = deniedIps && compileAddresses(deniedIps);
    if (!denies) return allows;
    const exists = allows ?? compileAddresses(['0.0.0.0/0', '::/0']);
    return (address) => exists(address) && !denies(address);
  } catch {
    return () => false;
  }
}

function hoursTest(hours: NonNullable<StoredRights['hours']>): (at: number) => boolean {
  try {
    return compileHours(hours);
  } catch {
    return () => false;
  }
}
