import ICAL from 'ical.js';
import { Temporal } from 'temporal-polyfill';
import { isZone } from '../../sources/map/time.ts';
import { parseComponent } from './component.ts';
import { Unread } from './unread.ts';

/** What the clocks on the wall say somewhere. */
export interface Zone {
  instantOf(wall: Temporal.PlainDateTime): Temporal.Instant;
  wallOf(instant: Temporal.Instant): Temporal.PlainDateTime;
}

export interface Zones {
  /** Of dates, and of times that name none. */
  readonly own: Zone;
  readonly utc: Zone;
  /** Throws `Unread` for one that nobody knows: guessing it would move a booking by hours. */
  named(tzid: string): Zone;
}

/**
 * Zones by the names that a calendar gives them. The time zone database counts first, whatever the calendar says of a zone it knows; for
 * other names (`W. Europe Standard Time`) the calendar's own VTIMEZONE does.
 */
export function openZones(own: string, described: readonly (readonly string[])[]): Zones {
  const known = new Map<string, Zone>();
  const describedByName = new Map(described.flatMap((lines) => descriptionOf(lines)));
  return {
    own: zoneOf(own),
    utc: zoneOf('UTC'),
    named(tzid) {
      const before = known.get(tzid);
      if (before) return before;
      const name = standardName(tzid);
      const zone = name === undefined ? describedByName.get(tzid) : zoneOf(name);
      if (!zone) throw new Unread('its time zone is neither in the time zone database nor described in the calendar');
      known.set(tzid, zone);
      return zone;
    },
  };
}

/** Some prefix the name by who made it: `/freeassociation.sourceforge.net/Europe/Rome`. */
function standardName(tzid: string): string | undefined {
  const bare = tzid.trim().replaceAll(/^"|"$/g, '');
  const candidates = [
    bare,
    /[A-Za-z_]+\/[A-Za-z_+-]+(?:\/[A-Za-z_+-]+)?$/.exec(bare)?.[0],
    /[A-Za-z_]+\/[A-Za-z_+-]+$/.exec(bare)?.[0],
  ];
  return candidates.find((name) => name !== undefined && name !== '' && isZone(name));
}

/** A wall time that is skipped counts by the offset before, one that comes twice is the first (RFC 5545, 3.3.5). */
function zoneOf(name: string): Zone {
  return {
    instantOf: (wall) => wall.toZonedDateTime(name).toInstant(),
    wallOf: (instant) => instant.toZonedDateTimeISO(name).toPlainDateTime(),
  };
}

function descriptionOf(lines: readonly string[]): [string, Zone][] {
  try {
    const { jcal, first } = parseComponent(lines);
    const tzid = first('tzid')?.values[0];
    if (typeof tzid !== 'string') return [];
    return [[tzid, describedZone(new ICAL.Timezone({ component: new ICAL.Component(jcal as never), tzid }))]];
  } catch {
    // Then it describes nothing, and whoever names it is told.
    return [];
  }
}

function describedZone(zone: ICAL.Timezone): Zone {
  const offsetAt = (wall: Temporal.PlainDateTime): number => zone.utcOffset(icalTime(wall));
  const shifted = (wall: Temporal.PlainDateTime, seconds: number): Temporal.PlainDateTime => wall.add({ seconds });
  return {
    instantOf: (wall) => shifted(wall, -offsetAt(wall)).toZonedDateTime('UTC').toInstant(),
    wallOf(instant) {
      const utc = instant.toZonedDateTimeISO('UTC').toPlainDateTime();
      // The offset is asked by the wall, which is not known yet.
      return shifted(utc, offsetAt(shifted(utc, offsetAt(utc))));
    },
  };
}

/** As ical.js counts: a wall time of no zone. */
export function icalTime(wall: Temporal.PlainDateTime): ICAL.Time {
  const { year, month, day, hour, minute, second } = wall;
  return new ICAL.Time({ year, month, day, hour, minute, second, isDate: false }, ICAL.Timezone.localTimezone);
}
