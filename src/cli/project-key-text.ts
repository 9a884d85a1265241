import type { Command } from 'commander';
import type { ProjectKeyAnswer } from './answers.ts';
import { instant, plain } from './output.ts';

/** What all commands about keys of a project have in common. */

export function inProject(command: Command): Command {
  return command.option('--project <name>', 'whose keys', 'default');
}

/** One line for each thing that is known of it. */
export function keyText(key: ProjectKeyAnswer): string {
  return Object.entries(key)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([field, value]) => `${field}: ${field.endsWith('At') ? instant(value) : plain(value)}`)
    .join('\n');
}
