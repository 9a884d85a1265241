import { hmacSha256 } from '../../secret/hmac.ts';
import { Untold, userOf, type Build, type Sample } from './sample.ts';

export const calendly: Build = (sample, { secret, now }) => {
  const body = JSON.stringify(documentOf(sample, now));
  const seconds = Math.floor(now.getTime() / 1000);
  const signature = hmacSha256(secret.reveal(), `${seconds}.${body}`).toString('hex');
  return { body, headers: { 'calendly-webhook-signature': `t=${seconds},v1=${signature}` } };
};

/** It tells that something is booked, and that it no longer is. A change is told as both. */
function documentOf(sample: Sample, now: Date): object {
  const created_at = now.toISOString();
  if (sample.type === 'test') return { event: 'routing_form_submission.created', created_at, payload: {} };
  if (sample.type === 'ended') throw new Untold('Calendly', 'a booking is over when its time is');
  return {
    event: sample.type === 'cancelled' ? 'invitee.canceled' : 'invitee.created',
    created_at,
    payload: {
      uri: sample.booking,
      email: sample.email,
      name: userOf(sample),
      status: sample.type === 'cancelled' ? 'canceled' : 'active',
      created_at,
      updated_at: created_at,
      old_invitee: null,
      rescheduled: false,
      scheduled_event: {
        uri: `https://api.calendly.com/scheduled_events/${sample.booking}`,
        name: `Booking ${sample.booking}`,
        event_type: sample.resource,
        start_time: sample.startsAt.toISOString(),
        end_time: sample.endsAt.toISOString(),
      },
    },
  };
}
