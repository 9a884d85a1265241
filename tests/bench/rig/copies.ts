import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { mintKey } from '../../../src/keys/key.ts';
import { openLedger, type Ledger } from '../../../src/ledger/database.ts';
import { createSealer } from '../../../src/secret/seal.ts';
import { Secret } from '../../../src/secret/secret.ts';
import type { Loader } from './load.ts';
import { quiet } from './machine.ts';
import type { Place } from './place.ts';
import { MASTER_KEY, startService, WEBHOOK_SECRET } from './service.ts';

/** Many bookings that come to their end at one moment, without the time that making their keys takes. */

export interface Copied {
  readonly copies: number;
  /** How long the booking lasts: the copies must be made before it ends. */
  readonly lastsMs: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Their values were not claimed yet: a manager that finds keys by value needs them. */
  readonly unclaimed?: true;
}

/** One booking's whole way to its key, by the service itself; the others are its copies, as if their holders had claimed.
 * Answers when they end, in ms since 1970. */
export async function copyBooking(place: Place, loader: Loader, { copies, lastsMs, env, unclaimed }: Copied): Promise<number> {
  const service = await startService({ place, env });
  const { firstAt } = await loader.ask({
    url: `${service.url}/webhook`,
    recipe: { kind: 'webhook', secret: WEBHOOK_SECRET, starts: 'now', first: 1, lastsMs },
    connections: 1,
    until: { requests: 1 },
  });
  await quiet(service.pid);
  await service.stop();
  const ledger = await openLedger({ ...whereOf(place), now: () => new Date(), mac: () => '' });
  for (const statement of statementsFor(copies)) await statement.execute(ledger.db);
  if (unclaimed) await sealValues(ledger);
  await ledger.close();
  return firstAt + lastsMs;
}

async function sealValues({ db }: Ledger): Promise<void> {
  const sealer = createSealer([new Secret(MASTER_KEY)]);
  const rows = await db.selectFrom('key').select('id').where('sealedSecret', 'is', null).execute();
  const sealed = rows.map(({ id }) => ({ id, value: sealer.seal(mintKey('temp'), `key:${id}`) }));
  await sql`update key set sealed_secret = v.value
    from jsonb_to_recordset(${JSON.stringify(sealed)}::jsonb) as v (id text, value text) where key.id = v.id`.execute(db);
}

/** Rows like the first, each with ids of its own, as those of one moment have them. */
function statementsFor(copies: number) {
  const numbers = sql`generate_series(1, ${copies}::int) n`;
  const copy = (table: string, changes: ReturnType<typeof sql>) =>
    sql`insert into ${sql.table(table)}
      select copy.*
      from (select * from ${sql.table(table)} where ${sql.raw(table === 'local_key' ? `name like 'lk-%'` : 'true')} limit 1) one, ${numbers},
        lateral jsonb_populate_record(null::${sql.table(table)}, to_jsonb(one) || ${changes}) copy`;
  return [
    copy(
      'reservation',
      sql`jsonb_build_object('id', 'rsv_' || md5('r' || n), 'external_id', 'c' || n, 'state', one.state || jsonb_build_object('externalId', 'c' || n))`,
    ),
    copy(
      'lease',
      sql`jsonb_build_object('id', 'lse_' || md5(n::text), 'reservation_id', 'rsv_' || md5('r' || n), 'state', 'active', 'wake_at', now(), 'held_until', null)`,
    ),
    copy(
      'key',
      sql`jsonb_build_object('id', 'key_' || md5('k' || n), 'lease_id', 'lse_' || md5(n::text), 'name', 'lk-' || md5(n::text) || '-1',
        'state', 'active', 'sealed_secret', null, 'revoking_at', null, 'revoked_at', null, 'handle', jsonb_build_object('keyId', 'key_' || md5('k' || n)))`,
    ),
    copy(
      'local_key',
      sql`jsonb_build_object('id', 'key_' || md5('k' || n), 'lease_id', 'lse_' || md5(n::text), 'name', 'lk-' || md5(n::text) || '-1',
        'hash', md5('a' || n) || md5('b' || n), 'revoked_at', null)`,
    ),
  ];
}

/** Waits until no lease has a key any more, as the service's own metrics tell. */
export async function untilGone({ url }: { url: string }, longestMs: number): Promise<void> {
  const until = performance.now() + longestMs;
  while (performance.now() < until) {
    const text = await (await fetch(`${url}/metrics`)).text();
    if (!/^latchkey_leases\{state="(active|revoking|issuing|stuck)"\} [1-9]/m.test(text)) return;
    await delay(250);
  }
}

/** Keys that are not revoked. */
export async function countLiving(place: Place): Promise<number> {
  const ledger = await openLedger({ ...whereOf(place), now: () => new Date(), mac: () => '' });
  const { left } = await ledger.db
    .selectFrom('key')
    .select(({ fn }) => fn.countAll<number>().as('left'))
    .where('state', '!=', 'revoked')
    .executeTakeFirstOrThrow();
  await ledger.close();
  return left;
}

function whereOf({ dataDir, databaseUrl }: Place) {
  return databaseUrl === undefined ? { dataDir } : { databaseUrl: new Secret(databaseUrl) };
}
