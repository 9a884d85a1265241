import { AsyncLocalStorage } from 'node:async_hooks';
import { sql, type Kysely, type KyselyPlugin } from 'kysely';
import type { Tx } from './database.ts';
import type { LedgerLog } from './engine.ts';
import { asFault } from './outage.ts';
import { inOne } from './in-one.ts';
import type { Waiting } from './line.ts';
import type { Database } from './schema.ts';
import { appendAudit, type AuditEntry, type ChainMac } from './trail.ts';

/** Which transaction the running code belongs to. */
const current = new AsyncLocalStorage<{ open: boolean }>();

/** Throws inside an open transaction: on one connection, waiting for what waits for us lasts for ever. */
export function refuseNested(): void {
  if (current.getStore()?.open) throw new Error('ledger: used outside its transaction while inside one; use tx.db');
}

/** Makes a handle throw when it is used inside a transaction. */
export const outsideOnly: KyselyPlugin = {
  transformQuery({ node }) {
    refuseNested();
    return node;
  },
  transformResult: async ({ result }) => result,
};

export interface TransactOptions {
  now: () => Date;
  mac: ChainMac;
  log: LedgerLog;
}

export type Work = (tx: Tx) => Promise<unknown>;

/** One transaction: the works, their audit entries, the commit, and then what waits for it. Answers in order. */
export async function transactOn(
  db: Kysely<Database>,
  works: readonly Waiting<Work>[],
  options: TransactOptions,
): Promise<readonly unknown[]> {
  const entries: AuditEntry[] = [];
  const later: (() => void)[] = [];
  const turn = { open: true };
  try {
    const answers = await current.run(turn, () =>
      db.transaction().execute(async (trx) => {
        const tx: Tx = {
          db: trx,
          audit: (entry) => void entries.push(entry),
          afterCommit: (task) => void later.push(task),
          notify: (channel, payload) => notify(trx, { channel, payload }),
        };
        const done = await inStep(works, tx);
        await appendAudit(trx, entries, { at: options.now(), mac: options.mac });
        return done;
      }),
    );
    turn.open = false;
    for (const task of later) runLater(task, options.log);
    return answers;
  } catch (error) {
    throw asFault(error);
  } finally {
    turn.open = false;
  }
}

/** Those that are apart side by side, so that what they ask for in the same moment is asked once; the others one after the other. */
async function inStep(works: readonly Waiting<Work>[], tx: Tx): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [place, { work, apart }] of works.entries()) if (!apart) answers[place] = await work(tx);
  const aside = works.flatMap(({ work, apart }, place) => (apart ? [{ place, turn: work(tx) }] : []));
  // All have ended before the transaction does, also when one of them failed.
  for (const { status, ...end } of await Promise.allSettled(aside.map(({ turn }) => turn)))
    if (status === 'rejected') throw (end as PromiseRejectedResult).reason;
  for (const { place, turn } of aside) answers[place] = await turn;
  return answers;
}

const notify = inOne(async (db, items: readonly { channel: string; payload: string }[]) => {
  const [channels, payloads] = [items.map(({ channel }) => channel), items.map(({ payload }) => payload)];
  await sql`select pg_notify(channel, payload) from unnest(${channels}::text[], ${payloads}::text[]) as told (channel, payload)`.execute(
    db,
  );
  return items.map(() => undefined);
});

function runLater(task: () => void, log: LedgerLog): void {
  try {
    task();
  } catch (error) {
    log('work after a commit failed', { error: error instanceof Error ? error.message : String(error) });
  }
}
