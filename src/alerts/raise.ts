import { insertAlerts, type NewAlert } from '../ledger/alerts.ts';
import type { News } from '../ledger/alert-news.ts';
import type { Tx } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import type { RuleAlert } from '../reservation/notice.ts';
import type { Rule } from './rule.ts';
import { reasonOf } from './words.ts';

/** Makes the deliveries of an alert, in the transaction that writes it down. */
export type Announce = (tx: Tx, alert: RuleAlert) => Promise<void>;
export type RuleOf = (project: string, id: string) => Rule;

/** Writes alerts down and announces them, with a handful of statements however many there are. */
export async function raise(
  tx: Tx,
  news: readonly News[],
  ruleOf: RuleOf,
  { now, announce }: { readonly now: Date; readonly announce: Announce },
): Promise<void> {
  const alerts = news.map((one) => {
    const rule = ruleOf(one.project, one.ruleId);
    return { ...one, rule, id: newId('alr'), reason: reasonOf(rule, one) };
  });
  await insertAlerts(
    tx.db,
    alerts.map((alert) => rowOf(alert, now)),
  );
  for (const { id, ruleId, project, subject, reason } of alerts)
    tx.audit({ actor: 'latchkey', action: 'alert.raised', subject, detail: { id, rule: ruleId, project, reason } });
  // Those that are announced in the same moment are written in one statement.
  await Promise.all(
    alerts.map(({ id, rule: { type, severity, channels, threshold }, project, subject, reason, value }) =>
      announce(tx, { id, project, subject, reason, severity, channels, type, value, threshold }),
    ),
  );
}

function rowOf(
  { id, ruleId, rule, project, subject, crossing, value, reason }: News & { id: string; rule: Rule; reason: string },
  now: Date,
): NewAlert {
  const { type, severity, operator, threshold, autoSuspend } = rule;
  const suspends = autoSuspend && !subject.startsWith('project:');
  const detail = { reason, value, operator, threshold, severity };
  const owed = suspends ? { suspend: 'owed' as const, suspendAt: now } : { suspend: null, suspendAt: null };
  return { id, ruleId, project, type, subject, crossing, detail, at: now, ...owed };
}
