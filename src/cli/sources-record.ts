import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeSamples } from '../lab/sample.ts';
import type { RecordingAnswer, SampleAnswer, SampleDetailAnswer } from './answers.ts';
import { path, type Api } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { withNewFile } from './new-file.ts';
import { instant, plain } from './output.ts';
import { table } from './table.ts';

/** `latchkey sources record`: samples of what arrives, for the next `sources test`. */
export function addSourcesRecord(sources: Command): void {
  sources
    .command('record')
    .description('keep what arrives for a source as samples, refused requests too; without secrets, for a while')
    .argument('<name>', 'of the source')
    .option('--for <length>', 'how long, such as 10m; at most 24h')
    .option('--stop', 'no longer; the samples stay')
    .action(async (name: string, options: { for?: string; stop?: true }, command: Command) => {
      if (options.for !== undefined && options.stop) throw new Quit(EXIT.usage, 'Give --for or --stop, and not both.');
      const { api, out } = await connect(command);
      const at = path`/sources/${name}/recording`;
      if (options.stop) {
        await api.delete(at);
        return out.result({ source: name, recording: false }, () => `${plain(name)} is no longer recorded`);
      }
      const recording =
        options.for === undefined
          ? await api.get<RecordingAnswer>(at)
          : (await api.put<RecordingAnswer>(at, { for: options.for })).body;
      out.result(recording, () => recordingText(recording));
      if (!out.json) out.note(`Then: latchkey sources samples ${plain(name)} --save <folder>`);
    });
}

/** `latchkey sources samples`: what was recorded, and as files that `sources test --sample` takes. */
export function addSourcesSamples(sources: Command): void {
  sources
    .command('samples')
    .description('what was recorded of a source; with --save as files for sources test')
    .argument('<name>', 'of the source')
    .option('--save <folder>', 'write each into a file of this folder')
    .option('--delete', 'delete them all')
    .action(async (name: string, options: { save?: string; delete?: true }, command: Command) => {
      const { api, out } = await connect(command);
      const { items } = await api.list<SampleAnswer>(path`/sources/${name}/samples`, {}, MOST);
      if (options.save !== undefined) await save(api, { name, items, folder: options.save });
      if (options.delete) await api.delete(path`/sources/${name}/samples`);
      out.result(items, () => table(items, COLUMNS));
      if (out.json) return;
      if (items.length === 0) out.note(`Nothing was recorded: latchkey sources record ${plain(name)} --for 10m`);
      else if (options.save !== undefined)
        out.note(`Written into ${options.save}: latchkey sources test ${plain(name)} --sample ${options.save}`);
      if (options.delete) out.note(`${items.length} deleted.`);
    });
}

const MOST = 10_000;

const COLUMNS = [
  { title: 'ID', of: (row: SampleAnswer) => row.id },
  { title: 'RECEIVED', of: (row: SampleAnswer) => instant(row.receivedAt) },
  { title: 'OUTCOME', of: (row: SampleAnswer) => row.outcome },
  { title: 'WHY', of: (row: SampleAnswer) => row.reason, whole: true },
] as const;

function recordingText({ source, until, samples, most }: RecordingAnswer): string {
  return `${plain(source)} is recorded until ${instant(until)}; ${samples} of at most ${most} samples so far`;
}

/** Their ids sort as they arrived, and so do the files. They hold what people wrote, so nobody else may read them. */
async function save(
  api: Api,
  { name, items, folder }: { readonly name: string; readonly items: readonly SampleAnswer[]; readonly folder: string },
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { id } of items) {
    const { sample } = await api.get<SampleDetailAnswer>(path`/sources/${name}/samples/${id}`);
    await withNewFile(join(folder, `${id}.json`), async (file) => await file!.writeFile(writeSamples([sample])));
  }
}
