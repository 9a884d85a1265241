import type { PollRule } from '../reservation/poll-rule.ts';
import { Secret } from '../secret/secret.ts';
import type { RuleEntry } from '../sources/map/schema.ts';
import { contentHash } from '../sources/map/meaning.ts';
import type { IcalEntry, PollEntry, PollSections } from './poll-schema.ts';
import type { Path, Report } from './problems.ts';

interface Entry extends PollSections {
  readonly timezone?: string;
  readonly map?: readonly RuleEntry[];
}

/** How a source is read, if its entry says so. */
export function pollOf({ ical, poll, timezone, map }: Entry, path: Path, report: Report): PollRule | undefined {
  if (ical && poll) {
    report({ path: [...path, 'poll'], message: 'stands beside ical', fix: 'make a source of each' });
    return undefined;
  }
  if (poll) return { kind: 'json', ...requestOf(poll, [...path, 'poll'], report), readBy: nameOf(poll, timezone, map) };
  if (!ical) return undefined;
  const zone = ical.zone ?? timezone;
  if (zone === undefined) {
    report({
      path: [...path, 'ical'],
      message: 'names no zone',
      fix: 'add zone: Europe/Rome, or wherever its days begin at midnight',
    });
    return undefined;
  }
  const { ahead: aheadMs, resource } = ical;
  const readBy = nameOf(ical, zone, map);
  return { kind: 'ical', ...requestOf(ical, [...path, 'ical'], report), readBy, calendar: { zone, aheadMs, resource } };
}

function nameOf({ url, ...entry }: PollEntry, zone: string | undefined, map: Entry['map']): string {
  const { resource, ahead } = entry as Partial<IcalEntry>;
  return contentHash([url.reveal(), zone, resource, ahead, map].map((one) => one ?? null)).slice(0, 32);
}

function requestOf({ url, every, largest, headers = {}, bearer, basic }: PollEntry, path: Path, report: Report) {
  if (bearer && basic) report({ path: [...path, 'basic'], message: 'stands beside bearer', fix: 'leave one of them out' });
  const sent = Object.entries(headers).flatMap(([name, value]): [string, Secret][] =>
    value ? [[name.toLowerCase(), value]] : [],
  );
  const authorization = bearer ? `Bearer ${bearer.reveal()}` : basic && basicOf(basic.username, basic.password);
  return {
    url,
    everyMs: every,
    largestBytes: largest,
    headers: Object.fromEntries(authorization ? [...sent, ['authorization', new Secret(authorization)] as const] : sent),
  };
}

function basicOf(username: string, password: Secret | undefined): string {
  return `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')}`;
}

/** What events of a calendar say, where the entry of its source does not. */
export function calendarMap(resource: string | undefined): readonly RuleEntry[] {
  return [
    {
      action: { expr: 'item.status', values: { cancelled: 'cancelled', tentative: 'ignore' }, otherwise: 'created' },
      reason: 'it is not confirmed',
      forEach: 'events',
      fields: {
        reservationId: 'item.id',
        title: 'item.summary',
        resource: resource === undefined ? 'item.location || calendar.name' : { value: resource },
        startsAt: 'item.start',
        endsAt: 'item.end',
        holders: `item.attendees[?email && status != 'declined' && kind != 'room' && kind != 'resource'].${PERSON} || to_array(item.organizer)[?email].${PERSON}`,
        version: 'item.lastModified',
      },
    },
  ];
}

const PERSON = '{ id: email, name: name, email: email }';
