import { Option, type Command } from 'commander';
import { ALERT_TYPES, OPERATORS, SEVERITIES } from '../alerts/rule.ts';
import type { AlertRuleAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';

interface Adding {
  readonly project: string;
  readonly type: string;
  readonly operator: string;
  readonly threshold: number;
  readonly cooldown?: number;
  readonly severity?: string;
  readonly email?: string[];
  readonly webhook: boolean;
  readonly subject?: string[];
  readonly suspend?: true;
  readonly disabled?: true;
}

/** `latchkey alert-rules add|remove`; `list` comes with the other lists. */
export function addAlertRuleActs(rules: Command): void {
  rules
    .command('add')
    .description('be alerted of something; it takes the place of the default rule of its type')
    .argument('<name>')
    .addOption(new Option('--type <type>', 'what is watched').choices(ALERT_TYPES).makeOptionMandatory())
    .addOption(new Option('--operator <operator>', 'how it is held against --threshold').choices(OPERATORS).default('gte'))
    .requiredOption('--threshold <n>', 'calls in an hour, percent of a quota, or hours until the end', Number)
    .option('--cooldown <minutes>', 'so long nothing more is told of the same key', Number)
    .addOption(new Option('--severity <word>', 'for whoever reads it').choices(SEVERITIES))
    .option('--email <address...>', 'people who are told by mail')
    .option('--no-webhook', 'tell no hook')
    .option('--subject <id...>', 'only these leases and keys')
    .option('--suspend', 'hold back the key or lease that meets it')
    .option('--disabled', 'only turn the default rule of its type off')
    .option('--project <name>', 'whose', 'default')
    .action(async (name: string, { project, ...options }: Adding, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<AlertRuleAnswer>(path`/projects/${project}/alert-rules`, { name, ...asked(options) });
      out.result(body, () => `${plain(body.id)} (${plain(body.name)}) is in force in project ${plain(project)}`);
    });
  rules
    .command('remove')
    .description('take a rule away; the default one of its type is in force again')
    .argument('<id>')
    .option('--project <name>', 'whose', 'default')
    .action(async (id: string, { project }: { project: string }, command: Command) => {
      const { api, out } = await connect(command);
      await api.delete(path`/projects/${project}/alert-rules/${id}`);
      out.result({ id, removed: true }, () => `${plain(id)} is removed`);
    });
}

/** In the words of the API; what was not given is left out. */
function asked({ cooldown, email, webhook, subject, suspend, ...same }: Omit<Adding, 'project'>): object {
  return {
    ...same,
    channels: [...(webhook ? [{ kind: 'webhook' }] : []), ...(email ? [{ kind: 'email', to: email }] : [])],
    ...(cooldown !== undefined && { cooldownMinutes: cooldown }),
    ...(subject && { subjects: subject }),
    ...(suspend && { autoSuspend: true }),
  };
}
