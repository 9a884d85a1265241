import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { formatProblem, type Problem } from '../policy/problems.ts';
import { readSettings } from '../settings.ts';
import { outputOf } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import type { Output } from './output.ts';
import { planTable } from './plan-table.ts';

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('check settings and configuration: every problem at once, each with its line; changes nothing')
    .argument('[file]', 'instead of LATCHKEY_CONFIG')
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const out = outputOf(command);
      if (file !== undefined && !existsSync(file)) throw new Quit(EXIT.usage, `there is no file ${file}`);
      // Loaded only here, as it brings every reader of the configuration along.
      const { examine } = await import('../examine.ts');
      const read = readSettings();
      const named = file === undefined ? {} : { configFile: file, configRequired: true };
      const { environment, configuration } = await examine({ ...read, settings: { ...read.settings, ...named } });
      if (!configuration.ok || environment.length > 0)
        return report(out, [...environment.map(inEnvironment), ...(configuration.ok ? [] : configuration.problems)]);
      const { warnings, policy } = configuration;
      for (const warning of warnings) out.note(formatProblem(warning));
      const plans = policy.plans.map((plan) => ({ ...plan, limits: configuration.limitsOf(plan) }));
      out.result({ ok: true, warnings, plans }, () => planTable(plans));
    });
}

function report(out: Output, problems: readonly Problem[]): void {
  out.result({ ok: false, problems }, () => problems.map(formatProblem).join('\n'));
  process.exitCode = EXIT.failed;
}

function inEnvironment(problem: string): Problem {
  const [message, fix] = splitOnce(problem, problem.includes(': ') ? ': ' : '; ');
  return { severity: 'error', file: 'environment', path: '', message, fix };
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at === -1 ? [text, 'correct it'] : [text.slice(0, at), text.slice(at + by.length)];
}
