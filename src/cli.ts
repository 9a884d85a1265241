#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import packageFile from '../package.json' with { type: 'json' };
import { addAuditVerify } from './cli/audit.ts';
import { addAlertRuleActs } from './cli/alert-rules.ts';
import { addBudget } from './cli/budget.ts';
import { addCheck } from './cli/check.ts';
import { addClaimLink } from './cli/claim-link.ts';
import { addDebtActs } from './cli/debts.ts';
import { addDemo } from './cli/demo.ts';
import { EXIT, EXIT_HELP, Quit, type ExitCode } from './cli/exit.ts';
import { addExplain } from './cli/explain.ts';
import { addInventory } from './cli/inventory.ts';
import { addBulk } from './cli/bulk.ts';
import { addList } from './cli/list.ts';
import { AUDIT, NOUNS } from './cli/nouns.ts';
import { addOpenapi } from './cli/openapi.ts';
import { addOperatorActs } from './cli/operators.ts';
import { createOutput } from './cli/output.ts';
import { addProjectViews } from './cli/projects.ts';
import { addProjectKeys } from './cli/project-keys.ts';
import { addQuarantineActs } from './cli/quarantine.ts';
import { addReplay } from './cli/replay.ts';
import { addResend } from './cli/resend.ts';
import { addResume } from './cli/resume.ts';
import { addRetime } from './cli/retime.ts';
import { addRetry } from './cli/retry.ts';
import { addRevoke } from './cli/revoke.ts';
import { addRotate } from './cli/rotate.ts';
import { addScopeActs } from './cli/scopes.ts';
import { addSend } from './cli/send.ts';
import { addServe } from './cli/serve.ts';
import { addSimulate } from './cli/simulate.ts';
import { addSigningKeyActs } from './cli/signing-keys.ts';
import { addSourcesShow } from './cli/sources-show.ts';
import { addSourcePoll } from './cli/source-poll.ts';
import { addSourcesRecord, addSourcesSamples } from './cli/sources-record.ts';
import { addSourcesTest } from './cli/sources-test.ts';
import { addSuspend } from './cli/suspend.ts';
import { addTestProvider } from './cli/test-provider.ts';
import { addUsage } from './cli/usage.ts';

/** The `latchkey` command: one file for each verb in cli/. */

const HELP = `
${EXIT_HELP}

The service is the one at --url, else PUBLIC_URL, else this machine at PORT. The token is --token, else LATCHKEY_ADMIN_TOKEN
or LATCHKEY_ADMIN_TOKEN_FILE, else the one in DATA_DIR/admin.token, where the first start put it.
With --json there is one JSON value on stdout and nothing else; notes for people go to stderr.`;

const program = createProgram();
// A reader such as head that has seen enough is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = conclude(error);
}

function createProgram(): Command {
  const latchkey = new Command('latchkey')
    .version(packageFile.version)
    .description('Reservation-driven API keys: a booking becomes a temporary key, and its end takes the key away.')
    .option('--json', 'one JSON value on stdout and nothing else')
    .option('--url <url>', 'of the service')
    .option('--token <token>', 'of an operator; better given in LATCHKEY_ADMIN_TOKEN, where no process list shows it')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what can be given)')
    .addHelpText('after', HELP)
    .exitOverride();
  for (const add of [addServe, addCheck, addDemo, addSend, addSimulate, addExplain]) add(latchkey);
  for (const noun of NOUNS) addList(latchkey.command(noun.name).description(noun.about), noun);
  const commandOf = (noun: string) => latchkey.commands.find((command) => command.name() === noun)!;
  addDebtActs(commandOf('debts'));
  addSigningKeyActs(commandOf('signing-keys'));
  addScopeActs(commandOf('scopes'));
  addAlertRuleActs(commandOf('alert-rules'));
  addTestProvider(commandOf('providers'));
  addQuarantineActs(commandOf('quarantine'));
  addSourcesShow(commandOf('sources'));
  addSourcesTest(commandOf('sources'));
  addSourcePoll(commandOf('sources'));
  addSourcesRecord(commandOf('sources'));
  addSourcesSamples(commandOf('sources'));
  addProjectViews(commandOf('projects'));
  addOperatorActs(commandOf('operators'));
  for (const add of [
    addProjectKeys,
    addUsage,
    addBudget,
    addRevoke,
    addRotate,
    addRetime,
    addSuspend,
    addResume,
    addRetry,
    addInventory,
    addClaimLink,
    addReplay,
    addResend,
  ])
    add(latchkey);
  addBulk(commandOf('project-keys'));
  const audit = latchkey.command('audit').description(AUDIT.about);
  addList(audit, AUDIT);
  addAuditVerify(audit);
  addOpenapi(latchkey);
  return latchkey;
}

/** Says what went wrong, once: a line for people on stderr, and with --json the service's own words on stdout. */
function conclude(error: unknown): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const out = createOutput(program.opts<{ json?: boolean }>().json === true);
  const quit = quitOf(error);
  if (out.json) out.result({ error: { message: quit.message, ...quit.details } }, () => '');
  if (!(error instanceof CommanderError)) out.note(`latchkey: ${quit.message}`);
  return quit.exitCode;
}

/** What commander finds wrong it has written to stderr itself, with its own `error: ` before it. */
function quitOf(error: unknown): Quit {
  if (error instanceof Quit) return error;
  if (!(error instanceof CommanderError)) return new Quit(EXIT.failed, error instanceof Error ? error.message : 'unknown error');
  const incomplete = error.code === 'commander.help';
  return new Quit(EXIT.usage, incomplete ? 'This is no whole command: see --help.' : error.message.replace(/^error: /, ''));
}
