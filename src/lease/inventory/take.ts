import { markDrift, markMissing } from '../../ledger/listed-keys.ts';
import type { KeyRow, StrayRow } from '../../ledger/schema.ts';
import type { Finding } from '../../reservation/inventory.ts';
import { createComparison, type Seen } from './compare.ts';
import { revokeAgain } from './dead.ts';
import { listAll } from './listing.ts';
import { checkMissing, findMissing, type Missing } from './missing.ts';
import { judgeMissing, type Judgement } from './reissue.ts';
import { judgeDrifted } from './repair.ts';
import { judgeStray, quarantine } from './strays.ts';
import type { Sweep } from './sweep.ts';

export interface Taken {
  readonly listed: number;
  readonly expected: number;
  readonly suspicious: string | null;
  readonly findings: readonly Finding[];
  /** Keys that are known to be missing since now, and strays that were never seen before. */
  readonly newlyMissing: readonly KeyRow[];
  readonly newStrays: readonly StrayRow[];
}

/**
 * Compares all that a provider lists under our names with our books, and does what it may about the difference. A listing that breaks off
 * throws and changes nothing.
 */
export async function take(sweep: Sweep): Promise<Taken> {
  const { seen, see } = createComparison(sweep);
  await listAll(sweep.shop.call, {
    provider: sweep.provider.name,
    stopping: sweep.stopping,
    see: async (page) => {
      await see(page);
      await sweep.progress({ phase: 'listing', count: seen.listed, of: null });
    },
  });
  const missing = await findMissing(sweep, seen);
  const lost = await check(sweep, missing);
  const strays = await quarantine(sweep, seen);
  const newlyMissing = lost.flatMap(({ key, judgement: { checked } }) =>
    typeof checked === 'string' && key.missingAt === null ? [key] : [],
  );
  await note(sweep, seen, newlyMissing);
  const findings = await judge(sweep, [
    ...seen.dead.map((dead) => () => revokeAgain(sweep, dead)),
    ...lost.map(
      ({ key, judgement }) =>
        () =>
          judgeMissing(sweep, key, judgement),
    ),
    ...seen.drifted.map((drifted) => () => judgeDrifted(sweep, drifted)),
    ...strays.map((stray) => () => judgeStray(sweep, stray)),
  ]);
  const { expected, suspicious } = missing;
  const newStrays = strays.filter(({ firstSeenAt }) => firstSeenAt >= sweep.began);
  return { listed: seen.listed, expected, suspicious, findings, newlyMissing, newStrays };
}

interface Lost {
  readonly key: KeyRow;
  readonly judgement: Judgement;
}

/** Each missing key is asked for by itself. Where most are missing that would be much asking for nothing. */
async function check(sweep: Sweep, { keys, suspicious }: Missing): Promise<Lost[]> {
  const untrusted = suspicious !== null;
  const asks = !untrusted || sweep.may.evenIfMost;
  const lost: Lost[] = [];
  for (const [index, key] of keys.entries()) {
    sweep.stopping.throwIfAborted();
    const checked = asks ? await checkMissing(sweep, key) : 'unknown';
    if (checked !== 'there') lost.push({ key, judgement: { checked, untrusted } });
    await sweep.progress({ phase: 'checking', count: index + 1, of: keys.length });
  }
  return lost;
}

/** What explains a key to people, and what the next inventory goes by. */
async function note({ shop, began }: Sweep, seen: Seen, newlyMissing: readonly KeyRow[]): Promise<void> {
  const { db } = shop.ledger;
  await markMissing(db, seen.found, null);
  await markMissing(
    db,
    newlyMissing.map(({ id }) => id),
    began,
  );
  await markDrift(db, [
    ...seen.mended.map((id) => ({ id, drift: null })),
    ...seen.drifted.map(({ key, differs }) => ({ id: key.id, drift: differs })),
  ]);
}

async function judge(sweep: Sweep, judgements: readonly (() => Promise<Finding>)[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const judgement of judgements) {
    sweep.stopping.throwIfAborted();
    findings.push(await judgement());
    await sweep.progress({ phase: 'fixing', count: findings.length, of: judgements.length });
  }
  return findings;
}
