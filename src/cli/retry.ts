import type { Command } from 'commander';
import type { LeaseReplyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT } from './exit.ts';
import { reportLease } from './report-lease.ts';

export function addRetry(program: Command): void {
  program
    .command('retry')
    .description('try a refused issue or a delayed revocation again at once')
    .argument('<lease>')
    .action(async (lease: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const answer = await api.post<LeaseReplyAnswer>(path`/leases/${lease}/retry`);
      reportLease(out, answer);
      if (answer.body.lease.state === 'refused') process.exitCode = EXIT.failed;
    });
}
