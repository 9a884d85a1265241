import type { Command } from 'commander';
import type { EffectiveConfigAnswer, ProjectKeyAnswer, ProjectKeyUsageAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { instant, plain } from './output.ts';
import { addProjectKeyActs } from './project-keys-acts.ts';
import { addProjectKeyMaking } from './project-keys-making.ts';
import { inProject, keyText } from './project-key-text.ts';
import { configTable } from './projects.ts';
import { table } from './table.ts';

interface InProject {
  readonly project: string;
}

/** `latchkey project-keys …`: keys that are asked for without a booking. `keys` are those of leases. */
export function addProjectKeys(program: Command): void {
  const keys = program
    .command('project-keys')
    .alias('pk')
    .description('keys of a project, asked for without a booking')
    .addHelpText('after', '\nEvery command takes --project; without it the project is default. A key is named by its id.');
  addProjectKeyMaking(keys);
  addList(keys);
  addInfo(keys);
  addProjectKeyActs(keys);
  addUsage(keys);
  addConfig(keys);
  addReport(keys);
}

function addList(keys: Command): void {
  const list = inProject(keys.command('list').description('keys, newest first: those that may work'));
  list
    .option('--include-inactive', 'also those that are revoked or at their end')
    .option('--state <state>', 'pending, active, suspended, expired or revoked')
    .option('--owner <owner>', 'whom they are for')
    .option('--scope <scope>', 'that they have')
    .option('--name <name>', 'by which they were made')
    .option('--environment <word>', 'such as test')
    .option('--limit <n>', 'how many at most', Number, 50)
    .action(async ({ project, limit, includeInactive, ...query }: ListOptions, command: Command) => {
      const living = includeInactive || query.state !== undefined ? undefined : 'true';
      await showList(command, { project, limit, query: { ...query, living } });
    });
}

interface ListOptions extends InProject {
  readonly limit: number;
  readonly includeInactive?: true;
  readonly state?: string;
}

async function showList(
  command: Command,
  { project, limit, query }: InProject & { limit: number; query: Readonly<Record<string, string | undefined>> },
): Promise<void> {
  const { api, out } = await connect(command);
  const page = await api.list<ProjectKeyAnswer>(path`/projects/${project}/keys`, query, limit);
  out.result(page, () =>
    table(page.items, [
      { title: 'ID', of: ({ id }) => id, whole: true },
      { title: 'NAME', of: ({ name }) => name },
      { title: 'STATE', of: ({ state }) => state },
      { title: 'OWNER', of: ({ owner }) => owner },
      { title: 'SCOPES', of: ({ scopes }) => scopes.join(' ') },
      { title: 'HINT', of: ({ hint }) => hint },
      { title: 'EXPIRES', of: ({ expiresAt }) => instant(expiresAt) || 'never' },
      { title: 'LAST USED', of: ({ lastUsedAt }) => instant(lastUsedAt) },
    ]),
  );
  if (!out.json && page.items.length === 0) out.note('No keys.');
  if (!out.json && page.next !== null) out.note('There are more: give a larger --limit.');
}

function addInfo(keys: Command): void {
  inProject(keys.command('info').description('one key, without its value').argument('<id>')).action(
    async (id: string, { project }: InProject, command: Command) => {
      const { api, out } = await connect(command);
      const key = await api.get<ProjectKeyAnswer>(path`/projects/${project}/keys/${id}`);
      out.result(key, () => keyText(key));
    },
  );
}

function addUsage(keys: Command): void {
  inProject(keys.command('usage').description('what a key was used for, as our verify counted').argument('<id>'))
    .option('--since <length>', 'how far back', '30d')
    .action(async (id: string, { project, since }: InProject & { since: string }, command: Command) => {
      const { api, out } = await connect(command);
      const usage = await api.get<ProjectKeyUsageAnswer>(path`/projects/${project}/keys/${id}/usage`, { since });
      out.result(usage, () => usageText(usage));
    });
}

function usageText({ total, passed, refused, days, lastUsedAt, lastIp }: ProjectKeyUsageAnswer): string {
  const rows = table(days, [
    { title: 'DAY', of: ({ day }) => day },
    { title: 'PASSED', of: ({ byCode }) => byCode['VALID'] ?? 0 },
    {
      title: 'REFUSED',
      of: ({ byCode }) =>
        Object.entries(byCode)
          .filter(([code]) => code !== 'VALID')
          .map(([code, count]) => `${code} ${count}`)
          .join(', '),
    },
  ]);
  const last = lastUsedAt ? `, last at ${instant(lastUsedAt)}${lastIp ? ` from ${plain(lastIp)}` : ''}` : '';
  return [`${total} requests: ${passed} passed, ${refused} refused${last}`, ...(rows === '' ? [] : [rows])].join('\n');
}

function addConfig(keys: Command): void {
  inProject(keys.command('config').description('what holds for a key, and who said so').argument('<id>')).action(
    async (id: string, { project }: InProject, command: Command) => {
      const { api, out } = await connect(command);
      const config = await api.get<EffectiveConfigAnswer>(path`/projects/${project}/keys/${id}/config`);
      out.result(config, () => configTable(config));
    },
  );
}

function addReport(keys: Command): void {
  const report = keys.command('report').description('keys that somebody should look at');
  inProject(report.command('unused').description('keys that may work and that nobody has used for long'))
    .option('--for <length>', 'how long', '30d')
    .action((options: InProject & { for: string }, command: Command) =>
      showList(command, { project: options.project, limit: 10_000, query: { unusedFor: options.for } }),
    );
  inProject(report.command('expiring').description('keys whose end is near'))
    .option('--within <length>', 'how near', '7d')
    .action((options: InProject & { within: string }, command: Command) =>
      showList(command, { project: options.project, limit: 10_000, query: { expiresWithin: options.within } }),
    );
}
