import { sql, type Kysely, type Transaction } from 'kysely';
import { insertRows } from './rows.ts';
import type { Database } from './schema.ts';

/** Queries on the addresses that keys were used from. */

type Reader = Kysely<Database> | Transaction<Database>;

export interface NewAddress {
  readonly project: string;
  readonly leaseId: string;
  readonly address: string;
  /** How many others are known. */
  readonly known: number;
}

/** Of one lease: who comes from everywhere is not watched any more. */
const MOST_ADDRESSES = 100;

/** Addresses that keys were last used from, since then, and that are not known: one of each lease. */
export async function newAddresses(
  db: Reader,
  { since, limit }: { readonly since: Date; readonly limit: number },
): Promise<NewAddress[]> {
  const { rows } = await sql<NewAddress>`
    select distinct on (lease_id) * from (
      select k.project, k.lease_id, k.last_ip as address,
        (select count(*) from known_address a where a.lease_id = k.lease_id) as known
      from local_key k
      where k.last_used_at >= ${since} and k.last_ip is not null
        and not exists (select from known_address a where a.lease_id = k.lease_id and a.address = k.last_ip)
    ) as unknown
    where known < ${MOST_ADDRESSES} order by lease_id, address limit ${limit}`.execute(db);
  return rows;
}

export async function noteAddresses(db: Transaction<Database>, addresses: readonly NewAddress[], at: Date): Promise<void> {
  const rows = addresses.map(({ leaseId, address }) => ({ leaseId, address, firstSeenAt: at }));
  if (rows.length === 0) return;
  await insertRows(db, 'knownAddress', { columns: ['leaseId', 'address', 'firstSeenAt'], rows })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
