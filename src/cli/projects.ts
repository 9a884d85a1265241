import type { Command } from 'commander';
import { formatRate } from '../reservation/limits.ts';
import type { EffectiveConfigAnswer, ProjectAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';
import { table } from './table.ts';

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
      of: ({ value }) => (value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)),
      whole: true,
    },
    { title: 'FROM', of: ({ from }) => from },
  ]);
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
