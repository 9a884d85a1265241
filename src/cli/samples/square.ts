import { randomUUID } from 'node:crypto';
import { hmacSha256 } from '../../secret/hmac.ts';
import { Untold, userOf, type Build, type Sample } from './sample.ts';

const MINUTE_MS = 60_000;

export const square: Build = (sample, { secret, now, url }) => {
  const body = JSON.stringify(documentOf(sample, now));
  return { body, headers: { 'x-square-hmacsha256-signature': hmacSha256(secret.reveal(), url + body).toString('base64') } };
};

/** It tells that something is booked, and of every change after that, a cancellation too. It knows minutes, and people by an id. */
function documentOf(sample: Sample, now: Date): object {
  const about = { merchant_id: 'latchkey-sample', event_id: randomUUID(), created_at: now.toISOString() };
  if (sample.type === 'test') return { ...about, type: 'customer.created', data: { type: 'customer', id: 'sample' } };
  if (sample.type === 'ended') throw new Untold('Square', 'a booking is over when its time is');
  const booking = {
    id: sample.booking,
    version: 0,
    status: sample.type === 'cancelled' ? 'CANCELLED_BY_CUSTOMER' : 'ACCEPTED',
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    start_at: sample.startsAt.toISOString(),
    customer_id: userOf(sample),
    appointment_segments: [
      {
        service_variation_id: sample.resource,
        duration_minutes: Math.round((sample.endsAt.getTime() - sample.startsAt.getTime()) / MINUTE_MS),
      },
    ],
  };
  const type = sample.type === 'updated' || sample.type === 'cancelled' ? 'booking.updated' : 'booking.created';
  return { ...about, type, data: { type: 'booking', id: `${sample.booking}:0`, object: { booking } } };
}
