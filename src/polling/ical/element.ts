import { createHash } from 'node:crypto';
import { Temporal } from 'temporal-polyfill';
import { parameterOf, plain, textOf, type Component, type Property } from './component.ts';
import type { Occurrence } from './expand.ts';

/** One occurrence of an event, as a mapping sees it. Instants are ISO 8601 in UTC; what is not said is null. */
export interface CalendarEvent {
  /** The UID, and for an event that repeats `/` and the occurrence: the same for as long as it is there. */
  readonly id: string;
  readonly uid: string;
  /** `20260131T080000Z`, or `20260131` of a day: when it was to take place before it was moved. Null where it does not repeat. */
  readonly recurrenceId: string | null;
  readonly summary: string | null;
  readonly description: string | null;
  readonly location: string | null;
  readonly start: string;
  readonly end: string;
  readonly allDay: boolean;
  /** confirmed, tentative or cancelled. */
  readonly status: string;
  /** Whether it makes its people busy: opaque or transparent. */
  readonly transparency: string;
  readonly sequence: number;
  readonly lastModified: string | null;
  readonly organizer: Party | null;
  readonly attendees: readonly Attendee[];
  readonly categories: readonly string[];
}

export interface Party {
  readonly email: string | null;
  readonly name: string | null;
}

export interface Attendee extends Party {
  /** accepted, declined, tentative, delegated or needs-action. */
  readonly status: string;
  /** individual, group, resource, room or unknown. */
  readonly kind: string;
  readonly role: string;
}

const LONGEST_ID = 200;
const MOST_ATTENDEES = 500;

export function elementOf(uid: string, { component, name, start, end, isDate }: Occurrence): CalendarEvent {
  return {
    id: idOf(uid, name),
    uid,
    recurrenceId: name ?? null,
    summary: textOf(component, 'summary', 300) ?? null,
    description: textOf(component, 'description') ?? null,
    location: textOf(component, 'location', 300) ?? null,
    start: start.toString(),
    end: end.toString(),
    allDay: isDate,
    status: wordOf(component, 'status', 'confirmed'),
    transparency: wordOf(component, 'transp', 'opaque'),
    sequence: sequenceOf(component),
    lastModified: stampOf(component.first('last-modified')),
    organizer: organizerOf(component),
    attendees: component.all('attendee').slice(0, MOST_ATTENDEES).map(attendeeOf),
    categories: component.all('categories').flatMap(({ values }) => values.flatMap((one) => plain(String(one), 300) ?? [])),
  };
}

/** Outlook's UIDs are long, and ids are not. */
function idOf(uid: string, name: string | undefined): string {
  const id = name === undefined ? uid : `${uid}/${name}`;
  if (id.length <= LONGEST_ID) return id;
  const short = createHash('sha256').update(uid).digest('hex');
  return name === undefined ? short : `${short}/${name}`;
}

function wordOf(component: Component, name: string, otherwise: string): string {
  return textOf(component, name, 50)?.toLowerCase() ?? otherwise;
}

function sequenceOf({ first }: Component): number {
  const value = Number(first('sequence')?.values[0] ?? 0);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** It is in UTC (RFC 5545, 3.8.7.3); anything else is none. */
function stampOf(property: Property | undefined): string | null {
  try {
    return Temporal.Instant.from(String(property?.values[0])).toString();
  } catch {
    return null;
  }
}

function organizerOf(component: Component): Party | null {
  const property = component.first('organizer');
  return property ? partyOf(property) : null;
}

function attendeeOf(property: Property): Attendee {
  const word = (name: string, otherwise: string) => parameterOf(property, name)?.toLowerCase() ?? otherwise;
  return {
    ...partyOf(property),
    status: word('partstat', 'needs-action'),
    kind: word('cutype', 'individual'),
    role: word('role', 'req-participant'),
  };
}

/** The address is a `mailto:` or stands beside (RFC 7986, 6.2). */
function partyOf(property: Property): Party {
  const address = /^mailto:(.*)$/is.exec(String(property.values[0]))?.[1] ?? parameterOf(property, 'email');
  return {
    email: address === undefined ? null : (plain(address, 300)?.toLowerCase() ?? null),
    name: parameterOf(property, 'cn') ?? null,
  };
}
