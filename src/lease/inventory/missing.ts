import { expectedKeys, touchedSince } from '../../ledger/listed-keys.ts';
import type { KeyRow } from '../../ledger/schema.ts';
import { refOf } from '../key-ref.ts';
import { attempt } from './attempt.ts';
import type { Seen } from './compare.ts';
import type { Sweep } from './sweep.ts';

export interface Missing {
  /** How many keys should have been listed. */
  readonly expected: number;
  /** Of these, the ones that were not. */
  readonly keys: readonly KeyRow[];
  /** Why that is not to be believed. */
  readonly suspicious: string | null;
}

/** A listing may lag behind by as much. */
const SETTLING_MS = 60_000;
const PAGE = 500;
/** From so many keys on a listing that lacks most of them is rather of another account than right. */
const ENOUGH_TO_JUDGE = 10;

/** Which keys that should work a whole listing did not show. One that something was done with meanwhile is not missing. */
export async function findMissing({ shop, provider, began }: Sweep, { living }: Seen): Promise<Missing> {
  const { db } = shop.ledger;
  const settled = new Date(began.getTime() - SETTLING_MS);
  const about = { provider: provider.name, activeBefore: settled, from: began, until: shop.now() };
  const unseen: KeyRow[] = [];
  let expected = 0;
  for (let after = ''; ;) {
    const page = await expectedKeys(db, about, { after, limit: PAGE });
    expected += page.length;
    unseen.push(...page.filter(({ id }) => !living.has(id)));
    if (page.length < PAGE) break;
    after = page.at(-1)!.name;
  }
  const touched = await touchedSince(
    db,
    unseen.map(({ id }) => id),
    settled,
  );
  const keys = unseen.filter(({ id }) => !touched.has(id));
  return { expected, keys, suspicious: whySuspicious(keys.length, expected) };
}

function whySuspicious(missing: number, expected: number): string | null {
  if (expected < ENOUGH_TO_JUDGE || missing * 2 <= expected) return null;
  return `${missing} of ${expected} keys that should work are not listed: is it another account, region or project?`;
}

/** The key's own state, asked where the driver can tell it. `unknown` when it cannot, and why when it did not. */
export type Checked = 'gone' | 'there' | 'unknown' | { readonly failed: string };

export async function checkMissing({ shop, provider }: Sweep, key: KeyRow): Promise<Checked> {
  const { probe } = provider.driver;
  if (!probe) return 'unknown';
  let checked: Checked = 'unknown';
  const failed = await attempt(async () => {
    const standing = await shop.call(provider.name, 'probe', (open, call) => open.driver.probe!(refOf(shop, key), call));
    checked = standing === 'gone' ? 'gone' : 'there';
  });
  return failed === null ? checked : { failed };
}
