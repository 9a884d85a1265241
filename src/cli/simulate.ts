import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { duration } from '../policy/words.ts';
import { connect, outputOf } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { FAULT_NAMES, FAULTS, type Fault } from './simulate/faults.ts';
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
  readonly check?: true;
}

const BOOKINGS = 200;
const LENGTH_MS = 120 * MINUTE;
const FASTEST = 3600;
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
    .option('--duration <time>', 'simulated; without it 2h', lengthOption)
    .option('--rate <count>', 'bookings in a simulated minute: instead of --bookings or of --duration', positive)
    .option('--speed <factor>', 'how much faster than the clock simulated time goes, such as 60x', speedOption, 60)
    .option('--faults <names>', 'of those below, with commas, or all', faultsOption, [])
    .option('--resources <ids>', 'what is booked, with commas', listOption, ['lab-1', 'lab-2'])
    .option('--seed <number>', 'the same seed makes the same bookings and faults', whole(0, 2 ** 32 - 1), 42)
    .addOption(new Option('--first-id <id>', 'of the first booking; without it a new one').argParser(whole(1, 2 ** 52)))
    .option('--check', 'in the end, ask the service (--url, --token) whether it has every booking as it is')
    .addHelpText('after', HELP)
    .action(async (_preset: string, options: SimulateOptions, command: Command) => {
      const simulation = await simulationOf(options, command);
      const { simulate } = await import('./simulate/run.ts');
      const { report, text } = await simulate(simulation);
      outputOf(command).result(report, () => text);
      if (report.check?.ok === false || !Object.keys(report.answers).some((answer) => answer.startsWith('2')))
        process.exitCode = EXIT.failed;
    });
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
    ...(options.check && { check: { ...(await connect(command)), source: sourceIn(url) } }),
  };
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

function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= low && number <= high) return number;
    throw new InvalidArgumentError(`Write a whole number from ${low} to ${high}.`);
  };
}

function positive(text: string): number {
  const number = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new InvalidArgumentError('Write a number above 0, such as 5.');
}

function speedOption(text: string): number {
  const number = Number(/^(\d{1,4}(\.\d)?)x?$/.exec(text)?.[1] ?? 0);
  if (number >= 1 && number <= FASTEST) return number;
  throw new InvalidArgumentError(`Write a factor from 1x to ${FASTEST}x, such as 60x.`);
}

function lengthOption(text: string): number {
  const read = duration.safeParse(text);
  if (read.success && read.data >= 10 * MINUTE) return read.data;
  throw new InvalidArgumentError('Write a length of time from 10m on, such as 2h.');
}

function listOption(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Write names with commas between them, such as lab-1,lab-2.');
}

function faultsOption(text: string): readonly Fault[] {
  if (text === 'all') return FAULT_NAMES;
  const names = text === 'none' ? [] : listOption(text);
  const unknown = names.find((name) => !Object.hasOwn(FAULTS, name));
  if (unknown === undefined) return names as Fault[];
  throw new InvalidArgumentError(`There is no fault ${unknown}; there are ${FAULT_NAMES.join(', ')}.`);
}
