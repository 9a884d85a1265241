import type { Ledger, Tx } from '../ledger/database.ts';
import { lockDue, writeProjectKey } from '../ledger/project-keys.ts';
import { retireGenerations } from '../ledger/generations.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import type { ProviderAlert } from '../reservation/notice.ts';
import { stateOf } from './find.ts';
import type { House } from './house.ts';
import { renew } from './rotate.ts';

/** So short that whoever else waits for the database hardly notices. */
const A_TRANSACTION = 25;
/** In one beat: many keys that are due at once are spread over some beats. */
const A_BEAT = 500;
const BY_CLOCK = { reason: 'its time had come', actor: 'clock' };

export interface Due {
  readonly ledger: Pick<Ledger, 'transact'>;
  /** Tells operators, who have the new values handed over. */
  readonly alert: (tx: Tx, alert: ProviderAlert) => Promise<void>;
  /** Tells whom a key is for. */
  readonly note: (tx: Tx, note: { id: string; to: string; reason: string }) => Promise<void>;
}

/**
 * New values for the keys whose time has come, some in a transaction: each is rotated whole or not at all, so whoever is stopped in the middle
 * goes on where it stopped, and two nodes share the work. Answers how many there were.
 */
export async function rotateDue(house: House, { ledger, alert, note }: Due): Promise<number> {
  let done = 0;
  while (done < A_BEAT) {
    const count = await ledger.transact(async (tx) => {
      const rows = await lockDue(tx.db, { now: house.now(), limit: A_TRANSACTION });
      const rotated: ProjectKeyRow[] = [];
      for (const row of rows) rotated.push(...(await rotateOne(house, tx, { row, note })));
      await tellOf(rotated, (one) => alert(tx, one));
      return rows.length;
    });
    done += count;
    if (count < A_TRANSACTION) break;
  }
  return done;
}

async function rotateOne(
  house: House,
  tx: Tx,
  { row, note }: Pick<Due, 'note'> & { row: ProjectKeyRow },
): Promise<ProjectKeyRow[]> {
  const state = stateOf(row, house.now());
  if (state === 'revoked' || state === 'expired' || row.deletedAt) {
    await writeProjectKey(tx.db, row.id, { rotateAt: null, rotationAsked: null });
    return [];
  }
  const how = row.rotationAsked ?? { ...BY_CLOCK, overlapMs: row.rotation?.overlapMs ?? 0 };
  const { key } = await renew(house, tx, { row, ...how, seals: true });
  if (key.contact) await note(tx, { id: rotationOf(key), to: key.contact, reason: newsOf(key, how.overlapMs) });
  return [key];
}

/** The value itself is in no mail: operators hand it over. */
function newsOf({ name, project, rotatedAt, closesAt }: ProjectKeyRow, overlapMs: number): string {
  const until = new Date(Math.min(rotatedAt!.getTime() + overlapMs, closesAt.getTime()));
  const old = overlapMs === 0 ? 'works no longer' : `works until ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `your API key ${name} of project ${project} has a new value, which its operators have for you; the old one ${old}`;
}

const rotationOf = ({ id, generation }: ProjectKeyRow): string => `rotated:${id}:${generation}`;

/** One piece of news for each project. */
async function tellOf(keys: readonly ProjectKeyRow[], alert: (one: ProviderAlert) => Promise<void>): Promise<void> {
  for (const [project, of] of Map.groupBy(keys, ({ project }) => project)) {
    const [first] = of;
    const named = of.slice(0, 5).map(({ name }) => name);
    const more = of.length > named.length ? ` and ${of.length - named.length} more` : '';
    const reason = `new values wait for keys of project ${project}: ${named.join(', ')}${more}; fetch each once and hand it over`;
    await alert({ provider: `project ${project}`, reason, id: rotationOf(first!) });
  }
}

/** Values whose end has come make room for the living. Answers how many. */
export async function retireEnded(house: House, { ledger }: Pick<Due, 'ledger'>): Promise<number> {
  return await ledger.transact(async (tx) => {
    const rows = await retireGenerations(tx.db, { now: house.now(), limit: A_BEAT });
    await house.within.changed(tx, rows);
    return rows.length;
  });
}
