import { InvalidArgumentError, type Command } from 'commander';
import type { MadeProjectKeyAnswer, ProjectKeyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { readHours, readMetadata } from './key-words.ts';
import { EXIT, Quit } from './exit.ts';
import { instant, plain, type Output } from './output.ts';
import { inProject, keyText } from './project-key-text.ts';

/** `latchkey project-keys create|update`. */
export function addProjectKeyMaking(keys: Command): void {
  const create = inProject(keys.command('create').description('make a key; its value is shown once').argument('<name>'));
  settings(create)
    .option('--environment <word>', 'stands in the value after the prefix, such as test')
    .option('--prefix <text>', 'what the value begins with')
    .option('--token-type <type>', 'opaque or jwt')
    .action(async (name: string, { project, ...options }: Making, command: Command) => {
      const { api, out } = await connect(command);
      const asked = { name, scopes: ['read'], ...askedOf(options) };
      const { body } = await api.post<MadeProjectKeyAnswer>(path`/projects/${project}/keys`, asked);
      tellMade(out, body);
    });
  const update = inProject(keys.command('update').description('change a key under its value, at once').argument('<id>'));
  settings(update)
    .option('--name <name>', 'another name')
    .action(async (id: string, { project, ...options }: Making, command: Command) => {
      const { api, out } = await connect(command);
      const changes = askedOf(options);
      if (Object.keys(changes).length === 0) throw new Quit(EXIT.usage, 'Nothing was given to change: see --help.');
      const { body } = await api.patch<ProjectKeyAnswer>(path`/projects/${project}/keys/${id}`, changes);
      out.result(body, () => keyText(body));
      if (body.valueWaits && !out.json) out.note('A new value waits: fetch it by reveal.');
    });
}

function settings(command: Command): Command {
  return command
    .option('--scope <scope...>', 'what it may do; read when a new key says nothing')
    .option('--days <n>', 'until its end; 0 for none, where the project has that', readDays)
    .option('--description <text>', 'for people')
    .option('--owner <owner>', 'whom it is for')
    .option('--contact <email>', 'told by mail, without the value, when the clock has made a new one')
    .option('--method <method...>', 'fewer than its scopes allow')
    .option('--endpoint <path...>', 'such as /api/v1/**')
    .option('--quota <rate>', 'such as 1000/month')
    .option('--rate-limit <rate>', 'such as 100/hour')
    .option('--limit <rate...>', 'further limits that all hold, such as 5/second 1000/day')
    .option('--hours <part...>', 'when it works, such as "mon-fri 08:00-18:00 Europe/Rome"', readHours)
    .option('--metadata <name=value...>', 'what you want to know of it; never a secret', readMetadata)
    .option('--allow-ip <cidr...>', 'the only networks it works from')
    .option('--deny-ip <cidr...>', 'networks it does not work from')
    .option('--rotate-every <length>', 'a new value by the clock, such as 90d')
    .option('--overlap <length>', 'how long an old value works beside a new one');
}

interface Settings {
  readonly scope?: string[];
  readonly days?: number;
  readonly method?: string[];
  readonly endpoint?: string[];
  readonly limit?: string[];
  readonly allowIp?: string[];
  readonly denyIp?: string[];
  readonly rotateEvery?: string;
  readonly overlap?: string;
  readonly [same: string]: unknown;
}

type Making = Settings & { readonly project: string };

/** In the words of the API; what was not given is left out. */
function askedOf(options: Settings): object {
  const { scope, days, method, endpoint, limit, allowIp, denyIp, rotateEvery, overlap, ...same } = options;
  if (overlap !== undefined && rotateEvery === undefined) throw new Quit(EXIT.usage, 'Give --overlap with --rotate-every.');
  return {
    ...same,
    ...(scope && { scopes: scope }),
    ...(days !== undefined && (days === 0 ? { never: true } : { expiresIn: `${days}d` })),
    ...(method && { methods: method.map((one) => one.toUpperCase()) }),
    ...(endpoint && { endpoints: endpoint }),
    ...(limit && { limits: limit }),
    ...(allowIp && { allowedIps: allowIp }),
    ...(denyIp && { deniedIps: denyIp }),
    ...(rotateEvery && { rotation: { every: rotateEvery, ...(overlap && { overlap }) } }),
  };
}

/** The value is for whoever asked; people are told that it does not come again. */
export function tellMade(out: Output, key: MadeProjectKeyAnswer): void {
  out.result(key, () => key.value ?? '');
  if (out.json) return;
  out.note(
    `Key ${plain(key.id)} (${plain(key.name)}), until ${instant(key.expiresAt) || 'it is revoked'}. Its value is not shown again.`,
  );
}

function readDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Write a whole number of days, or 0 for a key without an end.');
  return days;
}
