import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * `latchkey/verify` as its users import it, from `client/`: JavaScript and its types, since Node strips no types of what is installed. By name of
 * the file, and its content.
 */
export function clientFiles(): [string, string][] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-client-'));
  try {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'client'), '--outDir', folder], { encoding: 'utf8' });
    return readdirSync(folder)
      .toSorted()
      .map((name) => [`client/dist/${name}`, ofInstalled(readFileSync(join(folder, name), 'utf8'))]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In declarations the compiler leaves the names of the sources, which are not there. */
function ofInstalled(content: string): string {
  return content.replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'");
}
