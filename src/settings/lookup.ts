import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Found = { readonly value: string | undefined } | { readonly problem: string };

/**
 * One variable, by its name or by NAME_FILE (a file that holds the value, as container secrets are given). An empty string is
 * "not set", an empty file a mistake.
 */
export function lookUp(env: Environment, name: string): Found {
  const value = env[name] || undefined;
  const file = env[`${name}_FILE`] || undefined;
  if (!file) return { value };
  if (value) return { problem: `${name} and ${name}_FILE are both set: keep one of them` };
  try {
    const content = readFileSync(file, 'utf8').replace(/(\r?\n)+$/, '');
    return content === '' ? { problem: `${name}_FILE: ${file} is empty: write the value into it` } : { value: content };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { problem: `${name}_FILE: ${file} cannot be read (${why}): name a file that this process may read` };
  }
}
