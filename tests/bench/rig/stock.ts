import { hashKey, mintKey } from '../../../src/keys/key.ts';
import { openLedger } from '../../../src/ledger/database.ts';
import { newId } from '../../../src/ledger/ids.ts';
import type { StoredRights } from '../../../src/ledger/tables/built-in.ts';
import { Secret } from '../../../src/secret/secret.ts';
import type { Place } from './place.ts';

const DAY_MS = 86_400_000;
const ROWS_A_STATEMENT = 1000;

/** Every check there is, and limits that nothing here reaches. */
const RIGHTS: StoredRights = {
  scopes: ['read'],
  methods: ['GET'],
  endpoints: ['/api/**', '/health'],
  quota: { limit: 1_000_000_000, per: 'day' },
  rateLimit: { limit: 100_000, per: 'second' },
  allowedIps: ['127.0.0.0/8', '203.0.113.0/24', '2001:db8::/32'],
  deniedIps: ['203.0.113.128/25'],
  hours: [{ from: '00:00', to: '24:00', zone: 'Europe/Rome' }],
};

/** That many keys, in the database before the service starts. */
export async function stockKeys(place: Place, count: number): Promise<string[]> {
  const now = new Date();
  const secrets = Array.from({ length: count }, () => mintKey('temp').reveal());
  const { dataDir, databaseUrl } = place;
  const url = databaseUrl === undefined ? undefined : new Secret(databaseUrl);
  const ledger = await openLedger({ dataDir, databaseUrl: url, now: () => now, mac: () => '' });
  const window = { opensAt: new Date(now.getTime() - DAY_MS), closesAt: new Date(now.getTime() + DAY_MS) };
  for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
    const rows = secrets.slice(from, from + ROWS_A_STATEMENT).map((secret, place) => ({
      id: newId('key'),
      name: `bench-${from + place}`,
      hash: hashKey(secret),
      leaseId: newId('lse'),
      holder: `user-${from + place}`,
      rights: JSON.stringify(RIGHTS),
      createdAt: now,
      ...window,
    }));
    await ledger.db.insertInto('localKey').values(rows).execute();
  }
  await ledger.close();
  return secrets;
}
