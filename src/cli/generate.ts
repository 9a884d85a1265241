import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drivers } from '../../providers/index.ts';
import { clientFiles } from './client.ts';
import { configSchema, environmentTable, envExample, eventSchema, sourceSchema } from './documents.ts';
import { sourceParts } from './source-document.ts';

const ROOT = new URL('../../', import.meta.url);

export interface Generated {
  readonly file: string;
  readonly content: string;
  readonly current: string | undefined;
}

/** Every generated file as it should be and as it is. */
export function generated(): readonly Generated[] {
  const files: [string, string][] = [
    ['.env.example', envExample()],
    ['config/latchkey.schema.json', formatted('config/latchkey.schema.json', configSchema(drivers))],
    ['config/reservation-event.schema.json', formatted('config/reservation-event.schema.json', eventSchema())],
    ['config/source.schema.json', formatted('config/source.schema.json', sourceSchema())],
    ...clientFiles(),
    ...filledIn('README.md', { environment: environmentTable() }),
    ...filledIn('docs/sources.md', sourceParts()),
  ];
  return files.map(([file, content]) => ({ file, content, current: read(file) }));
}

/** Nothing for a file that is not there, as in an image. */
function filledIn(file: string, parts: Readonly<Record<string, string>>): [string, string][] {
  const document = read(file);
  return document === undefined ? [] : [[file, fillIn(document, parts)]];
}

/** Puts each part between `<!-- generated:name -->` and `<!-- /generated -->`. Throws for a name that nothing generates. */
export function fillIn(document: string, parts: Readonly<Record<string, string>>): string {
  return document.replace(
    /(<!-- generated:([\w-]+) -->\n)[\s\S]*?(<!-- \/generated -->)/g,
    (_, begin: string, part: string, end: string) => {
      const content = Object.hasOwn(parts, part) ? parts[part] : undefined;
      if (content === undefined) throw new Error(`nothing generates "${part}"; known: ${Object.keys(parts).join(', ')}`);
      return `${begin}\n${content}\n\n${end}`;
    },
  );
}

/** How two versions differ, briefly: the first line that does and how many do. */
export function difference(current: string | undefined, content: string): string {
  if (current === undefined) return 'is missing';
  const [before, after] = [current.split('\n'), content.split('\n')];
  const first = after.findIndex((line, index) => line !== before[index]);
  const line = first === -1 ? after.length : first;
  const known = new Set(before);
  const added = after.filter((text) => !known.has(text)).length;
  return `differs from line ${line + 1} on (${added} new lines): "${(after[line] ?? '').trim().slice(0, 80)}"`;
}

/** As the formatter would leave it, so that the two do not quarrel. */
function formatted(file: string, content: string): string {
  const oxfmt = fileURLToPath(new URL('node_modules/oxfmt/bin/oxfmt', ROOT));
  return execFileSync(process.execPath, [oxfmt, '--stdin-filepath', file], { cwd: ROOT, input: content, encoding: 'utf8' });
}

function read(file: string): string | undefined {
  const url = new URL(file, ROOT);
  return existsSync(url) ? readFileSync(url, 'utf8') : undefined;
}

/** Writes what is stale; with --check only tells, and fails. */
function main(check: boolean): void {
  const stale = generated().filter(({ current, content }) => current !== content);
  for (const { file, content, current } of stale) {
    if (check) console.error(`${file} ${difference(current, content)}`);
    else writeFileSync(fileURLToPath(new URL(file, ROOT)), content);
  }
  if (!check)
    console.log(stale.length === 0 ? 'everything is up to date' : `written: ${stale.map(({ file }) => file).join(', ')}`);
  if (check && stale.length > 0) {
    console.error('Run: npm run generate');
    process.exitCode = 1;
  }
}

if (import.meta.main) main(process.argv.includes('--check'));
