import { Unread } from './unread.ts';

/** The components of a calendar, each with its unfolded lines. */
export interface Split {
  readonly name?: string;
  readonly events: readonly (readonly string[])[];
  readonly zones: readonly (readonly string[])[];
}

/**
 * Takes a calendar (RFC 5545, 3.4) apart: events and time zones of every VCALENDAR in it. Throws `Unread` unless each component that
 * begins also ends, so that half of an answer is no calendar.
 */
export function splitCalendar(text: string): Split {
  const found = { name: undefined as string | undefined, events: [] as string[][], zones: [] as string[][] };
  const open: string[] = [];
  let own: string[] | undefined;
  let calendars = 0;
  for (const line of unfolded(text)) {
    const [, edge, kind] = /^(BEGIN|END):\s*([\w-]+)\s*$/i.exec(line) ?? [];
    if (!edge || !kind) {
      if (open.length === 0) throw new Unread('it is no calendar: it does not begin with BEGIN:VCALENDAR');
      if (open.length === 1) found.name ??= /^(?:X-WR-CALNAME|NAME)(?:;[^:]*)?:(.*)$/i.exec(line)?.[1];
      own?.push(line);
      continue;
    }
    const component = kind.toUpperCase();
    if (edge.toUpperCase() === 'BEGIN') {
      if (open.length === 0 && component !== 'VCALENDAR')
        throw new Unread('it is no calendar: it does not begin with BEGIN:VCALENDAR');
      if (open.length === 0) calendars += 1;
      if (open.length === 1 && (component === 'VEVENT' || component === 'VTIMEZONE')) {
        own = [];
        found[component === 'VEVENT' ? 'events' : 'zones'].push(own);
      }
      open.push(component);
      own?.push(line);
      continue;
    }
    if (open.pop() !== component) throw new Unread(`it is broken: END:${component} without its BEGIN`);
    own?.push(line);
    if (open.length === 1) own = undefined;
  }
  if (open.length > 0) throw new Unread(`it is cut off: BEGIN:${open.at(-1)} without its END`);
  if (calendars === 0) throw new Unread('it is empty');
  return { ...found, name: found.name && unescaped(found.name) };
}

/** Lines as they were before they were folded (RFC 5545, 3.1), whatever ends them, without a byte order mark. */
function* unfolded(text: string): Generator<string> {
  let line = '';
  for (const piece of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    if (piece.startsWith(' ') || piece.startsWith('\t')) {
      line += piece.slice(1);
      continue;
    }
    if (line.trim() !== '') yield line;
    line = piece;
  }
  if (line.trim() !== '') yield line;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([\\;,nN])/g, (_whole, escaped: string) => (escaped.toLowerCase() === 'n' ? ' ' : escaped)).trim();
}
