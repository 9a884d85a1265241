import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { BulkAnswer, BulkItemAnswer, BulkPreviewAnswer, BulkStartedAnswer, BulkValuesAnswer } from './answers.ts';
import { itemsOfTable } from '../http/api/bulk-table.ts';
import { VALUE_COLUMNS } from '../http/api/bulk-views.ts';
import { writeCsv } from '../csv/write.ts';
import { path, type Api } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { withNewFile, type NewFile } from './new-file.ts';
import { plain, type Output } from './output.ts';
import { progressBar } from './progress-bar.ts';
import { table } from './table.ts';

interface BulkOptions {
  readonly project: string;
  readonly dryRun?: true;
  readonly values?: string;
  readonly reason?: string;
}

interface Connection {
  readonly api: Api;
  readonly out: Output;
}

const LOOK_AGAIN_MS = 300;
const MOST_FAILURES = 100_000;

const VALUES = 'where the values of created keys go, as CSV that only you may read; it must not be there yet';

/** `latchkey project-keys bulk create|update|revoke FILE` and `bulk-follow BULK`. */
export function addBulk(keys: Command): void {
  addStart(keys);
  keys
    .command('bulk-follow')
    .description('go on watching a bulk, and fetch the values of the keys that it made')
    .argument('<bulk>', 'its id, as bulk told it')
    .option('--values <file>', VALUES)
    .action(async (id: string, { values }: Pick<BulkOptions, 'values'>, command: Command) => {
      const connection = await connect(command);
      await withNewFile(values, async (file) => {
        await follow(id, connection);
        if (file) await keepValues(id, file, connection);
      });
    });
}

function addStart(keys: Command): void {
  keys
    .command('bulk')
    .description('make, change or revoke many keys of a project')
    .argument('<verb>', 'create, update or revoke')
    .argument('<file>', 'a table (CSV) whose first line names the fields, or a JSON list; - for standard input')
    .option('--project <name>', 'whose keys', 'default')
    .option('--dry-run', 'only tell what would become of each')
    .option('--values <file>', VALUES)
    .option('--reason <text>', 'for the audit')
    .addHelpText(
      'after',
      '\nIt runs in the service and goes on when this command is stopped: see bulk-follow. Exit code 3 when some could not be done.',
    )
    .action(async (verb: string, file: string, options: BulkOptions, command: Command) => {
      if (options.values !== undefined && verb !== 'create') throw new Quit(EXIT.usage, 'Only created keys have new values.');
      const body = { verb, ...(await readItems(file)), reason: options.reason };
      const { api, out } = await connect(command);
      const target = path`/projects/${options.project}/keys/bulk`;
      if (options.dryRun) return await preview(target, body, { api, out });
      // Before anything is made whose value could then not be kept.
      await withNewFile(options.values, async (file) => {
        const { body: started } = await api.post<BulkStartedAnswer>(target, body);
        out.note(`${started.id} has begun, with ${started.total} keys.`);
        await follow(started.id, { api, out });
        if (file) await keepValues(started.id, file, { api, out });
      });
    });
}

async function preview(target: string, body: object, { api, out }: Connection): Promise<void> {
  const { body: told } = await api.post<BulkPreviewAnswer>(target, { ...body, dryRun: true });
  out.result(told, () => {
    const failed = told.items.filter(({ state }) => state === 'failed');
    const total = `${told.total} rows: ${told.ok} would be done, ${told.failed} would fail. Nothing was written.`;
    return [failuresText(failed), total].filter(Boolean).join('\n');
  });
  if (told.failed > 0) process.exitCode = EXIT.partly;
}

async function follow(id: string, { api, out }: Connection): Promise<void> {
  const bar = await progressBar('keys');
  let bulk = await api.get<BulkAnswer>(path`/bulk/${id}`);
  bar.start(bulk.total, 0);
  while (bulk.state === 'running') {
    bar.update(bulk.done + bulk.failed);
    await wait(LOOK_AGAIN_MS);
    bulk = await api.get<BulkAnswer>(path`/bulk/${id}`);
  }
  bar.update(bulk.done + bulk.failed);
  bar.stop();
  const { items } = await api.list<BulkItemAnswer>(path`/bulk/${id}/items`, { state: 'failed' }, MOST_FAILURES);
  const total = `${plain(id)}: ${bulk.done} done, ${bulk.failed} failed`;
  out.result({ ...bulk, failures: items }, () => [failuresText(items), total].filter(Boolean).join('\n'));
  if (bulk.failed > 0) process.exitCode = EXIT.partly;
}

function failuresText(failed: readonly { place: number; line?: number; id?: string | null; error?: string | null }[]): string {
  return table(failed, [
    { title: 'ROW', of: ({ place }) => place },
    { title: 'LINE', of: ({ line }) => line },
    { title: 'KEY', of: ({ id }) => id },
    { title: 'WHY NOT', of: ({ error }) => error, whole: true },
  ]);
}

/** They can be fetched once: what is not written to the end is told. */
async function keepValues(id: string, file: NewFile, { api, out }: Connection): Promise<void> {
  const { body } = await api.post<BulkValuesAnswer>(path`/bulk/${id}/values`);
  if (typeof body === 'string') throw new Quit(EXIT.failed, 'The service answered something else than values.');
  const rows = body.items.map((one) => [String(one.place), one.id, one.name, one.owner, one.value]);
  await file.writeFile(writeCsv(VALUE_COLUMNS, rows));
  await file.sync();
  out.note(`${rows.length} values were written. They are kept nowhere else.`);
}

async function readItems(file: string): Promise<object> {
  const text = await (file === '-' ? readStream(process.stdin) : readFile(file, 'utf8')).catch((error: NodeJS.ErrnoException) => {
    throw new Quit(EXIT.usage, `${plain(file)} cannot be read (${error.code})`);
  });
  try {
    return /^\s*\[/.test(text) ? { items: JSON.parse(text) as unknown } : itemsOfTable(text);
  } catch (error) {
    throw new Quit(EXIT.usage, `${plain(file)}: ${plain(error instanceof Error ? error.message : 'cannot be read')}`);
  }
}
