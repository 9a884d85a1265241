import { InvalidArgumentError } from 'commander';
import { readDays } from '../policy/rights-words.ts';

/** What is said of a key in one word of a command line, as the API has it. Each may be given several times. */

const HOURS = /^(?:(\S+) )?(\d\d:\d\d)-(\d\d:\d\d) (\S+)$/;

/** `mon-fri 08:00-18:00 Europe/Rome`; without days every day. */
export function readHours(text: string, before: readonly object[] = []): readonly object[] {
  const [, word, from, to, zone] = HOURS.exec(text) ?? [];
  const days = word === undefined ? undefined : word.split(',').map(readDays);
  if (zone === undefined || days?.includes(undefined))
    throw new InvalidArgumentError('Write days, hours and a time zone, such as "mon-fri 08:00-18:00 Europe/Rome".');
  return [...before, { ...(days && { days: days.flat() }), from, to, zone }];
}

/** `group=7b`. */
export function readMetadata(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write name=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
