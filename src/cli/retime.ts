import type { Command } from 'commander';
import type { LeaseReplyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { reportLease } from './report-lease.ts';
import { instantOption } from './time.ts';

export function addRetime(program: Command): void {
  program
    .command('retime')
    .description("move a booking's window; the source's next change overrides it")
    .argument('<lease>')
    .option('--starts <instant>', '2026-01-31T09:00:00Z, now, or +90m', instantOption)
    .option('--ends <instant>', 'likewise', instantOption)
    .action(async (lease: string, { starts, ends }: { starts?: Date; ends?: Date }, command: Command) => {
      if (!starts && !ends) throw new Quit(EXIT.usage, 'Give --starts, --ends or both.');
      const { api, out } = await connect(command);
      const window = { startsAt: starts?.toISOString(), endsAt: ends?.toISOString() };
      reportLease(out, await api.post<LeaseReplyAnswer>(path`/leases/${lease}/retime`, window));
    });
}
