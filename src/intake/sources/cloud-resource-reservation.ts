import type { Event, EventType } from '../../reservation/event.ts';
import type { Source } from '../../reservation/policy.ts';
import { decodeBase64Digest, decodeHexDigest, equalDigests, hmacSha256 } from '../../secret/hmac.ts';
import { Id, problemOf } from '../fields.ts';
import { contentHash, meaningOf, type MappedItem, type MappingContext, type Preset, type Verified } from '../mapping.ts';
import { matchingSecret, soleHeader, type SignedRequest } from '../signature.ts';
import { readParameters } from './cloud-resource-parameters.ts';
import {
  closes,
  EntityEvent,
  Envelope,
  FlatEvent,
  isJson,
  readSparing,
  type Json,
  type Sighting,
} from './cloud-resource-shapes.ts';

/**
 * Cloud Resource Reservation (Politecnico di Torino). Two senders post here: a poller (starts and ends; flat, formerly in
 * batches) and the booking service (created, updated, deleted; its own record under `data`). Its oddities:
 *  - The secret looks like base64 but its text is the HMAC key. The signature is base64; the guide's hex is for who pins it.
 *  - No id and no signed time. The body's `timestamp` is the time of sending: a repetition carries a new one.
 *  - The poller sends what it read before: its starts and ends may be older than a change that was sent earlier.
 *  - Ids are numbers or texts, parameters are JSON in a text, and after a failed load `data` is a sentence.
 */
export const cloudResourceReservation: Preset = { id: 'cloud-resource-reservation', verify, map };

const TYPES: Readonly<Record<string, EventType>> = {
  EVENT_CREATED: 'created',
  EVENT_UPDATED: 'updated',
  EVENT_START: 'started',
  EVENT_END: 'ended',
  EVENT_DELETED: 'cancelled',
};
const FRESH_MS = 10 * 60_000;

function verify(request: SignedRequest, source: Source): Verified {
  const header = soleHeader(request.rawHeaders, 'x-webhook-signature');
  if (header.is === 'absent') return { ok: false, reason: 'there is no X-Webhook-Signature header' };
  if (header.is === 'repeated') return { ok: false, reason: 'there is more than one X-Webhook-Signature header' };
  const digest =
    source.encoding === 'hex' ? decodeHexDigest(header.value.replace(/^sha256=/u, ''), 32) : decodeBase64Digest(header.value, 32);
  if (!digest) return { ok: false, reason: `X-Webhook-Signature is not a SHA-256 in ${source.encoding}` };
  const secretIndex = matchingSecret(source.secrets, request.now, (secret) =>
    equalDigests(hmacSha256(secret.reveal(), request.body), digest),
  );
  return secretIndex === undefined ? { ok: false, reason: 'the signature does not match' } : { ok: true, secretIndex };
}

function map(parsed: unknown, { now, signedWith }: MappingContext): readonly MappedItem[] {
  const envelope = readSparing(Envelope, parsed, typeOf(parsed));
  if (!envelope.success) return [quarantined(parsed, problemOf(envelope.error))];
  const { eventType, timestamp, webhookId } = envelope.data;
  const document = parsed as Json;
  if (!eventType.startsWith('EVENT_')) return [irrelevant(document, eventType)];
  const type = typeOf(document);
  if (!type) return [quarantined(document, `eventType: ${eventType.slice(0, 50)} is not known`)];
  const send = { type, eventType, webhookId, signedWith, sentAt: timestamp, now };
  const items = documentsOf(document).map((one) => mapOne(one, send));
  if (items.length === 0) return [ignored(`ignored:${contentOf(document)}`, 'there is no event in it')];
  const off = timestamp ? Math.abs(now.getTime() - timestamp.getTime()) : 0;
  return off > FRESH_MS ? items.map((item) => stale(item)) : items;
}

interface Sending {
  readonly type: EventType;
  readonly eventType: string;
  readonly webhookId: string | undefined;
  readonly signedWith: string | undefined;
  readonly sentAt: Date | undefined;
  readonly now: Date;
}

/**
 * One document for each booking. A batch's entries belong to the user named around them. Its `activeResources` repeat
 * what earlier events said of other bookings: they are no news, and are left alone.
 */
function documentsOf(document: Json): readonly Json[] {
  const { events, activeResources: _running, eventCount: _count, data: _data, ...around } = document;
  if (!Array.isArray(events)) return [document];
  const within = (event: unknown): Json =>
    isJson(event)
      ? { ...around, ...event, eventType: document.eventType, timestamp: document.timestamp }
      : { ...around, data: event };
  return events.map((event) => within(event));
}

function mapOne(document: Json, sending: Sending): MappedItem {
  const unread = (reason: string) => ({ ...quarantined(document, reason), type: sending.type, externalId: bookingOf(document) });
  if ('data' in document && !isJson(document.data)) return unread('data: the sender could not load the booking');
  const seen = document.data
    ? readSparing(EntityEvent, document.data, sending.type)
    : readSparing(FlatEvent, document, sending.type);
  if (!seen.success) return unread(problemOf(seen.error));
  const event = eventOf(seen.data, sending);
  return { outcome: 'accepted', dedupe: meaningOf(event, seen.data.updatedAt), event };
}

function eventOf(seen: Sighting, { type, eventType, webhookId, signedWith, sentAt, now }: Sending): Event {
  const { userId, resourceId, bookingId } = seen;
  return {
    type,
    reservationId: bookingId,
    version: (seen.updatedAt ?? sentAt ?? now).getTime(),
    restates: (!seen.updatedAt && (type === 'started' || type === 'ended')) || undefined,
    title: seen.title,
    resource: seen.resource,
    holders: userId === undefined ? undefined : [{ id: userId, name: seen.username, email: seen.email }],
    startsAt: seen.startsAt,
    endsAt: seen.endsAt,
    // A booking without parameters asks for none; an end without them (a deletion never has them) says nothing of them.
    parameters: readParameters(seen.customParameters) ?? (closes(type) ? undefined : {}),
    reply: known({ webhookId, signedWith, userId, eventId: bookingId, resourceId, eventType }),
  };
}

/** A captured request that comes again much later. It is told from a late delivery by nothing, so neither has effect. */
function stale(item: MappedItem): MappedItem {
  const reason = 'sent more than ten minutes before or after it arrived: a replay has no effect';
  if (item.outcome !== 'accepted') return { ...ignored(`stale:${item.dedupe}`, reason), externalId: item.externalId };
  return { ...ignored(`stale:${item.dedupe}`, reason), type: item.event.type, externalId: item.event.reservationId };
}

function irrelevant(document: Json, eventType: string): MappedItem {
  // The test button's document holds its own time, so that nothing in it would ever be the same again.
  const test = eventType === 'ALL';
  const meaning = test ? 'ALL' : `${eventType}:${contentOf(document)}`;
  return ignored(`ignored:${meaning}`, test ? 'a test' : `${eventType.slice(0, 50)} says nothing about a booking`);
}

function ignored(dedupe: string, reason: string): MappedItem & { outcome: 'ignored' } {
  return { outcome: 'ignored', dedupe, reason };
}

function quarantined(document: unknown, reason: string): MappedItem & { outcome: 'quarantined' } {
  return { outcome: 'quarantined', dedupe: `quarantined:${contentOf(document)}`, reason, document };
}

function typeOf(document: unknown): EventType | undefined {
  const sent = isJson(document) && typeof document.eventType === 'string' ? document.eventType.trim() : '';
  return Object.hasOwn(TYPES, sent) ? TYPES[sent] : undefined;
}

/** The booking that an unreadable document is about, where at least that can be read. */
function bookingOf(document: Json): string | undefined {
  return Id.safeParse(isJson(document.data) ? document.data.id : document.eventId).data;
}

function contentOf(document: unknown): string {
  if (!isJson(document)) return contentHash(document);
  const { timestamp: _sent, ...content } = document;
  return contentHash(content);
}

function known(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
