import { openKeys } from '../src/keys/open.ts';
import type { Tx } from '../src/ledger/database.ts';
import type { KeyAsked } from '../src/managed/asked.ts';
import { createKey, type Made, type Making } from '../src/managed/create.ts';
import type { House } from '../src/managed/house.ts';
import { createMint } from '../src/managed/mint.ts';
import type { Scope } from '../src/reservation/plan.ts';
import type { Policy } from '../src/reservation/policy.ts';
import type { KeyRules, Project } from '../src/reservation/project.ts';
import type { TestEngine } from './engines.ts';
import { projects, scopes, tokenRules } from './fixtures/plan.ts';
import { clockAt } from './workshop.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Keys without a booking on a real ledger and with the real verify; only the clock is ours. Projects: default, lab and other. */
export async function openManagedHouse(engine: TestEngine, startsAt = '2026-03-02T09:00:00Z') {
  const clock = clockAt(startsAt);
  const test = await engine.open({ now: clock.now });
  const keys = await openKeys({ ledger: test.ledger, now: clock.now, log: () => {} });
  const state = {
    projects: { ...projects, lab: projectOf('lab'), other: projectOf('other') } as Record<string, Project>,
    scopes: { ...scopes, 'labs:read': { methods: ['GET'], endpoints: ['/labs/**'] } } as Record<string, Scope>,
  };
  const house: House = {
    within: keys.within,
    usage: keys.manager.usage,
    sealer: test.sealer,
    policy: (): Policy => ({
      projects: state.projects,
      sources: {},
      providers: {},
      scopes: state.scopes,
      plans: [],
      tokens: tokenRules,
      scopesOf: () => state.scopes,
      projectOf: () => undefined,
    }),
    mint: createMint(),
    now: clock.now,
  };
  const transact = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => test.ledger.transact(work);

  return {
    ...test,
    clock,
    house,
    keys,
    transact,
    rules: (project: string, rules: Partial<KeyRules>) =>
      void (state.projects[project] = { ...state.projects[project]!, keys: { ...state.projects[project]!.keys, ...rules } }),
    make: (asked: Partial<KeyAsked> = {}, more: Partial<Making> = {}): Promise<Made> =>
      transact((tx) =>
        createKey(house, tx, { project: 'lab', actor: 'eve', ...more, asked: { name: 'robot', scopes: ['read'], ...asked } }),
      ),
    /** What the door says of a value. */
    door: async (value: { reveal(): string }, about: { method?: string; path?: string; ip?: string } = {}) =>
      (await keys.verify({ key: value.reveal(), method: 'GET', path: '/api/x', ...about })).code,
    audited: async (subject: string) => {
      const rows = await test.ledger.db.selectFrom('audit').selectAll().where('subject', '=', subject).orderBy('seq').execute();
      return rows.map(({ action, actor, detail }) => ({ action, actor, detail }));
    },
    close: async () => {
      await keys.close();
      await test.close();
    },
  };
}

export type ManagedHouse = Awaited<ReturnType<typeof openManagedHouse>>;

function projectOf(name: string): Project {
  return { ...projects.default!, name, keys: { ...projects.default!.keys, prefix: name } };
}
