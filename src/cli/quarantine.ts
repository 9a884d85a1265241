import type { Command } from 'commander';
import type { EventAnswer, QuarantinedDetailAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { bookingText } from './lab-booking-text.ts';
import { observationText } from './lab-text.ts';
import { dim, instant, plain, strong } from './output.ts';
import { addReplay } from './replay.ts';

/** `latchkey quarantine show|replay|discard`; `list` comes with the other lists. */
export function addQuarantineActs(quarantine: Command): void {
  quarantine
    .command('show')
    .description('one event: its document without secrets, why it was not understood, and whether it would be now')
    .argument('<event>')
    .action(async (event: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const found = await api.get<QuarantinedDetailAnswer>(path`/quarantine/${event}`);
      out.result(found, () => quarantinedText(found));
    });
  addReplay(quarantine);
  quarantine
    .command('discard')
    .description('give an event up: it counts as ignored, and what was kept of it is wiped; stays in the audit')
    .argument('<event>')
    .requiredOption('--reason <text>', 'why nobody needs it')
    .action(async (event: string, { reason }: { reason: string }, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<EventAnswer>(path`/quarantine/${event}/discard`, { reason });
      out.result(body, () => `${plain(event)} is ${plain(body.outcome)}`);
    });
}

function quarantinedText(found: QuarantinedDetailAnswer): string {
  const { id, source, receivedAt, keptUntil, seen, reason, document, headers, path: below, maps, observations, bookings } = found;
  const verdict = maps
    ? `it would be understood: latchkey quarantine replay ${plain(id)}`
    : 'it would not be understood either. Correct the mapping, try it with latchkey sources test, and replay it then.';
  return [
    strong(`Event ${plain(id)} of ${plain(source)}, received ${instant(receivedAt)}${seen > 1 ? `, seen ${seen} times` : ''}`),
    `  ${plain(reason)}`,
    `  kept until ${instant(keptUntil)}`,
    '',
    strong('Document, without secrets'),
    ...JSON.stringify(document, null, 2)
      .split('\n')
      .map((line) => `  ${indented(line)}`),
    ...(below === '' ? [] : [`  ${dim('posted below')} ${plain(below)}`]),
    ...Object.entries(headers).map(([name, value]) => `  ${dim('header')} ${plain(name)}: ${plain(value)}`),
    '',
    strong('Under the configuration of now'),
    ...(observations.length === 0 ? ['  its source is not configured any more'] : observations.flatMap(observationText)),
    ...bookings.flatMap((booking) => ['', ...bookingText(booking)]),
    '',
    `${strong('Now:')} ${verdict}`,
  ].join('\n');
}

/** Without what could steer a terminal, and as far to the right as it was. */
function indented(line: string): string {
  return `${/^ */.exec(line)![0]}${plain(line)}`;
}
