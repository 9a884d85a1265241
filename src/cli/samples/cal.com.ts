import { hmacSha256 } from '../../secret/hmac.ts';
import { userOf, type Build, type Sample, type SampleType } from './sample.ts';

const TRIGGERS = {
  created: 'BOOKING_CREATED',
  updated: 'BOOKING_RESCHEDULED',
  started: 'MEETING_STARTED',
  ended: 'MEETING_ENDED',
  cancelled: 'BOOKING_CANCELLED',
  test: 'PING',
} as const satisfies Record<SampleType, string>;

export const calCom: Build = (sample, { secret, now }) => {
  const body = JSON.stringify(documentOf(sample, now));
  return { body, headers: { 'x-cal-signature-256': hmacSha256(secret.reveal(), body).toString('hex') } };
};

/** Flat for what the clock brings about, under `payload` for what people do. */
function documentOf(sample: Sample, now: Date): object {
  const triggerEvent = TRIGGERS[sample.type];
  const createdAt = now.toISOString();
  if (sample.type === 'test') return { triggerEvent, createdAt, payload: { type: 'Test', title: 'Test trigger event' } };
  const booking = {
    uid: sample.booking,
    title: `Booking ${sample.booking}`,
    type: sample.resource,
    eventTypeId: sample.resource,
    startTime: sample.startsAt.toISOString(),
    endTime: sample.endsAt.toISOString(),
    attendees: [{ name: userOf(sample), email: sample.email, timeZone: 'Etc/UTC' }],
    responses: { email: { label: 'your_email', value: sample.email } },
    status: sample.type === 'cancelled' ? 'CANCELLED' : 'ACCEPTED',
  };
  const flat = sample.type === 'started' || sample.type === 'ended';
  return flat ? { triggerEvent, ...booking } : { triggerEvent, createdAt, payload: booking };
}
