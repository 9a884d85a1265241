import { styleText } from 'node:util';

/** One way out: with --json a single JSON value on stdout and nothing else; without it text. Notes for people go to stderr. */
export interface Output {
  readonly json: boolean;
  /** The result: `value` for machines, or the text for people. */
  result(value: unknown, text: () => string): void;
  note(text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (value, text) => {
      const out = json ? JSON.stringify(value, null, 2) : text();
      if (out !== '') process.stdout.write(`${out}\n`);
    },
    note: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** One line without control characters: titles and reasons come from other systems and must not steer a terminal. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').trim();
}

/** `2026-01-05 10:00:00Z`; empty for nothing. */
export function instant(value: unknown): string {
  const at = typeof value === 'string' ? new Date(value) : undefined;
  if (!at || Number.isNaN(at.getTime())) return plain(value);
  return at
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** `1 booking`, `2 bookings`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Only where a terminal shows it. */
export function strong(text: string): string {
  return styleText('bold', text);
}

export function dim(text: string): string {
  return styleText('dim', text);
}
