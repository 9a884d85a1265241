import type { Command } from 'commander';
import type { LeaseReplyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { reportLease } from './report-lease.ts';

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('end the suspension of a lease')
    .argument('<lease>')
    .action(async (lease: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      reportLease(out, await api.post<LeaseReplyAnswer>(path`/leases/${lease}/resume`));
    });
}
