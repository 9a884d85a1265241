import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SECRET_FILES } from '../first-start.ts';
import { Secret } from '../secret/secret.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createApi, type Api } from './api.ts';
import { EXIT, Quit } from './exit.ts';
import { createOutput, type Output } from './output.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
}

/** What most commands need: the API of the service that --url and the environment name, and where to write. */
export async function connect(command: Command, options: { timeoutMs?: number } = {}): Promise<{ api: Api; out: Output }> {
  const { url, token } = command.optsWithGlobals<GlobalOptions>();
  const target = serviceUrl(url);
  const api = createApi({ url: target, token: token ? new Secret(token) : await ownToken(), ...options });
  return { api, out: outputOf(command) };
}

export function outputOf(command: Command): Output {
  return createOutput(command.optsWithGlobals<GlobalOptions>().json === true);
}

/** --url, else PUBLIC_URL, else this machine. */
export function serviceUrl(given: string | undefined): string {
  if (given !== undefined) {
    if (!/^https?:$/.test(URL.parse(given)?.protocol ?? '')) throw new Quit(EXIT.usage, `--url is not a URL: ${given}`);
    return given;
  }
  const { publicUrl, port } = ownSettings();
  return publicUrl === `http://localhost:${port}` ? `http://127.0.0.1:${port}` : publicUrl;
}

/** A secret that the first start has made, or none: it lies beside the database, and only its owner may read it. */
export async function madeSecret(which: keyof typeof SECRET_FILES): Promise<Secret | undefined> {
  const file = join(ownSettings().dataDir, SECRET_FILES[which]);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw new Quit(EXIT.usage, `${file} cannot be read (${error.code}): run this as the user that runs Latchkey`);
  });
  return text.trim() === '' ? undefined : new Secret(text.trim());
}

/** The settings of this environment; wrong ones are a mistake of usage. */
export function ownSettings(): Settings {
  const read = readSettings();
  if (!read.ok) throw new Quit(EXIT.usage, read.problems.join('\n'));
  return read.settings;
}

async function ownToken(): Promise<Secret | undefined> {
  return ownSettings().adminToken ?? (await madeSecret('adminToken'));
}
