import type { Holder } from './event.ts';

/** The people that a source knows by an id alone, by that id. */
export type Roster = ReadonlyMap<string, Contact>;

export interface Contact {
  readonly email: string;
  readonly name?: string;
}

/** Who a holder is, where the source says only their id. What the source itself sends is stronger. */
export function withRoster(holder: Holder, roster: Roster | undefined): Holder {
  const known = roster?.get(holder.id);
  return known ? { ...holder, name: holder.name ?? known.name, email: holder.email ?? known.email } : holder;
}
