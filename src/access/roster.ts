import type { Ledger } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import type { Operator, Role } from './operators.ts';
import { hashToken, mintToken } from './tokens.ts';

type Deps = { readonly ledger: Ledger; readonly now: () => Date };

/** Names in the audit that are nobody's. */
const RESERVED = new Set(['latchkey', 'system', 'operator']);

/** A new operator, of one project or of all (null), with a token that is given back here and never again. A name is used once, also after it was disabled: the audit knows people by it. */
export async function addOperator(
  { ledger, now }: Deps,
  { name, role, project = null, actor }: { name: string; role: Role; project?: string | null; actor: string },
): Promise<{ readonly id: string; readonly token: Secret }> {
  if (RESERVED.has(name.toLowerCase()))
    throw new Fault('conflict', `the name ${name} is used by Latchkey itself`, { at: 'name' });
  const id = newId('opr');
  const token = mintToken();
  await ledger.transact(async (tx) => {
    const added = await tx.db
      .insertInto('operator')
      .values({ id, name, role, project, tokenHash: hashToken(token), createdAt: now() })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!added) throw new Fault('conflict', `there is, or was, an operator ${name}`, { at: 'name' });
    tx.audit({ actor, action: 'operator.created', subject: name, detail: { id, role, ...(project !== null && { project }) } });
  });
  return { id, token };
}

/** Its token no longer works. Doing it twice is fine. Throws Fault: `not_found`, `conflict` for oneself and for `admin`. */
export async function disableOperator({ ledger, now }: Deps, { id, by }: { id: string; by: Operator }): Promise<void> {
  await ledger.transact(async (tx) => {
    const row = await tx.db
      .selectFrom('operator')
      .select(['name', 'project', 'disabledAt'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!row || (by.project !== null && row.project !== by.project)) throw new Fault('not_found', `there is no operator ${id}`);
    if (id === by.id) throw new Fault('conflict', 'nobody disables himself: ask another operator');
    if (row.name === 'admin')
      throw new Fault('conflict', 'the token of admin comes from LATCHKEY_ADMIN_TOKEN: change it there and start again');
    if (row.disabledAt) return;
    await tx.db.updateTable('operator').set({ disabledAt: now() }).where('id', '=', id).execute();
    tx.audit({ actor: by.name, action: 'operator.disabled', subject: row.name, detail: { id } });
  });
}
