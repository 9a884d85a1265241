import { randomBytes } from 'node:crypto';
import { hmacSha256 } from '../secret/hmac.ts';
import type { Secret } from '../secret/secret.ts';
import { signMessage } from '../secret/standard-webhooks.ts';

/** Signed events as reservation systems post them, to try a configuration out. */

export const SAMPLE_TYPES = ['created', 'updated', 'started', 'ended', 'cancelled', 'test'] as const;
export type SampleType = (typeof SAMPLE_TYPES)[number];

/** The same as people say it. */
export const SAID = {
  create: 'created',
  update: 'updated',
  start: 'started',
  end: 'ended',
  cancel: 'cancelled',
} as const satisfies Readonly<Record<string, SampleType>>;

export interface Sample {
  readonly type: SampleType;
  readonly booking: string;
  readonly resource: string;
  readonly resourceType: string;
  readonly email: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** In the words of our own format: scopes, quota, rateLimit, expirationHours, endpoints. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface SignedSample {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Build = (sample: Sample, secret: Secret, now: Date) => SignedSample;

export const SAMPLES = {
  'cloud-resource-reservation': (sample, secret, now) => {
    const body = JSON.stringify(cloudDocument(sample, now));
    return { body, headers: { 'x-webhook-signature': hmacSha256(secret.reveal(), body).toString('base64') } };
  },
  standard: (sample, secret, now) => {
    const body = JSON.stringify(standardDocument(sample, now));
    const id = `msg_${randomBytes(12).toString('hex')}`;
    return { body, headers: { ...signMessage({ id, sentAt: now, body: Buffer.from(body) }, [secret]) } };
  },
} as const satisfies Readonly<Record<string, Build>>;

const CLOUD_TYPES = {
  created: 'EVENT_CREATED',
  updated: 'EVENT_UPDATED',
  started: 'EVENT_START',
  ended: 'EVENT_END',
  cancelled: 'EVENT_DELETED',
  test: 'ALL',
} as const satisfies Record<SampleType, string>;

/** The poller's flat body for starts and ends, the booking service's record for the rest, as in real life. */
function cloudDocument(sample: Sample, now: Date): object {
  const envelope = { eventType: CLOUD_TYPES[sample.type], timestamp: now.toISOString(), webhookId: 1 };
  if (sample.type === 'test') return { ...envelope, data: { message: 'Test event', timestamp: now.toISOString() } };
  const userId = userOf(sample);
  const parameters = cloudParameters(sample);
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

function standardDocument(sample: Sample, now: Date): object {
  const timestamp = now.toISOString();
  if (sample.type === 'test') return { type: 'webhook.test', timestamp, data: {} };
  return {
    type: `reservation.${sample.type}`,
    timestamp,
    data: {
      reservationId: sample.booking,
      title: `Booking ${sample.booking}`,
      resource: { id: sample.resource, name: sample.resource, type: sample.resourceType },
      holders: [{ id: userOf(sample), email: sample.email }],
      startsAt: sample.startsAt.toISOString(),
      endsAt: sample.endsAt.toISOString(),
      updatedAt: timestamp,
      parameters: sample.parameters,
    },
  };
}

/** JSON in a text, in snake case: so does the booking page write it. */
function cloudParameters({ parameters }: Sample): string | undefined {
  const named = Object.entries(parameters).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return named.length === 0 ? undefined : JSON.stringify(Object.fromEntries(named));
}

function userOf({ email }: Sample): string {
  return email.split('@', 1)[0]!;
}
