import type { Ledger, Tx } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import {
  alertRules,
  insertAlert,
  lockAlerts,
  noteAddress,
  noteSuspension,
  owedSuspensions,
  wasTold,
  type Measure,
} from '../ledger/alerts.ts';
import type { RuleAlert } from '../reservation/notice.ts';
import { measuresFor } from './measures.ts';
import { ALERT_TYPES, holds, rulesInForce, type AlertType, type Rule } from './rule.ts';
import { ruleOf } from './rules.ts';
import { reasonOf } from './words.ts';

export interface AlertOptions {
  readonly ledger: Ledger;
  /** Names of the projects that there are. */
  readonly projects: () => readonly string[];
  /** Makes the deliveries of an alert, in the transaction that writes it down. */
  readonly announce: (tx: Tx, alert: RuleAlert) => Promise<void>;
  /** Holds a lease or a key of a project back. Throws where it cannot. */
  readonly suspend: (
    subject: string,
    by: { readonly project: string; readonly actor: string; readonly reason: string },
  ) => Promise<void>;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/**
 * Holds what was counted against the rules: each crossing is told once, over all nodes and restarts, and nothing more of the same lease or
 * key by the same rule until its cooldown is over. Never in a request: a few seconds after the fact.
 */
export async function evaluateAlerts(options: AlertOptions, now: Date): Promise<number> {
  const { ledger } = options;
  const rules = await rulesByProject(options);
  let told = 0;
  for (const type of ALERT_TYPES) {
    const ofType = new Map([...rules].map(([project, all]) => [project, all.filter((rule) => rule.type === type)]));
    const measures = await measuresFor(ledger.db, type, { rules: [...ofType.values()].flat(), now });
    for (const measure of measures) told += await tell(options, { type, measure, rules: ofType.get(measure.project) ?? [], now });
  }
  await suspendOwed(options);
  return told;
}

async function rulesByProject({ ledger, projects }: AlertOptions): Promise<Map<string, Rule[]>> {
  const own = Map.groupBy(await alertRules(ledger.db), ({ project }) => project);
  return new Map(projects().map((project) => [project, rulesInForce((own.get(project) ?? []).map(ruleOf))]));
}

interface Found {
  readonly type: AlertType;
  readonly measure: Measure;
  readonly rules: readonly Rule[];
  readonly now: Date;
}

async function tell({ ledger, announce }: AlertOptions, { type, measure, rules, now }: Found): Promise<number> {
  const isFirst = 'isFirst' in measure && measure.isFirst === true;
  const met = rules.filter(
    (rule) => !isFirst && holds(rule, measure.value) && (rule.subjects?.includes(measure.subject) ?? true),
  );
  const news: Rule[] = [];
  for (const rule of met) if (!(await isTold(ledger.db, { rule, measure, now }))) news.push(rule);
  if (news.length === 0 && type !== 'NEW_ADDRESS') return 0;
  return await ledger.transact(async (tx) => {
    await lockAlerts(tx.db);
    let told = 0;
    for (const rule of news) {
      // Another node may have been quicker.
      if (await isTold(tx.db, { rule, measure, now })) continue;
      await raise(tx, { rule, measure, now }, announce);
      told++;
    }
    if (type === 'NEW_ADDRESS') await noteAddress(tx.db, measure, now);
    return told;
  });
}

interface Crossing {
  readonly rule: Rule;
  readonly measure: Measure;
  readonly now: Date;
}

async function isTold(db: Parameters<typeof wasTold>[0], { rule, measure, now }: Crossing): Promise<boolean> {
  const { subject, crossing } = measure;
  return await wasTold(db, { ruleId: rule.id, subject, crossing, since: new Date(now.getTime() - rule.cooldownMs) });
}

async function raise(tx: Tx, { rule, measure, now }: Crossing, announce: AlertOptions['announce']): Promise<void> {
  const { project, subject, value, crossing } = measure;
  const id = newId('alr');
  const reason = reasonOf(rule, measure);
  const { severity, operator, threshold } = rule;
  const suspends = rule.autoSuspend && !subject.startsWith('project:');
  const detail = { reason, value, operator, threshold, severity, crossing, ...(suspends && { suspend: 'owed' }) };
  await insertAlert(tx.db, { id, ruleId: rule.id, project, type: rule.type, subject, detail, at: now });
  tx.audit({ actor: 'latchkey', action: 'alert.raised', subject, detail: { id, rule: rule.id, project, reason } });
  await announce(tx, { id, project, subject, reason, severity, channels: rule.channels, type: rule.type, value, threshold });
}

/** After the alert is written down, and again after a crash in between. */
async function suspendOwed({ ledger, suspend, log }: AlertOptions): Promise<void> {
  for (const { id, project, subject, detail } of await owedSuspensions(ledger.db)) {
    const outcome = await suspend(subject, { project, actor: 'latchkey', reason: String(detail['reason']) }).then(
      () => 'done' as const,
      (error: unknown) => {
        log('an alert could not suspend', { alert: id, subject, error: error instanceof Error ? error.message : 'unknown' });
        return 'failed' as const;
      },
    );
    await ledger.transact((tx) => noteSuspension(tx.db, id, outcome));
  }
}
