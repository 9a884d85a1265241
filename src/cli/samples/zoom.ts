import { hmacSha256 } from '../../secret/hmac.ts';
import { userOf, type Build, type Sample, type SampleType } from './sample.ts';

const EVENTS = {
  created: 'meeting.created',
  updated: 'meeting.updated',
  started: 'meeting.started',
  ended: 'meeting.ended',
  cancelled: 'meeting.deleted',
  test: 'user.presence_status_updated',
} as const satisfies Record<SampleType, string>;

const MINUTE_MS = 60_000;

export const zoom: Build = (sample, { secret, now }) => {
  const body = JSON.stringify(documentOf(sample, now));
  const seconds = String(Math.floor(now.getTime() / 1000));
  const signature = hmacSha256(secret.reveal(), `v0:${seconds}:${body}`).toString('hex');
  return { body, headers: { 'x-zm-request-timestamp': seconds, 'x-zm-signature': `v0=${signature}` } };
};

/** What is booked is the host, who is also whom it is for. It knows minutes. */
function documentOf(sample: Sample, now: Date): object {
  const about = { event: EVENTS[sample.type], event_ts: now.getTime() };
  if (sample.type === 'test') return { ...about, payload: { account_id: 'sample', object: {} } };
  const user = userOf(sample);
  return {
    ...about,
    payload: {
      account_id: 'sample',
      operator: sample.email,
      operator_id: user,
      object: {
        id: sample.booking,
        host_id: user,
        topic: `Booking ${sample.booking}`,
        type: 2,
        start_time: sample.startsAt.toISOString(),
        duration: Math.round((sample.endsAt.getTime() - sample.startsAt.getTime()) / MINUTE_MS),
        timezone: 'UTC',
        ...(sample.type === 'ended' && { end_time: sample.endsAt.toISOString() }),
      },
    },
  };
}
