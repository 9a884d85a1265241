import { alertRules, lockAlerts } from '../ledger/alerts.ts';
import { newsOf, theseMeasures, type Measures, type WatchedRule } from '../ledger/alert-news.ts';
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
/** For each kind of question; what is more comes with the next beat. */
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

async function tellAll(watch: Watch, measures: Measures): Promise<number> {
  const { options, rules } = watch;
  const page = { rules, measures, limit: A_PAGE };
  if ((await newsOf(options.ledger.db, { ...page, limit: 1 })).length === 0) return 0;
  return await inPages(watch, async (tx) => {
    const news = await newsOf(tx.db, page);
    await raise(tx, news, watch.ruleOf, { now: watch.now, announce: options.announce });
    return { told: news.length, isLast: news.length < A_PAGE };
  });
}

/** The first address of a lease is no news, but known from then on, as is one that a cooldown silences. */
async function tellAddresses(watch: Watch): Promise<number> {
  const { options, rules, now } = watch;
  const page = { since: new Date(now.getTime() - DAY_MS), limit: A_PAGE };
  if ((await newAddresses(options.ledger.db, { ...page, limit: 1 })).length === 0) return 0;
  return await inPages(watch, async (tx) => {
    const found = await newAddresses(tx.db, page);
    const measures = theseMeasures(found.filter(({ known }) => known > 0).map(measureOf));
    const news = await newsOf(tx.db, { rules, measures, limit: A_PAGE * rules.length });
    await raise(tx, news, watch.ruleOf, { now, announce: options.announce });
    await noteAddresses(tx.db, found, now);
    return { told: news.length, isLast: found.length < A_PAGE };
  });
}

function measureOf({ project, leaseId, address }: NewAddress) {
  return { type: 'NEW_ADDRESS', project, subject: leaseId, value: 1, crossing: address };
}

/** Each page is a transaction of its own, and others come in between. */
async function inPages(
  { options: { ledger } }: Watch,
  tellPage: (tx: Tx) => Promise<{ told: number; isLast: boolean }>,
): Promise<number> {
  let sum = 0;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { told, isLast } = await ledger.transact(async (tx) => {
      // Another node may have been quicker: what it told is no longer news to who looks under the lock.
      await lockAlerts(tx.db);
      return await tellPage(tx);
    });
    sum += told;
    if (isLast) break;
  }
  return sum;
}
