import type { Kysely } from 'kysely';
import type { Database, OperatorRow } from './schema.ts';

/** Queries on operators: who may use the management API. Only hashes of their tokens are here. */

type Db = Kysely<Database>;

/** The operator with this token, unless disabled. */
export async function operatorByTokenHash(db: Db, tokenHash: string): Promise<OperatorRow | undefined> {
  return await db
    .selectFrom('operator')
    .selectAll()
    .where('tokenHash', '=', tokenHash)
    .where('disabledAt', 'is', null)
    .executeTakeFirst();
}

/** Makes the operator of that name what the row says. True when something changed. */
export async function putOperator(db: Db, row: OperatorRow): Promise<boolean> {
  const result = await db
    .insertInto('operator')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ role: row.role, tokenHash: row.tokenHash, disabledAt: row.disabledAt })
        .where((where) =>
          where.or([
            where('operator.role', '!=', row.role),
            where('operator.tokenHash', '!=', row.tokenHash),
            where('operator.disabledAt', 'is distinct from', row.disabledAt),
          ]),
        ),
    )
    .returning('id')
    .executeTakeFirst();
  return result !== undefined;
}
