import type { Command } from 'commander';
import type { BudgetAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { instant, plain } from './output.ts';
import { table } from './table.ts';

export function addBudget(program: Command): void {
  const budget = program
    .command('budget')
    .description('what the keys of a lease, of a project key or of a project (project:<name>) may still spend');
  budget
    .command('show')
    .description('limits and quota, what is used and left')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const state = await api.get<BudgetAnswer>(path`/budgets/${id}`);
      out.result(state, () => budgetText(state));
    });
  budget
    .command('top-up')
    .description('add to the quota for the period that is now')
    .argument('<id>')
    .argument('<amount>', 'whole number', Number)
    .requiredOption('--reason <text>', 'why; goes into the audit')
    .action(async (id: string, amount: number, { reason }: { reason: string }, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<BudgetAnswer>(path`/budgets/${id}/top-up`, { amount, reason });
      out.result(body, () => budgetText(body));
    });
  for (const [act, about] of [
    ['freeze', 'refuse every call, whatever is left'],
    ['unfreeze', 'let calls pass again'],
  ] as const)
    budget
      .command(act)
      .description(about)
      .argument('<id>')
      .requiredOption('--reason <text>', 'why; goes into the audit')
      .action(async (id: string, { reason }: { reason: string }, command: Command) => {
        const { api, out } = await connect(command);
        const { body } = await api.post<BudgetAnswer>(path`/budgets/${id}/${act}`, { reason });
        out.result(body, () => budgetText(body));
      });
}

function budgetText({ id, limits, quota, frozen }: BudgetAnswer): string {
  const rows = [
    ...limits.map(({ freesAt, ...limit }) => ({ ...limit, next: freesAt })),
    ...(quota ? [{ ...quota, name: `quota per ${quota.per}`, next: quota.resetsAt }] : []),
  ];
  const lines = [
    rows.length === 0
      ? `${plain(id)} has no limits.`
      : table(rows, [
          { title: 'LIMIT', of: (row) => row.name },
          { title: 'MOST', of: (row) => row.limit },
          { title: 'USED', of: (row) => row.used },
          { title: 'LEFT', of: (row) => row.remaining },
          { title: 'NEXT FREE', of: (row) => instant(row.next) },
        ]),
  ];
  if (quota && quota.extra > 0) lines.push(`Staff added ${quota.extra} to the quota for this period.`);
  if (frozen) lines.push(`Frozen since ${instant(frozen.at)}: ${plain(frozen.reason)}`);
  return lines.join('\n');
}
