import type { Command } from 'commander';
import type { PolledAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT } from './exit.ts';
import { counted, plain } from './output.ts';

export function addSourcePoll(sources: Command): void {
  sources
    .command('poll')
    .description('read a source that does not push, now')
    .argument('<name>', 'of the source')
    .option('--accept-missing', 'cancel at once every booking that is not in it any more')
    .action(async (name: string, { acceptMissing }: { acceptMissing?: boolean }, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<PolledAnswer>(path`/sources/${name}/poll`, { acceptMissing });
      out.result(body, () => textOf(body));
      if (body.outcome === 'failed') process.exitCode = EXIT.failed;
    });
}

function textOf({ outcome, bookings, recorded, missing, cancelled, held, error }: PolledAnswer): string {
  const what = {
    read: `${counted(bookings, 'booking')}, ${recorded} new or changed, ${missing} missing (${cancelled} cancelled, ${held} left alone)`,
    unchanged: `${counted(bookings, 'booking')}, as before`,
    failed: 'it could not be read',
  }[outcome];
  return error === null ? what : `${what}: ${plain(error)}`;
}
