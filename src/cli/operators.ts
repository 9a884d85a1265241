import { Option, type Command } from 'commander';
import { ROLES } from '../access/operators.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';

/** `latchkey operators add|disable`; `list` comes with the other lists. */
export function addOperatorActs(operators: Command): void {
  operators
    .command('add')
    .description('add an operator and show its token, once')
    .argument('<name>')
    .addOption(new Option('--role <role>', 'what it may do').choices(Object.keys(ROLES)).makeOptionMandatory())
    .option('--project <project>', 'the only one it shall see')
    .action(async (name: string, { role, project }: { role: string; project?: string }, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<{ id: string; token: string }>('/operators', { name, role, project });
      out.result(body, () => plain(body.token));
      if (!out.json)
        out.note(`${plain(body.id)} is ${name}. The token is shown once; give it in LATCHKEY_ADMIN_TOKEN or --token.`);
    });
  operators
    .command('disable')
    .description('let the token of an operator work no longer')
    .argument('<operator>', 'its id')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      await api.delete(path`/operators/${id}`);
      out.result({ id, disabled: true }, () => `${plain(id)} is disabled`);
    });
}
