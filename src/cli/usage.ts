import type { Command } from 'commander';
import type { UsageAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';
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

function usageText({ keys, verified }: UsageAnswer): string {
  const rows = table(keys, [
    { title: 'KEY', of: (key) => key.hint },
    { title: 'STATE', of: (key) => key.state },
    { title: 'PROVIDER', of: (key) => key.provider },
    { title: 'USED', of: (key) => key.used },
    { title: 'LIMIT', of: (key) => key.limit },
    { title: 'REFUSED', of: (key) => key.refused },
    { title: 'UNKNOWN BECAUSE', of: (key) => key.unknown },
  ]);
  const counts = Object.entries(verified).map(([code, count]) => `${plain(code)} ${count}`);
  return [rows === '' ? 'No key works.' : rows, `Verified here: ${counts.join(', ') || 'nothing'}`].join('\n');
}
