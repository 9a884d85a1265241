import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The systems that we ship a description of: one file each in config/sources/. */
export interface Preset {
  readonly id: string;
  /** As a source's entry in the configuration, without what is its own: secrets, address, project. */
  entry(): Readonly<Record<string, unknown>>;
}

const FOLDER = new URL('../../config/sources/', import.meta.url);

/** Every preset; a file is parsed when it is first needed. */
export const presets: readonly Preset[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .sort()
  .map((file): Preset => {
    let parsed: Record<string, unknown> | undefined;
    return {
      id: file.slice(0, -'.yaml'.length),
      entry: () => (parsed ??= parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Record<string, unknown>),
    };
  });
