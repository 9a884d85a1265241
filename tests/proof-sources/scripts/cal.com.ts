import type { Clock, Script, Sent } from '../script.ts';

/** `uid` is another after every rescheduling. MEETING_* bear the time at which the booking was made: they only repeat it. */
export function calCom(at: Clock): Script {
  const ana = { email: 'ana@example.com', name: 'Ana' };
  const ben = { email: 'ben@example.com', name: 'Ben' };
  const hook = (triggerEvent: string, sent: number, data: object): Sent => ({
    name: `${triggerEvent} ${sent}`,
    at: at(sent),
    body: {
      triggerEvent,
      createdAt: at(sent).toISOString(),
      payload: {
        type: 'gpu-lab',
        title: 'GPU lab between Lab and Ana',
        startTime: at(3).toISOString(),
        endTime: at(6).toISOString(),
        eventTypeId: 77,
        eventTitle: 'GPU lab',
        organizer: { id: 1, name: 'Lab', email: 'lab@example.com' },
        attendees: [ana],
        uid: 'first',
        status: 'ACCEPTED',
        ...data,
      },
    },
  });
  const meeting = (triggerEvent: string, sent: number, uid: string): Sent => ({
    name: `${triggerEvent} ${sent}`,
    at: at(sent),
    body: {
      triggerEvent,
      createdAt: at(1).toISOString(),
      uid,
      title: 'GPU lab between Lab and Ana',
      eventTypeId: 77,
      startTime: at(4).toISOString(),
      endTime: at(8).toISOString(),
      attendees: [ana],
      responses: { name: { value: 'Ana' } },
    },
  });
  const later = { startTime: at(4).toISOString(), endTime: at(8).toISOString() };
  const created = hook('BOOKING_CREATED', 0, {});
  const moved = hook('BOOKING_RESCHEDULED', 1, { ...later, uid: 'second', rescheduleUid: 'first' });
  const seat = (triggerEvent: string, sent: number, attendee: object, data: object = {}): Sent =>
    hook(triggerEvent, sent, { seatsPerTimeSlot: 10, attendees: [attendee], attendeeSeatId: `seat-${sent}`, ...later, ...data });
  const during = (...to: string[]) => [
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      {
        name: 'booked, moved, begun, over',
        sends: [created, moved, meeting('MEETING_STARTED', 4, 'second'), meeting('MEETING_ENDED', 8, 'second')],
        grants: during(),
        undated: 'MEETING_STARTED and MEETING_ENDED',
      },
      {
        name: 'no end is ever sent',
        sends: [created, moved, meeting('MEETING_STARTED', 4, 'second')],
        grants: during('ana@example.com@77'),
        undated: 'MEETING_STARTED',
      },
      {
        name: 'moved twice: each takes the place of the one before',
        sends: [created, moved, hook('BOOKING_RESCHEDULED', 2, { ...later, uid: 'third', rescheduleUid: 'second' })],
        grants: during('ana@example.com@77'),
      },
      { name: 'booked and cancelled', sends: [created, hook('BOOKING_CANCELLED', 1, { status: 'CANCELLED' })], grants: during() },
      {
        name: 'two seats of one slot, one of which is given back',
        sends: [
          seat('BOOKING_CREATED', 0, ana),
          seat('BOOKING_CREATED', 1, ben),
          seat('BOOKING_CANCELLED', 2, ana, { status: 'CANCELLED', attendeeSeatId: 'seat-0' }),
        ],
        grants: during('ben@example.com@77'),
      },
    ],
    noise: [{ body: { triggerEvent: 'FORM_SUBMITTED', createdAt: at(0).toISOString(), payload: { formId: 'x' } } }],
  };
}
