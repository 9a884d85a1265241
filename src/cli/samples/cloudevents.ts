import { randomBytes } from 'node:crypto';
import type { Build } from './sample.ts';
import { reservationOf } from './standard.ts';

/** The structured mode, around a booking in our own format. */
export const cloudevents: Build = (sample, { secret, now }) => {
  const about = {
    specversion: '1.0',
    id: randomBytes(12).toString('hex'),
    source: 'https://booking.example/latchkey-sample',
    time: now.toISOString(),
    datacontenttype: 'application/json',
  };
  const event =
    sample.type === 'test'
      ? { ...about, type: 'example.webhook.test', data: {} }
      : { ...about, type: `example.reservation.${sample.type}`, subject: sample.booking, data: reservationOf(sample, now) };
  return {
    body: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${secret.reveal()}` },
  };
};
