import type { Kysely } from 'kysely';
import { hashKey } from '../../keys/key.ts';
import { findLocalKeyByHash, lockValue } from '../../ledger/local-keys.ts';
import type { Tx } from '../../ledger/database.ts';
import { findProjectKeys } from '../../ledger/project-keys-many.ts';
import type { Database, ProjectKeyRow } from '../../ledger/schema.ts';
import type { StoredRights } from '../../ledger/tables/built-in.ts';
import { canonical } from '../../reservation/canonical.ts';
import { Fault } from '../../reservation/fault.ts';
import type { Secret } from '../../secret/secret.ts';
import type { Ends } from '../asked.ts';
import { changeKey } from '../change.ts';
import { createKey } from '../create.ts';
import { take } from '../find.ts';
import { generationName } from '../generation.ts';
import { boundsOf, refuse, type House } from '../house.ts';
import { revokeKey } from '../revoke.ts';
import { limitsWithin } from '../rights.ts';
import { accessOf } from './access.ts';
import { limitsOf } from './limits.ts';
import { fromKept, toKeep, withPolicy, type KeyPolicy, type Said, type Terms } from './policies.ts';

/** Keys whose value and policies others decide on, one request after the other. */

/** In whose project, and on whose behalf. */
export interface Sender {
  readonly project: string;
  readonly actor: string;
}

export interface Wish {
  readonly value: Secret;
  readonly name: string;
  readonly description?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly ends?: Ends;
  readonly terms: Terms;
}

/** What became of a key, and whether that is new. */
export interface Kept {
  readonly key: ProjectKeyRow;
  readonly isNew: boolean;
}

/**
 * The key of that value is what is said: made at the first time, changed at each other. It never reaches further than what was said so far.
 * Throws a Fault: `gone` for a value that was revoked or has ended, `invalid` for one that belongs to somebody else.
 */
export async function putCompatible(house: House, tx: Tx, { project, actor, ...wish }: Wish & Sender): Promise<Kept> {
  const hash = hashKey(wish.value.reveal());
  await lockValue(tx.db, hash);
  const { name, description, metadata, ends, terms } = wish;
  const about = { name, description, metadata, ends, owner: terms.user_id || actor };
  const value = await findLocalKeyByHash(tx.db, hash, house.now());
  if (!value) {
    const said = { terms, policies: [] };
    const rights = rightsOf(house, project, said);
    const asked = { ...about, scopes: rights.scopes };
    const { key } = await createKey(house, tx, { project, actor, asked, value: wish.value, rights, policies: toKeep(said) });
    return { key, isNew: true };
  }
  const before =
    value.project === project && value.projectKeyId ? await take(tx, { project, id: value.projectKeyId }) : undefined;
  const said = before && fromKept(before.policies);
  if (!before || !said || value.name !== generationName(before))
    throw new Fault('invalid', 'api_key: this value is in use, or was', { at: 'api_key' });
  mustWork(house, before);
  return { key: await say(house, tx, { before, actor, said: { ...said, terms }, about }), isNew: false };
}

/** One more thing is said about the key. The same twice changes nothing. Throws a Fault: `not_found`, `gone`, `invalid` with its place. */
export async function addPolicy(
  house: House,
  tx: Tx,
  { policy, actor, ...which }: { policy: KeyPolicy; id: string } & Sender,
): Promise<Kept> {
  const before = await take(tx, which);
  const said = fromKept(before.policies);
  if (!said)
    throw new Fault('invalid', `key ${before.id} was not made here: its project decides on its rights`, { at: 'api_key' });
  mustWork(house, before);
  const policies = withPolicy(said.policies, policy);
  if (canonical(policies) === canonical(said.policies)) return { key: before, isNew: false };
  return { key: await say(house, tx, { before, actor, said: { ...said, policies } }), isNew: true };
}

/** An id of ours, which no value may look like. */
export const KEY_ID = /^pky_[0-9a-f]{32}$/;

/** The key of that id or of that value, an older one too. Throws Fault('not_found'), also for one of another project. */
export async function findCompatible(
  house: House,
  db: Kysely<Database>,
  { project, named }: { project: string; named: Secret },
): Promise<ProjectKeyRow> {
  const text = named.reveal();
  const id = KEY_ID.test(text) ? text : (await findLocalKeyByHash(db, hashKey(text), house.now()))?.projectKeyId;
  const [key] = id ? await findProjectKeys(db, project, [id]) : [];
  // What was sent may be a value: it is not told again.
  if (!key) throw new Fault('not_found', 'there is no such key');
  return key;
}

/** After the commit it opens nothing. Doing it twice is fine. Throws Fault('not_found'). */
export async function revokeCompatible(house: House, tx: Tx, which: { id: string } & Sender): Promise<void> {
  await revokeKey(house, tx, { ...which, reason: 'deleted by whoever made it' });
}

interface Saying {
  readonly before: ProjectKeyRow;
  readonly actor: string;
  readonly said: Said;
  readonly about?: Omit<Wish, 'value' | 'terms'> & { readonly owner: string };
}

async function say(house: House, tx: Tx, { before, actor, said, about }: Saying): Promise<ProjectKeyRow> {
  const { id, project } = before;
  const rights = rightsOf(house, project, said);
  return await changeKey(house, tx, { project, id, actor, changes: { ...about, rights, policies: toKeep(said) } });
}

function rightsOf(house: House, project: string, said: Said): StoredRights {
  const { rules, scopes } = boundsOf(house, project);
  const { access, refused } = accessOf(said, scopes);
  const limits = limitsWithin(limitsOf(said), rules, refused);
  refuse(refused);
  return { ...access, ...limits };
}

/** 409 would be read as "exists already, as it should". */
function mustWork(house: House, { id, revokedAt, closesAt }: ProjectKeyRow): void {
  if (revokedAt) throw new Fault('gone', `key ${id} was revoked, for good; make one with another value`);
  if (closesAt <= house.now()) throw new Fault('gone', `key ${id} has ended; make one with another value`);
}
