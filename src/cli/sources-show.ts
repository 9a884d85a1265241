import type { Command } from 'commander';
import type { SourceAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { counted, instant, plain, strong } from './output.ts';
import { columnsOf, type Noun } from './noun.ts';
import { table } from './table.ts';

export function addSourcesShow(sources: Command): void {
  sources
    .command('show')
    .description('how a source signs, what is answered to it, and which of its secrets was last used')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const source = await api.get<SourceAnswer>(path`/sources/${name}`);
      out.result(source, () => sourceText(source));
    });
}

/** Of the list. */
export const SOURCE_COLUMNS: Noun['columns'] = columnsOf<SourceAnswer>([
  { title: 'NAME', of: (row) => row.name },
  { title: 'PROJECT', of: (row) => row.project },
  { title: 'PRESET', of: (row) => row.preset },
  { title: 'POSTS TO', of: (row) => row.path },
  { title: 'SIGNED', of: (row) => row.path && (row.signed ? 'yes' : 'NO: anybody can post') },
  { title: 'READ', of: ({ poll }) => poll && readText(poll) },
  { title: 'SECRETS LAST USED', of: ({ secrets }) => secrets.map(lastUse).join('; '), whole: true },
]);

const SECRET_COLUMNS = columnsOf<SourceAnswer['secrets'][number]>([
  { title: 'SECRET', of: (row) => row.fingerprint },
  { title: 'LAST USED', of: (row) => instant(row.lastUsedAt) || 'never' },
  { title: 'USES', of: (row) => row.uses },
  { title: 'ENDS', of: (row) => instant(row.notAfter) },
]);

/** `1f0c9a 2026-01-05 10:00:00Z` */
function lastUse({ fingerprint, lastUsedAt }: SourceAnswer['secrets'][number]): string {
  return `${fingerprint} ${instant(lastUsedAt) || 'never'}`;
}

function sourceText(source: SourceAnswer): string {
  const { name, project, preset, signed, auth, body, handshakes, timezone, secrets, poll } = source;
  const posted = [
    ['posts to', source.path],
    ['must bring', signed ? auth : 'nothing: ANYBODY CAN POST'],
    ['body', body],
    ['handshakes', handshakes.join(', ')],
  ] as const;
  const lines = [
    ['project', project],
    ['preset', preset],
    ...(source.path === null ? [] : posted),
    ['timezone', timezone],
    ...(poll ? pollLines(poll) : []),
  ].filter(([, value]) => value);
  const about = lines.map(([title, value]) => `${title}: ${plain(value)}`);
  return [strong(plain(name)), ...about, table(secrets as never[], SECRET_COLUMNS)].filter((line) => line !== '').join('\n');
}

type Poll = NonNullable<SourceAnswer['poll']>;

function pollLines({ kind, host, everyMs, polledAt, readAt, nextAt, failures, error, bookings }: Poll): [string, string][] {
  return [
    ['reads', `${kind === 'ical' ? 'a calendar' : 'a list in JSON'} at ${host}, every ${everyMs / 60_000} minutes`],
    ['last read', readAt ? `${instant(readAt)}, ${counted(bookings, 'booking')}` : 'not yet'],
    [
      'last asked',
      `${instant(polledAt) || 'not yet'}${failures > 0 ? `, and failed ${counted(failures, 'time')} in a row` : ''}`,
    ],
    ['wrong', error ?? ''],
    ['next', instant(nextAt)],
  ];
}

function readText({ failures, error, readAt }: Poll): string {
  if (failures > 0) return `FAILS, ${counted(failures, 'time')} in a row`;
  return `${instant(readAt) || 'not yet'}${error === null ? '' : ', NOT ALL OF IT'}`;
}
