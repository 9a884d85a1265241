import { InvalidArgumentError, type Command } from 'commander';
import { path, type Page } from './api.ts';
import { connect } from './connection.ts';
import type { Noun } from './noun.ts';
import { table } from './table.ts';

/** `latchkey <noun> list`: a page after the other, until --limit. */
export function addList(parent: Command, noun: Noun): void {
  const list = parent.command('list').description(`list ${noun.about}`);
  for (const [flag, about] of Object.entries(noun.filters)) list.option(`--${flag} <value>`, about);
  if (noun.perProject) list.option('--project <name>', 'whose', 'default');
  if (noun.length === 'pages')
    list.option('--limit <n>', 'how many at most', readLimit, 50).option('--cursor <cursor>', 'where an earlier list stopped');
  list.action(async ({ limit, project, ...query }: Options, command: Command) => {
    const { api, out } = await connect(command);
    const below = project === undefined ? '' : path`/projects/${project}`;
    const at = `${below}/${noun.name}`;
    const page = limit === undefined ? await api.get<Page<never>>(at, query) : await api.list<never>(at, query, limit);
    out.result(page, () => table(page.items, noun.columns));
    if (out.json) return;
    if (page.items.length === 0) out.note(`No ${noun.name}.`);
    if (page.next !== null) out.note(`There are more: give a larger --limit, or --cursor ${page.next}`);
  });
}

interface Options {
  readonly limit?: number;
  readonly project?: string;
  readonly [filter: string]: string | number | undefined;
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000_000) throw new InvalidArgumentError('Write a whole number from 1.');
  return limit;
}
