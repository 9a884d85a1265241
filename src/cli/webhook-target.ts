import type { Command } from 'commander';
import { Secret } from '../secret/secret.ts';
import { madeSecret, ownSettings, serviceUrl, type GlobalOptions } from './connection.ts';
import { EXIT, Quit } from './exit.ts';

/** Where `send` and `simulate` post, and what they sign with. */

/** `to`, at `/webhook` where it names no path; without it this service's own. */
export function webhookUrl(to: string | undefined, command: Command): string {
  if (to === undefined) return `${serviceUrl(command.optsWithGlobals<GlobalOptions>().url).replace(/\/+$/, '')}/webhook`;
  const url = URL.parse(to);
  if (!url || !/^https?:$/.test(url.protocol)) throw new Quit(EXIT.usage, `--to is not a URL: ${to}`);
  return url.pathname === '/' ? new URL('/webhook', url).href : to;
}

export async function webhookSecret(given: string | undefined): Promise<Secret> {
  if (given !== undefined) return new Secret(given);
  const own = ownSettings().webhookSecret ?? (await madeSecret('webhookSecret'));
  if (!own) throw new Quit(EXIT.usage, 'There is no secret to sign with: give --secret, or set WEBHOOK_SECRET.');
  return own;
}
