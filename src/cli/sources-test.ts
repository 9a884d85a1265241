import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { readSamples, type Sample } from '../lab/sample.ts';
import { formatProblem } from '../policy/problems.ts';
import { suggest } from '../reservation/suggest.ts';
import type { Source } from '../reservation/source.ts';
import { readSettings } from '../settings.ts';
import type { FindingsAnswer } from './answers.ts';
import { outputOf } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { labText } from './lab-text.ts';
import { instantOption } from './time.ts';

interface TestOptions {
  readonly sample: string;
  readonly headers?: readonly string[];
  readonly headersFile?: string;
  readonly path?: string;
  readonly query?: string;
  readonly config?: string;
  readonly now?: Date;
  readonly received?: Date;
}

export function addSourcesTest(sources: Command): void {
  sources
    .command('test')
    .description(
      'what would come of an event: signature, mapping, leases, and what happens next; needs no service, stores and sends nothing',
    )
    .argument('<name>', 'of the source')
    .requiredOption('--sample <file>', 'a body as it is posted, samples as they were recorded, or a folder of both')
    .option('--headers <header>', 'such as "x-signature: v1=…"; may be repeated', collect)
    .option('--headers-file <file>', 'the same, one a line')
    .option('--path <path>', 'what stands behind /webhooks/<name>/')
    .option('--query <query>', 'what stands behind the question mark')
    .option('--config <file>', 'instead of LATCHKEY_CONFIG')
    .option('--received <instant>', 'when it arrived: 2026-01-31T09:00:00Z, now, or -5m; without it now', instantOption)
    .option('--now <instant>', 'when what happens next is asked; without it now', instantOption)
    .action(async (name: string, options: TestOptions, command: Command) => {
      const out = outputOf(command);
      const now = options.now ?? new Date();
      const samples = await samplesOf(options);
      const { policy, provider, smtp } = await configurationOf(options.config);
      // Loaded only here: most commands have no need of the rules.
      const [{ NO_MEMORY, tryOut }, { reportOf }] = await Promise.all([import('../lab/lab.ts'), import('../lab/report.ts')]);
      const lens = { policy: () => policy, providers: provider, now: () => now, smtp };
      const report = reportOf(await tryOut(sourceNamed(policy.sources, name), samples, { lens, memory: NO_MEMORY }));
      // As the API answers it: instants are text.
      out.result(report, () => labText(JSON.parse(JSON.stringify(report)) as FindingsAnswer));
      if (!report.ok) process.exitCode = EXIT.failed;
    });
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  headerOf(text);
  return [...before, text];
}

function headerOf(text: string): readonly [string, string] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write name: value.');
  return [name, value];
}

async function samplesOf(options: TestOptions): Promise<readonly Sample[]> {
  const receivedAt = options.received ?? new Date();
  const given = await headersOf(options);
  const samples: Sample[] = [];
  for (const file of await filesOf(options.sample)) {
    try {
      samples.push(...readSamples(await readOwn(file), { receivedAt, name: basename(file) }));
    } catch (error) {
      if (error instanceof Quit) throw error;
      throw new Quit(EXIT.usage, `${file} cannot be used: ${(error as Error).message}`);
    }
  }
  if (samples.length === 0) throw new Quit(EXIT.usage, `${options.sample} has no samples`);
  return samples.map((sample) => ({
    ...sample,
    ...(options.received && { receivedAt }),
    ...(given && { rawHeaders: given, redacted: false }),
    ...(options.path !== undefined && { path: options.path }),
    ...(options.query !== undefined && { query: options.query }),
  }));
}

async function headersOf({ headers, headersFile }: TestOptions): Promise<readonly string[] | undefined> {
  const text = headersFile === undefined ? '' : (await readOwn(headersFile)).toString('utf8');
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (!headers && headersFile === undefined) return undefined;
  try {
    return [...lines, ...(headers ?? [])].flatMap(headerOf);
  } catch {
    throw new Quit(EXIT.usage, `${headersFile} has a line that is no header: write name: value`);
  }
}

/** A folder's files in the order of their names, which is the order in which they arrived. */
async function filesOf(place: string): Promise<readonly string[]> {
  const found = await stat(place).catch(() => undefined);
  if (!found) throw new Quit(EXIT.usage, `there is no file ${place}`);
  if (!found.isDirectory()) return [place];
  const names = await readdir(place, { withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => join(place, name))
    .sort();
}

async function readOwn(file: string): Promise<Buffer> {
  return await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Quit(EXIT.usage, `${file} cannot be read (${error.code})`);
  });
}

async function configurationOf(file: string | undefined) {
  if (file !== undefined && !(await stat(file).catch(() => undefined))) throw new Quit(EXIT.usage, `there is no file ${file}`);
  const { examine } = await import('../examine.ts');
  const read = readSettings();
  const named = file === undefined ? {} : { configFile: file, configRequired: true };
  const { configuration } = await examine({ ...read, settings: { ...read.settings, ...named } });
  if (!configuration.ok)
    throw new Quit(EXIT.usage, `the configuration has mistakes:\n${configuration.problems.map(formatProblem).join('\n')}`);
  return { ...configuration, smtp: read.settings.smtpUrl !== undefined };
}

function sourceNamed(sources: Readonly<Record<string, Source>>, name: string): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source) throw new Quit(EXIT.usage, `there is no source "${name}": ${suggest(name, Object.keys(sources))}`);
  return source;
}
