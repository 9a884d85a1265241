import { Argument, Option, type Command } from 'commander';
import { connect, outputOf } from './connection.ts';
import { EXIT, Quit, type ExitCode } from './exit.ts';
import { FAULT_NAMES, FAULTS, type Fault } from './simulate/faults.ts';
import { faultsOption, lengthOption, listOption, positive, speedOption, whole } from './simulate/options.ts';
import type { Report } from './simulate/report.ts';
import type { Simulation } from './simulate/run.ts';
import { MINUTE } from './simulate/world.ts';
import { webhookSecret, webhookUrl } from './webhook-target.ts';

interface SimulateOptions {
  readonly to?: string;
  readonly secret?: string;
  readonly bookings?: number;
  readonly rate?: number;
  readonly duration?: number;
  readonly speed: number;
  readonly faults: readonly Fault[];
  readonly resources: readonly string[];
  readonly seed: number;
  readonly firstId?: number;
  readonly check?: true | number;
}

const BOOKINGS = 200;
const LENGTH_MS = 120 * MINUTE;
const CHECK_FOR_MS = 30_000;
const MOST_BOOKINGS = 100_000;

const HELP = `
Faults, as the real sender has them; without any it is a good one:
${FAULT_NAMES.map((name) => `  ${name.padEnd(14)} ${FAULTS[name]}`).join('\n')}`;

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('play a whole booking system against a webhook, with the habits of the real one')
    .addArgument(new Argument('<preset>', 'the booking system').choices(['cloud-resource-reservation']))
    .option('--to <url>', 'the webhook; without it /webhook of this service')
    .option('--secret <secret>', 'to sign with; without it WEBHOOK_SECRET or the one made on the first start')
    .option('--bookings <count>', `how many; without it ${BOOKINGS}`, whole(1, MOST_BOOKINGS))
    .option('--duration <time>', 'simulated; without it 2h', lengthOption(10 * MINUTE))
    .option('--rate <count>', 'bookings in a simulated minute: instead of --bookings or of --duration', positive)
    .option('--speed <factor>', 'how much faster than the clock simulated time goes, such as 60x', speedOption, 60)
    .option('--faults <names>', 'of those below, with commas, or all', faultsOption, [])
    .option('--resources <ids>', 'what is booked, with commas', listOption, ['lab-1', 'lab-2'])
    .option('--seed <number>', 'the same seed makes the same bookings and faults', whole(0, 2 ** 32 - 1), 42)
    .addOption(new Option('--first-id <id>', 'of the first booking; without it a new one').argParser(whole(1, 2 ** 52)))
    .option(
      '--check [time]',
      'in the end, ask the service (--url, --token) whether it has every booking as it is, until it has, for 30s or this',
      lengthOption(0),
    )
    .addHelpText('after', HELP)
    .action(async (_preset: string, options: SimulateOptions, command: Command) => {
      const simulation = await simulationOf(options, command);
      const { simulate } = await import('./simulate/run.ts');
      const { report, text } = await simulate(simulation);
      outputOf(command).result(report, () => text);
      process.exitCode = exitCodeOf(report);
    });
}

function exitCodeOf({ check, answers, brokenOff }: Report): ExitCode {
  if (check?.ok === false || !Object.keys(answers).some((answer) => answer.startsWith('2'))) return EXIT.failed;
  return brokenOff ? EXIT.partly : EXIT.ok;
}

async function simulationOf(options: SimulateOptions, command: Command): Promise<Simulation> {
  const { speed, faults, resources, seed } = options;
  const url = webhookUrl(options.to, command);
  return {
    url,
    secret: await webhookSecret(options.secret),
    speed,
    faults: new Set(faults),
    world: {
      seed,
      resources,
      // Another for each simulation, so that it can be repeated at the same service.
      firstId: options.firstId ?? Date.now(),
      ...extentOf(options),
    },
    ...(options.check !== undefined && { check: await checkingOf(options.check, { url, command }) }),
  };
}

async function checkingOf(
  said: true | number,
  { url, command }: { url: string; command: Command },
): Promise<Simulation['check']> {
  const { api } = await connect(command);
  return { api, source: sourceIn(url), forMs: said === true ? CHECK_FOR_MS : said };
}

/** Two of how many, how long and how often say the third. */
function extentOf({ bookings, duration: lengthMs, rate }: SimulateOptions): { bookings: number; lengthMs: number } {
  if (rate === undefined) return { bookings: bookings ?? BOOKINGS, lengthMs: lengthMs ?? LENGTH_MS };
  if (bookings !== undefined && lengthMs !== undefined)
    throw new Quit(EXIT.usage, 'Give two of --bookings, --duration and --rate: they say the third.');
  if (bookings !== undefined) return { bookings, lengthMs: Math.ceil(bookings / rate) * MINUTE };
  const many = Math.round((rate * (lengthMs ?? LENGTH_MS)) / MINUTE);
  if (many < 1 || many > MOST_BOOKINGS)
    throw new Quit(EXIT.usage, `That makes ${many} bookings; from 1 to ${MOST_BOOKINGS} can be.`);
  return { bookings: many, lengthMs: lengthMs ?? LENGTH_MS };
}

/** As the service names it: the one of /webhook is called default. */
function sourceIn(url: string): string {
  const [, name] = /\/webhooks\/([^/?#]+)/.exec(url) ?? [];
  return name === undefined ? 'default' : decodeURIComponent(name);
}
