import { TELLING_NAMES } from '../../secret/telling-names.ts';

const LONGEST = 80;

/** The beginning of a value as JSON, enough to recognise it, without going through all of it, and without what its names call secret. */
export function shown(value: unknown): string {
  const text = beginning(value, LONGEST);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1).toWellFormed()}…`;
}

function beginning(value: unknown, room: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room + 1));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'nothing';
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  let text = open!;
  for (const name in value) {
    if (text.length > room) return text;
    const separator = text === open ? '' : ',';
    const hidden = !Array.isArray(value) && TELLING_NAMES.test(name);
    const member = hidden ? '"[secret]"' : beginning((value as Record<string, unknown>)[name], room - text.length);
    text += Array.isArray(value) ? separator + member : `${separator}${JSON.stringify(name.slice(0, room))}:${member}`;
  }
  return text + close;
}
