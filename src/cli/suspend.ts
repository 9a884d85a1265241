import type { Command } from 'commander';
import type { LeaseReplyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { reportLease } from './report-lease.ts';

export function addSuspend(program: Command): void {
  program
    .command('suspend')
    .description('hold the keys of a lease back until `resume`')
    .argument('<lease>')
    .requiredOption('--reason <text>', 'why; goes into the audit')
    .action(async (lease: string, { reason }: { reason: string }, command: Command) => {
      const { api, out } = await connect(command);
      reportLease(out, await api.post<LeaseReplyAnswer>(path`/leases/${lease}/suspend`, { reason }));
    });
}
