import type { Ledger } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import { operatorByTokenHash, putOperator } from '../ledger/operators.ts';
import type { OperatorRow } from '../ledger/schema.ts';
import type { Secret } from '../secret/secret.ts';
import { hashToken, sameHash } from './tokens.ts';

export const PERMISSIONS = ['read', 'act', 'config', 'operators'] as const;
/**
 * read    look at everything            act        revoke, rotate, retime, suspend, resend, replay, close debts, take inventories, verify, make keys
 * config  reload the configuration      operators  make and disable operators
 */
export type Permission = (typeof PERMISSIONS)[number];

export type Role = OperatorRow['role'];

export const ROLES = {
  admin: ['read', 'act', 'config', 'operators'],
  operator: ['read', 'act'],
  viewer: ['read'],
} as const satisfies Readonly<Record<Role, readonly Permission[]>>;

/** Who is asking. */
export interface Operator {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** The only one it sees; null for all of them. */
  readonly project: string | null;
}

export function may(operator: Operator, permission: Permission): boolean {
  return (ROLES[operator.role] as readonly Permission[]).includes(permission);
}

/** At every start: the operator `admin` has the token of LATCHKEY_ADMIN_TOKEN, and an older one no longer works. */
export async function bootstrapAdmin(ledger: Ledger, token: Secret, now: () => Date): Promise<void> {
  await ledger.transact(async (tx) => {
    const id = newId('opr');
    const row: OperatorRow = {
      id,
      name: 'admin',
      role: 'admin',
      project: null,
      tokenHash: hashToken(token),
      createdAt: now(),
      disabledAt: null,
    };
    if (await putOperator(tx.db, row)) tx.audit({ actor: 'system', action: 'operator.token', subject: 'admin' });
  });
}

/** The operator that a token belongs to. */
export async function findOperator(ledger: Ledger, token: Secret): Promise<Operator | undefined> {
  const tokenHash = hashToken(token);
  const row = await operatorByTokenHash(ledger.db, tokenHash);
  if (!row || !sameHash(row.tokenHash, tokenHash)) return undefined;
  return { id: row.id, name: row.name, role: row.role, project: row.project };
}
