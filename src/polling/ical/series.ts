import type { Component } from './component.ts';
import { momentsOf, nameOf, type Moment } from './moment.ts';
import { Unread } from './unread.ts';
import type { Zones } from './zone.ts';

/** Everything that a calendar says under one UID. */
export interface Series {
  readonly uid: string;
  /** Without it there are only single occurrences of it: an invitation to one day of somebody's series. */
  readonly master?: Component;
  readonly exceptions: readonly Exception[];
}

/** What one occurrence is instead. */
export interface Exception {
  readonly component: Component;
  readonly original: Moment;
  /** Of the occurrence that it stands for. */
  readonly name: string;
  /** All that follow are shifted likewise (RANGE=THISANDFUTURE). */
  readonly andFuture: boolean;
}

/** Throws `Unread` where nobody can tell which is meant. */
export function seriesOf(uid: string, components: readonly Component[], zones: Zones): Series {
  const masters = components.filter(({ first }) => !first('recurrence-id'));
  const newest = masters.toSorted(byRevision);
  const [first, second] = newest;
  if (first && second && byRevision(first, second) === 0 && startOf(first) !== startOf(second))
    throw new Unread('several events have its UID, and none is newer');
  const exceptions = new Map<string, Exception>();
  // The newest of one name is written last.
  for (const component of components.filter((one) => !masters.includes(one)).toSorted((a, b) => byRevision(b, a))) {
    const property = component.first('recurrence-id')!;
    const [original] = momentsOf(property, zones);
    if (!original) throw new Unread('its RECURRENCE-ID is no date or time');
    const andFuture = String(property.parameters['range']).toUpperCase() === 'THISANDFUTURE';
    const name = nameOf(original);
    exceptions.set(name, { component, original, name, andFuture });
  }
  return { uid, master: first, exceptions: [...exceptions.values()] };
}

/** The newest first: SEQUENCE, then LAST-MODIFIED, then DTSTAMP. */
function byRevision(a: Component, b: Component): number {
  const [one, other] = [revisionOf(a), revisionOf(b)];
  return other.sequence - one.sequence || (other.changed > one.changed ? 1 : other.changed < one.changed ? -1 : 0);
}

function revisionOf({ first }: Component): { sequence: number; changed: string } {
  const sequence = Number(first('sequence')?.values[0] ?? 0);
  const changed = first('last-modified')?.values[0] ?? first('dtstamp')?.values[0];
  return { sequence: Number.isFinite(sequence) ? sequence : 0, changed: typeof changed === 'string' ? changed : '' };
}

function startOf({ first }: Component): string {
  return String(first('dtstart')?.values[0]);
}
