import type { Kysely } from 'kysely';
import { alertRules } from '../ledger/alerts.ts';
import type { Database } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Rule } from './rule.ts';
import { ruleOf } from './rules.ts';

/** Mail that no server is configured for reaches nobody. */

/** Throws Fault('invalid') for a rule that tells people by mail. */
export function refuseMail({ channels }: Pick<Rule, 'channels'>): void {
  const place = channels.findIndex(({ kind }) => kind === 'email');
  if (place === -1) return;
  const at = `channels.${place}`;
  throw new Fault('invalid', `body ${at}: no mail can be sent from here; set SMTP_URL, or tell a webhook`, { at });
}

/** Names each rule in force that was made when there was a mail server. */
export async function warnOfUnheard(
  db: Kysely<Database>,
  warn: (message: string, fields: Record<string, unknown>) => void,
): Promise<void> {
  for (const row of await alertRules(db)) {
    const { id, disabled, channels } = ruleOf(row);
    if (!disabled && channels.some(({ kind }) => kind === 'email'))
      warn('an alert rule tells people by mail and SMTP_URL is not set', { rule: id, project: row.project });
  }
}
