import { InvalidArgumentError } from 'commander';
import { parseInstant } from '../sources/map/fields.ts';
import { duration } from '../policy/words.ts';

/** An instant as people give it: ISO 8601 with a zone, `now`, or a length of time from now such as `+90m` and `-5m`. */
export function readInstant(text: string, now: Date): Date {
  if (text === 'now') return now;
  const [, sign, length] = /^([+-])(.+)$/.exec(text) ?? [];
  const shift = length === undefined ? undefined : duration.safeParse(length).data;
  if (shift !== undefined) return new Date(now.getTime() + (sign === '-' ? -shift : shift));
  const at = parseInstant(text);
  if (!at) throw new InvalidArgumentError('Write 2026-01-31T09:00:00Z, now, or a length from now such as +90m.');
  return at;
}

/** For an option: read when the command line is. */
export function instantOption(text: string): Date {
  return readInstant(text, new Date());
}
