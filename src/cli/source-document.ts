import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { SourceEntry } from '../policy/source-schema.ts';
import { ALLOWED } from '../sources/map/functions.ts';
import { RuleEntry } from '../sources/map/schema.ts';
import { presets, type Preset } from '../sources/presets.ts';

/** The generated parts of docs/sources.md: made from the schema that the configuration is read with, so that they cannot say something else. */
export function sourceParts(): Readonly<Record<string, string>> {
  return {
    settings: settingTable(SourceEntry.omit({ map: true })),
    rules: settingTable(RuleEntry.omit({ fields: true })),
    fields: fieldTable(),
    functions: [...ALLOWED].sort().map(code).join(', '),
    presets: presetTable(),
  };
}

/** As much of JSON Schema as zod makes of our entries. */
interface Part {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Part>>;
  readonly required?: readonly string[];
  readonly items?: Part;
  readonly anyOf?: readonly Part[];
}

const code = (text: string) => `\`${text}\``;

function settingTable(schema: z.ZodType): string {
  return table(['setting', 'default', 'meaning'], rowsOf(partOf(schema)));
}

function partOf(schema: z.ZodType): Part {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Part;
}

/** A row for each setting, by the path that leads to it. */
function rowsOf(part: Part, path = ''): string[][] {
  return Object.entries(part.properties ?? {}).flatMap(([name, one]) => {
    const own = `${path}${name}`;
    const inner = insideOf(one);
    const known = one.default === undefined || isEmpty(one.default) ? '' : code(textOf(one.default));
    const rest = inner ? rowsOf(inner.part, `${own}${inner.list ? '[]' : ''}.`) : [];
    const row = [code(own), known, meaningOf(one)];
    return rest.length > 0 && row[2] === '' ? rest : [row, ...rest];
  });
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

const isEmpty = (value: unknown) =>
  value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** The object that a setting is, or that its list has, or one of its forms. */
function insideOf(part: Part): { readonly part: Part; readonly list: boolean } | undefined {
  if (part.properties) return { part, list: false };
  if (part.items) {
    const inside = insideOf(part.items);
    return inside && { ...inside, list: true };
  }
  return part.anyOf?.map(insideOf).find((inside) => inside !== undefined);
}

function meaningOf({ description = '', enum: values, items, anyOf }: Part): string {
  const choices = values ?? items?.enum ?? anyOf?.find((one) => one.enum)?.enum;
  const listed = choices ? `${choices.map((value) => code(textOf(value))).join(', ')}.` : '';
  return [description, listed].filter((text) => text !== '').join(' ');
}

function fieldTable(): string {
  const fields = Object.entries(partOf(RuleEntry).properties?.['fields']?.properties ?? {});
  return table(
    ['field', 'what the expression makes'],
    fields.map(([name, part]) => [code(name), part.description ?? '']),
  );
}

function presetTable(): string {
  return table(
    ['`preset:`', 'what it is', 'signed by'],
    presets.map((preset) => [linked(preset), summaryOf(preset), Object.keys(preset.entry()['auth'] ?? {}).join(', ')]),
  );
}

const PRESETS = new URL('../../config/sources/', import.meta.url);

function linked({ id }: Preset): string {
  return existsSync(new URL(`${id}.md`, PRESETS)) ? `[${code(id)}](../config/sources/${id}.md)` : code(id);
}

/** The first sentence of the comment that its file begins with. */
function summaryOf({ id }: Preset): string {
  const comment = readFileSync(new URL(`${id}.yaml`, PRESETS), 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => /^# ?(.*)$/.exec(line)?.[1]?.trim());
  const end = comment.indexOf(undefined);
  const text = comment
    .slice(0, end === -1 ? comment.length : end)
    .join(' ')
    .trim();
  return text.split(/(?<=\.)\s+(?=[A-Z])/)[0] ?? '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
