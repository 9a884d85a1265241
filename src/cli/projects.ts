import type { Command } from 'commander';
import { formatRate } from '../reservation/limits.ts';
import type { Limit } from '../reservation/plan.ts';
import type { EffectiveConfigAnswer, ProjectAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';
import { table } from './table.ts';

const DAY_MS = 86_400_000;

/** `latchkey projects show|config`; `list` comes with the other lists. */
export function addProjectViews(projects: Command): void {
  projects
    .command('show')
    .description('one project: what is its own, and what its keys get')
    .argument('<project>')
    .action(async (name: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const project = await api.get<ProjectAnswer>(path`/projects/${name}`);
      out.result(project, () => story(project));
    });
  projects
    .command('config')
    .description('each setting of its keys, and whether the project or the whole house said so')
    .argument('<project>')
    .action(async (name: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const config = await api.get<EffectiveConfigAnswer>(path`/projects/${name}/config`);
      out.result(config, () => configTable(config));
    });
}

/** Also of one key. */
export function configTable({ settings, shared }: EffectiveConfigAnswer): string {
  const all = [...settings, { setting: 'shared limits', value: shared.length > 0 ? shared : null, from: 'project' }];
  return table(all, [
    { title: 'SETTING', of: ({ setting }) => setting },
    {
      title: 'VALUE',
      of: ({ setting, value }) => said(value, setting),
      whole: true,
    },
    { title: 'FROM', of: ({ from }) => from },
  ]);
}

/** As a person would write it: rates, lengths of time, and what stands beside each other. */
function said(value: unknown, of: string): string {
  if (value === null) return 'none';
  if (typeof value === 'number' && of.endsWith('Ms')) return value % DAY_MS === 0 ? `${value / DAY_MS}d` : `${value / 60_000}m`;
  if (Array.isArray(value)) return value.map((one) => said(one, of)).join(', ');
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value);
  const limit = value as Partial<Limit>;
  if (limit.limit !== undefined && limit.per !== undefined) return formatRate({ ...limit, limit: limit.limit, per: limit.per });
  return Object.entries(value)
    .map(([name, one]) => `${name.replace(/Ms$/, '')} ${said(one, name)}`)
    .join(' ');
}

function story({ name, description, limits, sources, plans, scopes }: ProjectAnswer): string {
  const lines = [
    `project ${name}${description ? `: ${description}` : ''}`,
    `sources: ${sources.join(', ') || 'none'}`,
    `plans: ${plans.join(', ') || 'none'}`,
    `scopes: ${scopes}`,
    `shared limits: ${limits.map(formatRate).join(', ') || 'none'}`,
  ];
  return lines.map(plain).join('\n');
}
