import { hmacSha256 } from '../../secret/hmac.ts';
import { userOf, type Build, type Sample, type SampleType } from './sample.ts';

const TYPES = {
  created: 'EVENT_CREATED',
  updated: 'EVENT_UPDATED',
  started: 'EVENT_START',
  ended: 'EVENT_END',
  cancelled: 'EVENT_DELETED',
  test: 'ALL',
} as const satisfies Record<SampleType, string>;

export const cloudResourceReservation: Build = (sample, { secret, now }) => {
  const body = JSON.stringify(documentOf(sample, now));
  return { body, headers: { 'x-webhook-signature': hmacSha256(secret.reveal(), body).toString('base64') } };
};

/** The poller's flat body for starts and ends, the booking service's record for the rest, as in real life. */
function documentOf(sample: Sample, now: Date): object {
  const envelope = { eventType: TYPES[sample.type], timestamp: now.toISOString(), webhookId: 1 };
  if (sample.type === 'test') return { ...envelope, data: { message: 'Test event', timestamp: now.toISOString() } };
  const userId = userOf(sample);
  const parameters = parametersOf(sample);
  if (sample.type === 'started' || sample.type === 'ended')
    return {
      ...envelope,
      eventId: sample.booking,
      userId,
      username: userId,
      email: sample.email,
      eventTitle: `Booking ${sample.booking}`,
      eventStart: sample.startsAt.toISOString(),
      eventEnd: sample.endsAt.toISOString(),
      resourceId: sample.resource,
      resourceName: sample.resource,
      resourceType: sample.resourceType,
      ...(parameters && { customParameters: parameters }),
    };
  const data = {
    id: sample.booking,
    title: `Booking ${sample.booking}`,
    start: sample.startsAt.toISOString(),
    end: sample.endsAt.toISOString(),
    resource: { id: sample.resource, name: sample.resource, type: { name: sample.resourceType } },
    keycloakId: userId,
    updatedAt: now.toISOString(),
    ...(parameters && { customParameters: parameters }),
  };
  return { ...envelope, data };
}

/** JSON in a text, in snake case: so does the booking page write it. */
function parametersOf({ parameters }: Sample): string | undefined {
  const named = Object.entries(parameters).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return named.length === 0 ? undefined : JSON.stringify(Object.fromEntries(named));
}
