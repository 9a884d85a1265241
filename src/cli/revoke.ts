import type { Command } from 'commander';
import type { LeaseReplyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { reportLease } from './report-lease.ts';

export function addRevoke(program: Command): void {
  program
    .command('revoke')
    .description('take the keys of a lease away, for good')
    .argument('<lease>')
    .requiredOption('--reason <text>', 'why; goes to the holder and into the audit')
    .action(async (lease: string, { reason }: { reason: string }, command: Command) => {
      const { api, out } = await connect(command);
      reportLease(out, await api.post<LeaseReplyAnswer>(path`/leases/${lease}/revoke`, { reason }));
    });
}
