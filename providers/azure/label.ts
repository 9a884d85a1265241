import { DriverError } from '../driver.ts';

/*
 * What a subscription at the service is called. Its id, the sid, is the name of the first key in it and cannot change. Its display name can,
 * together with a key's value in one conditional request: so it says which generation has which of the two keys.
 */

export const SLOTS = ['primary', 'secondary'] as const;
export type Slot = (typeof SLOTS)[number];

export interface Label {
  /** What the names of all keys of a lease begin with, without the last `-`. */
  readonly base: string;
  /** The generations whose values work; none: nobody has that key. */
  readonly primary?: string;
  readonly secondary?: string;
  /** When the window closes, in whole seconds. */
  readonly until: Date;
}

export interface KeyName {
  readonly text: string;
  readonly base: string;
  readonly generation: string;
  /** Nothing of this lease can have been made before. */
  readonly first: boolean;
}

const NAME = /^([a-z0-9-]*[a-z0-9])-([a-z0-9]+)$/;
const LABEL = /^([a-z0-9-]+) p=([a-z0-9]+|-) s=([a-z0-9]+|-) until=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;
const LONGEST_LABEL = 100;
const LAST_DAY = new Date('9999-12-31T23:59:59Z');

/** `lk-<lease>-<generation>`. Throws `rejected` for a name of another form. */
export function readName(text: string, provider: string): KeyName {
  const name = parseName(text);
  if (!name) throw new DriverError('rejected', `${provider}: a key's name must end with its generation`);
  return name;
}

/** Undefined for what is no name of a key. */
export function parseName(text: string): KeyName | undefined {
  const [, base, generation] = NAME.exec(text) ?? [];
  if (!base || !generation || text.length > 60) return undefined;
  return { text, base, generation, first: /^\D*0*[01]$/.test(generation) };
}

/** The display name. Throws `rejected` where it would be longer than the service takes. */
export function writeLabel({ base, primary = '-', secondary = '-', until }: Label, provider: string): string {
  const label = `${base} p=${primary} s=${secondary} until=${wholeSecond(until).toISOString().replace('.000', '')}`;
  if (label.length > LONGEST_LABEL) throw new DriverError('rejected', `${provider}: a key's name is too long for a display name`);
  return label;
}

/** Undefined for a name that somebody else gave. */
export function readLabel(text: string | undefined): Label | undefined {
  const [, base, primary, secondary, until] = LABEL.exec(text ?? '') ?? [];
  if (!base || !primary || !secondary || !until) return undefined;
  return {
    base,
    ...(primary !== '-' && { primary }),
    ...(secondary !== '-' && { secondary }),
    until: new Date(until),
  };
}

export function slotOf(label: Label | undefined, generation: string): Slot | undefined {
  return SLOTS.find((slot) => label?.[slot] === generation);
}

export function otherSlot(slot: Slot): Slot {
  return slot === 'primary' ? 'secondary' : 'primary';
}

/** Never earlier than asked: our clock is the exact one. */
function wholeSecond(until: Date): Date {
  return new Date(Math.min(Math.ceil(until.getTime() / 1000) * 1000, LAST_DAY.getTime()));
}
