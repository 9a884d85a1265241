import type { Command } from 'commander';
import type { UsageAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { instant, plain } from './output.ts';
import { table } from './table.ts';

export function addUsage(program: Command): void {
  program
    .command('usage')
    .description("what a lease's keys were used for, as their providers say now and as our own verify counted")
    .argument('<lease>')
    .action(async (lease: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const usage = await api.get<UsageAnswer>(path`/leases/${lease}/usage`);
      out.result(usage, () => usageText(usage));
    });
}

function usageText({ keys, verified, days }: UsageAnswer): string {
  const rows = table(keys, [
    { title: 'KEY', of: (key) => key.hint },
    { title: 'STATE', of: (key) => key.state },
    { title: 'PROVIDER', of: (key) => key.provider },
    { title: 'USED', of: (key) => key.used },
    { title: 'LIMIT', of: (key) => key.limit },
    { title: 'REFUSED', of: (key) => key.refused },
    { title: 'LAST USED', of: (key) => instant(key.lastUsedAt) },
    { title: 'FROM', of: (key) => key.lastIp },
    { title: 'UNKNOWN BECAUSE', of: (key) => key.unknown },
  ]);
  const series = days.map(({ day, counts }) => `  ${plain(day)}  ${countsText(counts)}`);
  return [rows === '' ? 'No key works.' : rows, `Verified here: ${countsText(verified) || 'nothing'}`, ...series].join('\n');
}

function countsText(counts: UsageAnswer['verified']): string {
  return Object.entries(counts)
    .map(([code, count]) => `${plain(code)} ${count}`)
    .join(', ');
}
