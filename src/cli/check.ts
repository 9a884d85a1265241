import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { drivers } from '../../providers/index.ts';
import type { KeyManager } from '../../providers/driver.ts';
import { load } from '../catalogue.ts';
import { firstStart } from '../first-start.ts';
import { presets } from '../intake/presets.ts';
import { formatProblem, type Problem } from '../policy/problems.ts';
import { Secret } from '../secret/secret.ts';
import { environment, readSettings, type Settings } from '../settings.ts';
import { madeSecret, outputOf } from './connection.ts';
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
      const read = readSettings();
      if (!read.ok) return report(out, read.problems.map(inEnvironment));
      const settings = { ...read.settings, ...(file === undefined ? {} : { configFile: file }) };
      const missing = await missingSettings(settings);
      const warnings: Problem[] = [];
      const loaded = await load({
        settings: { ...settings, webhookSecret: settings.webhookSecret ?? (await secretToBe(settings)) },
        drivers,
        presets,
        env: environment,
        now: () => new Date(),
        tools: { keys: NO_KEYS, userAgent: 'latchkey' },
        warn: (problem) => warnings.push(problem),
      });
      if ('problems' in loaded || missing.length > 0)
        return report(out, [...missing, ...('problems' in loaded ? loaded.problems : [])]);
      for (const warning of warnings) out.note(formatProblem(warning));
      out.result({ ok: true, warnings, plans: loaded.policy.plans }, () => planTable(loaded.policy.plans));
    });
}

function report(out: Output, problems: readonly Problem[]): void {
  out.result({ ok: false, problems }, () => problems.map(formatProblem).join('\n'));
  process.exitCode = EXIT.failed;
}

/** What a start with a PostgreSQL server would refuse. With the embedded database the missing secrets are made on the first start. */
async function missingSettings(settings: Settings): Promise<Problem[]> {
  if (!settings.databaseUrl) return [];
  const first = await firstStart(settings);
  return first.ok ? [] : first.problems.map(inEnvironment);
}

/** The webhook secret of the first start, as it is or as it will be. */
async function secretToBe({ databaseUrl }: Settings): Promise<Secret | undefined> {
  if (databaseUrl) return undefined;
  return (await madeSecret('webhookSecret')) ?? new Secret('made on the first start');
}

function inEnvironment(problem: string): Problem {
  const [message, fix] = splitOnce(problem, problem.includes(': ') ? ': ' : '; ');
  return { severity: 'error', file: 'environment', path: '', message, fix };
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at === -1 ? [text, 'correct it'] : [text.slice(0, at), text.slice(at + by.length)];
}

const none = (): never => {
  throw new Error('check: no keys are made here');
};
const NO_KEYS: KeyManager = { put: none, retime: none, remove: none, usage: none, list: none, suspend: none, resume: none };
