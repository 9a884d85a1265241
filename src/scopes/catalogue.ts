import type { Ledger, Tx } from '../ledger/database.ts';
import type { ScopeRow } from '../ledger/schema.ts';
import { deleteScopes, lockScopes, putScopes, scopesOfProject } from '../ledger/scopes.ts';
import { Fault } from '../reservation/fault.ts';
import type { Method, Scope } from '../reservation/plan.ts';
import { CHANNEL, type ScopeBook } from './book.ts';
import { changesOf, isNothing, type Changes } from './changes.ts';
import { MOST_SCOPES, type Entry } from './entry.ts';

export type Origin = 'api' | 'import' | 'openapi';

export interface Applying {
  readonly wanted: readonly Entry[];
  readonly origin: Origin;
  /** Which of those that are not wanted any more go. Without it none. */
  readonly isOurs?: (entry: Entry, origin: string) => boolean;
  readonly actor: string;
}

export interface ScopeCatalogue {
  /** What `apply` would do. */
  preview(project: string, applying: Omit<Applying, 'actor'>): Promise<Changes>;
  /**
   * All of it or nothing, in force here when it resolves; doing it twice changes nothing the second time. Throws Fault: `conflict` for a name
   * that the configuration describes, `invalid` for more scopes than a project may have.
   */
  apply(project: string, applying: Applying): Promise<Changes>;
  /** Keys keep what they were granted. Throws Fault('not_found'). */
  remove(project: string, name: string, actor: string): Promise<void>;
}

const MOST_TOLD = 50;

export interface ScopeCatalogueOptions {
  readonly ledger: Ledger;
  readonly book: Pick<ScopeBook, 'refresh'>;
  /** What the configuration file describes for a project, which nobody describes otherwise. */
  readonly configured: (project: string) => Readonly<Record<string, Scope>>;
  readonly now: () => Date;
}

export function createScopeCatalogue({ ledger, book, configured, now }: ScopeCatalogueOptions): ScopeCatalogue {
  function compare(rows: readonly ScopeRow[], { wanted, isOurs = () => false }: Omit<Applying, 'actor'>): Changes {
    const origins = new Map(rows.map(({ name, origin }) => [name, origin]));
    return changesOf(rows.map(entryOf), { wanted, isOurs: (entry) => isOurs(entry, origins.get(entry.name)!) });
  }

  async function write(tx: Tx, project: string, { changes, origin }: { changes: Changes; origin: Origin }): Promise<void> {
    const at = now();
    const written = [...changes.added, ...changes.changed.map(({ after }) => after)];
    await putScopes(
      tx.db,
      written.map((entry) => rowOf(entry, { project, origin, at })),
    );
    await deleteScopes(
      tx.db,
      project,
      changes.removed.map(({ name }) => name),
    );
    await tx.notify(CHANNEL, project);
  }

  return {
    preview: async (project, applying) => compare(await scopesOfProject(ledger.db, project), applying),
    async apply(project, applying) {
      const { wanted, origin, actor } = applying;
      refuseConfigured(wanted, configured(project));
      const changes = await ledger.transact(async (tx) => {
        await lockScopes(tx.db, project);
        const rows = await scopesOfProject(tx.db, project);
        const found = compare(rows, applying);
        if (isNothing(found)) return found;
        const total = rows.length + found.added.length - found.removed.length;
        if (total > MOST_SCOPES)
          throw new Fault('invalid', `a project has at most ${MOST_SCOPES} scopes; these make it ${total}`);
        await write(tx, project, { changes: found, origin });
        tx.audit({ actor, action: 'scopes.described', subject: project, detail: { origin, ...summary(found) } });
        return found;
      });
      if (!isNothing(changes)) await book.refresh(project);
      return changes;
    },
    async remove(project, name, actor) {
      await ledger.transact(async (tx) => {
        await lockScopes(tx.db, project);
        const row = (await scopesOfProject(tx.db, project)).find((each) => each.name === name);
        if (!row) throw new Fault('not_found', `project ${project} has no scope ${name} that was described by API`);
        await deleteScopes(tx.db, project, [name]);
        await tx.notify(CHANNEL, project);
        tx.audit({ actor, action: 'scopes.removed', subject: project, detail: { removed: [name] } });
      });
      await book.refresh(project);
    },
  };
}

function refuseConfigured(wanted: readonly Entry[], configured: Readonly<Record<string, Scope>>): void {
  const names = wanted.map(({ name }) => name).filter((name) => Object.hasOwn(configured, name));
  if (names.length === 0) return;
  const told = names.slice(0, 10).join(', ');
  throw new Fault('conflict', `the configuration describes ${told}${names.length > 10 ? ', …' : ''}: change it there`, {
    at: 'scopes',
  });
}

/** Names for the audit, as many as a person reads. */
function summary({ added, changed, removed }: Changes): Record<string, unknown> {
  const told = (names: readonly string[]) => ({ count: names.length, names: names.slice(0, MOST_TOLD) });
  return {
    added: told(added.map(({ name }) => name)),
    changed: told(changed.map(({ after }) => after.name)),
    removed: told(removed.map(({ name }) => name)),
  };
}

function entryOf({ name, methods, endpoints, description }: ScopeRow): Entry {
  return { name, methods: methods as Method[], endpoints, description };
}

function rowOf(entry: Entry, { project, origin, at }: { project: string; origin: Origin; at: Date }): ScopeRow {
  return {
    project,
    origin,
    name: entry.name,
    methods: [...entry.methods],
    endpoints: entry.endpoints && [...entry.endpoints],
    description: entry.description,
    createdAt: at,
    updatedAt: at,
  };
}
