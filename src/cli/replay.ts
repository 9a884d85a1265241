import type { Command } from 'commander';
import type { ReplayAllAnswer, ReplayAnswer } from './answers.ts';
import { path, type Api } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';
import { progressBar } from './progress-bar.ts';
import { table } from './table.ts';

/** `latchkey replay`, and the same as `latchkey quarantine replay`. */
export function addReplay(parent: Command): void {
  parent
    .command('replay')
    .description('map quarantined events again, under the configuration of now')
    .argument('[event]')
    .option('--all', 'every quarantined event')
    .option('--source <name>', 'with --all: of this source only')
    .action(async (event: string | undefined, { all, source }: { all?: true; source?: string }, command: Command) => {
      if ((event === undefined) === (all === undefined)) throw new Quit(EXIT.usage, 'Give the id of one event, or --all.');
      const { api, out } = await connect(command);
      if (event === undefined) {
        const tally = await replayAll(api, source);
        out.result(tally, () => tallyText(tally));
        if (tally.quarantined > 0 || tally.failures.length > 0) process.exitCode = EXIT.partly;
        return;
      }
      const { body } = await api.post<ReplayAnswer>(path`/events/${event}/replay`);
      out.result(body, () => replayedText(event, body));
      if (body.status === 'quarantined') process.exitCode = EXIT.failed;
    });
}

function replayedText(event: string, { status }: ReplayAnswer): string {
  const id = plain(event);
  return status === 'quarantined'
    ? `${id} is quarantined still: latchkey quarantine show ${id} says why`
    : `${id} is ${plain(status)}`;
}

type Tally = Omit<ReplayAllAnswer, 'next' | 'left'>;

/** So many in one request, until there are no more. */
async function replayAll(api: Api, source: string | undefined): Promise<Tally> {
  let tally: Tally = { replayed: 0, accepted: 0, ignored: 0, quarantined: 0, failures: [] };
  let cursor: string | null = null;
  const bar = await progressBar('replayed');
  do {
    const { body }: { body: ReplayAllAnswer } = await api.post('/events/replay', { source, cursor: cursor ?? undefined });
    tally = {
      replayed: tally.replayed + body.replayed,
      accepted: tally.accepted + body.accepted,
      ignored: tally.ignored + body.ignored,
      quarantined: tally.quarantined + body.quarantined,
      failures: [...tally.failures, ...body.failures],
    };
    cursor = body.next;
    if (tally.replayed === body.replayed) bar.start(tally.replayed + body.left, 0);
    bar.setTotal(tally.replayed + body.left);
    bar.update(tally.replayed);
  } while (cursor !== null);
  bar.stop();
  return tally;
}

function tallyText({ replayed, accepted, ignored, quarantined, failures }: Tally): string {
  const rows = table(failures, [
    { title: 'EVENT', of: (failure) => failure.eventId },
    { title: 'WHY NOT', of: (failure) => failure.error },
  ]);
  const total = `${replayed} replayed: ${accepted} accepted, ${ignored} ignored, ${quarantined} still quarantined, ${failures.length} failed`;
  return rows === '' ? total : `${rows}\n${total}`;
}
