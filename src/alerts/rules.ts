import type { Ledger } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import type { AlertRuleRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { AlertChannel, AlertType, Operator, Rule, Severity } from './rule.ts';

/** The rules that people made. */

type Deps = { readonly ledger: Ledger; readonly now: () => Date };

export type RuleAsked = Omit<Rule, 'id'>;

const MOST_RULES = 100;

/** Throws Fault('conflict') where the project has as many as it may have. */
export async function addRule(
  { ledger, now }: Deps,
  { project, asked, actor }: { readonly project: string; readonly asked: RuleAsked; readonly actor: string },
): Promise<AlertRuleRow> {
  const id = newId('arl');
  return await ledger.transact(async (tx) => {
    const { count } = await tx.db
      .selectFrom('alertRule')
      .select((is) => is.fn.countAll<number>().as('count'))
      .where('project', '=', project)
      .executeTakeFirstOrThrow();
    if (count >= MOST_RULES) throw new Fault('conflict', `a project has at most ${MOST_RULES} alert rules`);
    const row = { id, project, ...columnsOf(asked, now()), createdBy: actor, createdAt: now() };
    const made = await tx.db.insertInto('alertRule').values(row).returningAll().executeTakeFirstOrThrow();
    tx.audit({ actor, action: 'alert-rule.created', subject: id, detail: { project, ...asked } });
    return made;
  });
}

/** Throws Fault('not_found'). */
export async function changeRule(
  { ledger, now }: Deps,
  {
    project,
    id,
    asked,
    actor,
  }: { readonly project: string; readonly id: string; readonly asked: RuleAsked; readonly actor: string },
): Promise<AlertRuleRow> {
  return await ledger.transact(async (tx) => {
    const row = await tx.db
      .updateTable('alertRule')
      .set(columnsOf(asked, now()))
      .where('project', '=', project)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw noRule(project, id);
    tx.audit({ actor, action: 'alert-rule.changed', subject: id, detail: { project, ...asked } });
    return row;
  });
}

/** What it told stays. Throws Fault('not_found'). */
export async function removeRule(
  { ledger }: Pick<Deps, 'ledger'>,
  { project, id, actor }: { readonly project: string; readonly id: string; readonly actor: string },
): Promise<void> {
  await ledger.transact(async (tx) => {
    const row = await tx.db
      .deleteFrom('alertRule')
      .where('project', '=', project)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw noRule(project, id);
    tx.audit({ actor, action: 'alert-rule.deleted', subject: id, detail: { project } });
  });
}

export function ruleOf(row: AlertRuleRow): Rule {
  const keys = row.keyFilter?.['subjects'];
  return {
    id: row.id,
    name: row.name,
    type: row.type as AlertType,
    operator: row.operator as Operator,
    threshold: row.threshold,
    channels: row.channels as AlertChannel[],
    cooldownMs: row.cooldownMs,
    severity: row.severity as Severity,
    autoSuspend: row.autoSuspend,
    ...(Array.isArray(keys) && { subjects: keys as string[] }),
    disabled: row.disabledAt !== null,
  };
}

function noRule(project: string, id: string): Fault {
  return new Fault('not_found', `project ${project} has no alert rule ${id}`);
}

function columnsOf(asked: RuleAsked, now: Date) {
  const { channels, subjects, disabled, ...columns } = asked;
  return {
    ...columns,
    channels: JSON.stringify(channels),
    keyFilter: subjects ? JSON.stringify({ subjects }) : null,
    disabledAt: disabled ? now : null,
    updatedAt: now,
  };
}
