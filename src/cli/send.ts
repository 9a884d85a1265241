import { randomBytes } from 'node:crypto';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { outputOf } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';
import { reach } from './reach.ts';
import { SAID, SAMPLE_TYPES, Untold, type SampleType, type Signing } from './samples/sample.ts';
import { SAMPLES } from './samples.ts';
import { instantOption } from './time.ts';
import { webhookSecret, webhookUrl } from './webhook-target.ts';

interface SendOptions {
  readonly to?: string;
  readonly secret?: string;
  readonly booking?: string;
  readonly resource: string;
  readonly resourceType: string;
  readonly email: string;
  readonly starts?: Date;
  readonly ends?: Date;
  readonly param?: Readonly<Record<string, unknown>>;
  readonly sourcePreset: keyof typeof SAMPLES;
}

const HOUR_MS = 3_600_000;

export function addSend(program: Command): void {
  program
    .command('send')
    .description('post a signed sample event, as a reservation system does')
    .addArgument(new Argument('<type>').choices([...SAMPLE_TYPES, ...Object.keys(SAID)]))
    .option('--to <url>', 'the webhook; without it /webhook of this service')
    .option('--secret <secret>', 'to sign with; without it WEBHOOK_SECRET or the one made on the first start')
    .addOption(
      new Option('--source-preset <preset>', 'how the source writes and signs')
        .choices(Object.keys(SAMPLES))
        .default('cloud-resource-reservation'),
    )
    .option('--booking <id>', "the source's id of the booking; without it a new one")
    .option('--resource <id>', 'what is booked', 'lab-1')
    .option('--resource-type <type>', 'kind of resource', 'API Key')
    .option('--email <address>', 'of the holder', 'ada@example.org')
    .option('--starts <instant>', '2026-01-31T09:00:00Z, now, or +90m; without it now', instantOption)
    .option('--ends <instant>', 'likewise; without it an hour after the start', instantOption)
    .option('--param <name=value...>', 'what the booking asks for: scopes=read,write quota=10 rateLimit=5/minute', readParameter)
    .action(async (said: SampleType | keyof typeof SAID, options: SendOptions, command: Command) => {
      const type = said in SAID ? SAID[said as keyof typeof SAID] : (said as SampleType);
      const out = outputOf(command);
      const now = new Date();
      const startsAt = options.starts ?? now;
      const booking = options.booking ?? `sample-${randomBytes(4).toString('hex')}`;
      const url = webhookUrl(options.to, command);
      const sample = sign(type, { ...options, booking, startsAt }, { secret: await webhookSecret(options.secret), now, url });
      const headers = { 'content-type': 'application/json', ...sample.headers };
      const { status, json, text } = await reach(url, { method: 'POST', headers, body: sample.body, timeoutMs: 30_000 });
      const answer = json ?? text;
      out.result({ url, booking, status, answer }, () => `${status} ${plain(answer)}`);
      if (type !== 'test' && !out.json) out.note(`Booking ${booking} at ${url}`);
      if (status >= 300) process.exitCode = status === 401 ? EXIT.unreachable : EXIT.failed;
    });
}

function sign(type: SampleType, options: SendOptions & { readonly booking: string; readonly startsAt: Date }, signing: Signing) {
  const { booking, resource, resourceType, email, startsAt } = options;
  const endsAt = options.ends ?? new Date(startsAt.getTime() + HOUR_MS);
  const sample = { type, booking, resource, resourceType, email, startsAt, endsAt, parameters: options.param ?? {} };
  try {
    return SAMPLES[options.sourcePreset](sample, signing);
  } catch (error) {
    if (error instanceof Untold) throw new Quit(EXIT.usage, error.message);
    throw new Quit(EXIT.usage, `--secret cannot sign: ${error instanceof Error ? error.message : 'unknown error'}`);
  }
}

const LISTS = new Set(['scopes', 'endpoints']);

/** `scopes` and `endpoints` are lists, numbers are numbers, the rest is text. */
function readParameter(text: string, before: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write name=value.');
  const name = text.slice(0, at).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const value = text.slice(at + 1);
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  return { ...before, [name]: LISTS.has(name) ? value.split(',') : (number ?? value) };
}
