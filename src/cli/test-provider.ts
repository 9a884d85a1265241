import type { Command } from 'commander';
import type { TrialAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT } from './exit.ts';
import { dim, plain, strong } from './output.ts';

/** A cloud takes its time, for each of some ten calls. */
const PATIENCE_MS = 15 * 60_000;

/** `latchkey providers test`; `list` comes with the other lists. */
export function addTestProvider(providers: Command): void {
  providers
    .command('test')
    .description('try a provider with a throw-away key and print each request; the key is revoked in the end')
    .argument('<name>')
    .option('--plan <name>', 'what the key may do; else the first plan that makes keys there')
    .action(async (name: string, { plan }: { plan?: string }, command: Command) => {
      const { api, out } = await connect(command, { timeoutMs: PATIENCE_MS });
      const { body: trial } = await api.post<TrialAnswer>(path`/providers/${name}/test`, { plan });
      out.result(trial, () => trialText(trial));
      if (!trial.ok) process.exitCode = EXIT.failed;
    });
}

function trialText({ provider, plan, key, left, steps }: TrialAnswer): string {
  const end = left
    ? strong(`Key ${plain(key)} MAY STILL WORK at ${plain(provider)}: it could not be revoked. Delete it there by its name.`)
    : `Key ${plain(key)} of plan ${plain(plan)}: nothing of it works at ${plain(provider)}.`;
  return [...steps.flatMap(stepLines), '', end].join('\n');
}

function stepLines({ name, ok, says, ms, exchanges }: TrialAnswer['steps'][number]): string[] {
  return [
    `${ok ? '  ok  ' : strong('FAILED')} ${plain(name).padEnd(8)} ${plain(says)} ${dim(`(${ms} ms)`)}`,
    ...exchanges.flatMap(({ method, url, body, status, ms: took }) => [
      `         ${plain(method)} ${plain(url)} ${status ?? 'no answer'} ${dim(`(${took} ms)`)}`,
      ...(body === undefined ? [] : [`           ${plain(body)}`]),
    ]),
  ];
}
