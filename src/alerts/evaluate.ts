import { alertRules, lockAlerts } from '../ledger/alerts.ts';
import { newsOf, NO_MOST, theseMeasures, type Measure, type Measures, type WatchedRule } from '../ledger/alert-news.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import { newAddresses, noteAddresses, type NewAddress } from '../ledger/known-addresses.ts';
import { measuresFor } from './measures.ts';
import { raise, type Announce, type RuleOf } from './raise.ts';
import { rulesInForce, type Rule } from './rule.ts';
import { ruleOf } from './rules.ts';

export interface AlertOptions {
  readonly ledger: Ledger;
  /** Names of the projects that there are. */
  readonly projects: () => readonly string[];
  readonly announce: Announce;
}

const A_PAGE = 200;
/** For each question; what is more comes with the next beat. */
const MOST_PAGES = 10;
const DAY_MS = 86_400_000;

interface Watch {
  readonly options: AlertOptions;
  readonly now: Date;
  readonly rules: readonly (Rule & WatchedRule)[];
  readonly ruleOf: RuleOf;
}

/**
 * Holds what was counted against the rules: each crossing is told once, over all nodes and restarts, and nothing more of the same lease or
 * key by the same rule until its cooldown is over. Never in a request: a few seconds after the fact. Where nothing is new it asks five
 * questions, however many keys and projects there are. Answers how much it told.
 */
export async function evaluateAlerts(options: AlertOptions, now: Date): Promise<number> {
  const watch = await watchOf(options, now);
  let told = 0;
  for (const measures of measuresFor(watch.rules, now)) told += await tellAll(watch, measures);
  if (watch.rules.some(({ type }) => type === 'NEW_ADDRESS')) told += await tellAddresses(watch);
  return told;
}

async function watchOf(options: AlertOptions, now: Date): Promise<Watch> {
  const own = Map.groupBy(await alertRules(options.ledger.db), ({ project }) => project);
  const rules = options.projects().flatMap((project) =>
    rulesInForce((own.get(project) ?? []).map(ruleOf)).map((rule) => ({
      ...rule,
      project,
      since: new Date(now.getTime() - rule.cooldownMs),
    })),
  );
  const byId = new Map(rules.map((rule) => [`${rule.project} ${rule.id}`, rule]));
  return { options, now, rules, ruleOf: (project, id) => byId.get(`${project} ${id}`)! };
}

/** All that is counted is looked through once; then each page is looked at again, alone and under the lock. */
async function tellAll(watch: Watch, measures: Measures): Promise<number> {
  const { options, rules } = watch;
  const found = await newsOf(options.ledger.db, { rules, measures, limit: A_PAGE * MOST_PAGES });
  let told = 0;
  for (let start = 0; start < found.length; start += A_PAGE) {
    const news = await alone(watch, (tx) => tell(tx, watch, found.slice(start, start + A_PAGE)));
    // Another node is at it; what it leaves is found by the next look.
    if (news === 0) break;
    told += news;
  }
  return told;
}

/** The first address of a lease is no news, but known from then on, as is one that a cooldown silences. */
async function tellAddresses(watch: Watch): Promise<number> {
  const { options, now } = watch;
  const page = { since: new Date(now.getTime() - DAY_MS), limit: A_PAGE };
  if ((await newAddresses(options.ledger.db, { ...page, limit: 1 })).length === 0) return 0;
  let told = 0;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const { found, news } = await alone(watch, async (tx) => {
      const addresses = await newAddresses(tx.db, page);
      const others = addresses.filter(({ known }) => known > 0);
      const telling = await tell(tx, watch, others.map(measureOf));
      await noteAddresses(tx.db, addresses, now);
      return { found: addresses.length, news: telling };
    });
    told += news;
    if (found < A_PAGE) break;
  }
  return told;
}

function measureOf({ project, leaseId, address }: NewAddress): Measure {
  return { type: 'NEW_ADDRESS', project, subject: leaseId, value: 1, crossing: address, most: NO_MOST };
}

/** A transaction of its own, so that others come in between, while no other node tells of anything: what one told is no longer news to the next. */
async function alone<T>({ options }: Watch, work: (tx: Tx) => Promise<T>): Promise<T> {
  return await options.ledger.transact(async (tx) => {
    await lockAlerts(tx.db);
    return await work(tx);
  });
}

async function tell(tx: Tx, watch: Watch, found: readonly Measure[]): Promise<number> {
  const { rules, now, options } = watch;
  if (found.length === 0) return 0;
  const news = await newsOf(tx.db, { rules, measures: theseMeasures(found), limit: found.length * rules.length });
  await raise(tx, news, watch.ruleOf, { now, announce: options.announce });
  return news.length;
}
