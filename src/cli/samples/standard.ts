import { randomBytes } from 'node:crypto';
import { signMessage } from '../../secret/standard-webhooks.ts';
import { userOf, type Build, type Sample } from './sample.ts';

export const standard: Build = (sample, { secret, now }) => {
  const timestamp = now.toISOString();
  const document =
    sample.type === 'test'
      ? { type: 'webhook.test', timestamp, data: {} }
      : { type: `reservation.${sample.type}`, timestamp, data: reservationOf(sample, now) };
  const body = JSON.stringify(document);
  const id = `msg_${randomBytes(12).toString('hex')}`;
  return { body, headers: { ...signMessage({ id, sentAt: now, body: Buffer.from(body) }, [secret]) } };
};

/** A booking in our own format. */
export function reservationOf(sample: Sample, now: Date): object {
  return {
    reservationId: sample.booking,
    title: `Booking ${sample.booking}`,
    resource: { id: sample.resource, name: sample.resource, type: sample.resourceType },
    holders: [{ id: userOf(sample), email: sample.email }],
    startsAt: sample.startsAt.toISOString(),
    endsAt: sample.endsAt.toISOString(),
    updatedAt: now.toISOString(),
    parameters: sample.parameters,
  };
}
