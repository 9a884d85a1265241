import type { Ledger } from '../ledger/database.ts';
import type { ScopeRow } from '../ledger/schema.ts';
import { allScopes, scopesOfProject } from '../ledger/scopes.ts';
import type { Method, Scope } from '../reservation/plan.ts';
import { isScopeName } from '../reservation/scopes.ts';
import { scopeOf, type Entry } from './entry.ts';

/** Carries the names of projects whose scopes changed to every node. */
export const CHANNEL = 'latchkey_scopes';
const RETRY_MS = 250;

export interface Described extends Entry {
  /** Who described it: `api`, `import` or `openapi`. */
  readonly origin: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ScopeBook {
  /** What API calls described for a project, without wildcards. Without a prototype, so that `constructor` is no scope. */
  stored(project: string): Readonly<Record<string, Scope>>;
  /** The same with wildcards and where they came from, by name. */
  described(project: string): readonly Described[];
  /** Reads a project's scopes again. Resolves when what was committed before is in force here. */
  refresh(project: string): Promise<void>;
  /** Reads all, and from then on hears of every change. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface ScopeBookOptions {
  readonly ledger: Pick<Ledger, 'engine' | 'db' | 'listen'>;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/** All described scopes in memory, on every node, so that nothing that grants rights has to ask the ledger. */
export function createScopeBook({ ledger, log }: ScopeBookOptions): ScopeBook {
  let shelves = new Map<string, Shelf>();
  const changed = new Set<string>();
  let rereadAll = false;
  let reading: Promise<void> | undefined;
  let closed = false;

  async function readAll(): Promise<void> {
    const projects = Map.groupBy(await allScopes(ledger.db), ({ project }) => project);
    shelves = new Map([...projects].map(([project, rows]) => [project, shelve(rows)]));
  }

  async function readOne(project: string): Promise<void> {
    shelves.set(project, shelve(await scopesOfProject(ledger.db, project)));
  }

  /** One reading after the other, so that an older answer never comes last. */
  async function readChanged(): Promise<void> {
    while (rereadAll || changed.size > 0) {
      if (closed) return;
      const [all, projects] = [rereadAll, [...changed]];
      rereadAll = false;
      changed.clear();
      try {
        await (all ? readAll() : Promise.all(projects.map(readOne)));
      } catch (error) {
        log('scopes could not be read; trying again', { error: error instanceof Error ? error.message : 'unknown' });
        rereadAll ||= all;
        for (const project of projects) changed.add(project);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    // In the same moment as the last look: what is heard from now on begins a reading of its own.
    reading = undefined;
  }

  function hear(project?: string): Promise<void> {
    if (project === undefined) rereadAll = true;
    else changed.add(project);
    return (reading ??= Promise.resolve().then(readChanged));
  }

  return {
    stored: (project) => shelves.get(project)?.scopes ?? NO_SCOPES,
    described: (project) => shelves.get(project)?.described ?? [],
    refresh: (project) => hear(project),
    async open() {
      // What is heard meanwhile waits, so that this answer, the older one, does not come last.
      reading = new Promise(() => {});
      // The embedded database has one process, which knows what it did. Listening first: no change falls between.
      if (ledger.engine === 'postgres')
        await ledger.listen(
          CHANNEL,
          (project) => void hear(project),
          () => void hear(),
        );
      await readAll();
      reading = Promise.resolve().then(readChanged);
      await reading;
    },
    async close() {
      closed = true;
      await reading;
    },
  };
}

interface Shelf {
  readonly described: readonly Described[];
  readonly scopes: Readonly<Record<string, Scope>>;
}

const NO_SCOPES = Object.freeze(Object.create(null) as Record<string, Scope>);

function shelve(rows: readonly ScopeRow[]): Shelf {
  const described = rows.map(({ methods, ...row }): Described => ({ ...row, methods: methods as Method[] }));
  const scopes = Object.create(null) as Record<string, Scope>;
  for (const entry of described) if (isScopeName(entry.name)) scopes[entry.name] = scopeOf(entry);
  return { described, scopes };
}
