import { readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { compilePreset, type Preset } from './compile.ts';
import type { Path } from './expression.ts';
import { PresetFile } from './preset-schema.ts';

const SHIPPED = new URL('presets/', import.meta.url);
const FILE = /\.ya?ml$/;

/** The presets that come with Latchkey, by the names of their files. */
export function shippedPresets(): string[] {
  return readdirSync(SHIPPED)
    .filter((file) => FILE.test(file))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** Where a preset is wrong, one line for each place: `my-vendor.yaml:12:5 issue[0].path: …`. */
export class BadPreset extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const read = new Map<string, Preset>();

/**
 * A shipped preset by its name, read once in a process; an operator's own by its path, read again with each configuration. A path that is not
 * absolute begins at the process's working directory. Throws `BadPreset` with everything that is wrong.
 */
export function loadPreset(nameOrPath: string): Preset {
  if (FILE.test(nameOrPath)) return parsePreset(textAt(resolve(nameOrPath)), nameOrPath);
  const known = shippedPresets();
  if (!known.includes(nameOrPath))
    throw new BadPreset([`there is no preset "${nameOrPath}"; there are ${known.join(', ')}, or the path of a .yaml file`]);
  const preset = read.get(nameOrPath) ?? parsePreset(textAt(new URL(`${nameOrPath}.yaml`, SHIPPED)), `${nameOrPath}.yaml`);
  read.set(nameOrPath, preset);
  return preset;
}

function textAt(place: string | URL): string {
  try {
    return readFileSync(place, 'utf8');
  } catch (error) {
    throw new BadPreset([`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`]);
  }
}

/** Throws `BadPreset`. `file` is for messages. */
export function parsePreset(text: string, file: string): Preset {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const place = (offset: number) => `${file}:${lines.linePos(offset).line}:${lines.linePos(offset).col}`;
  if (document.errors.length > 0)
    throw new BadPreset(document.errors.map(({ pos, message }) => `${place(pos[0])} ${message.split('\n', 1)[0]}`));
  const problems: string[] = [];
  const report = (path: Path, message: string) =>
    void problems.push(`${place(offsetOf(document, path))} ${pathText(path)}${message}`);
  const parsed = PresetFile.safeParse(document.toJS());
  for (const issue of parsed.error?.issues ?? []) report(issue.path as Path, issue.message);
  const preset = parsed.data && compilePreset(parsed.data, report);
  if (!preset || problems.length > 0) throw new BadPreset([...new Set(problems)]);
  return preset;
}

/** Of the nearest thing that is written there: what is missing, or comes from an alias, has no place of its own. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.hasIn(path.slice(0, length)) ? document.getIn(path.slice(0, length), true) : undefined;
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function pathText(path: Path): string {
  const text = path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
  return text === '' ? '' : `${text}: `;
}
