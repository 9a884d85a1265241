import type { Clock, Script, Sent } from '../script.ts';

/** Everything is `booking.updated`; revisions count up. Starts and ends are not told. */
export function square(at: Clock): Script {
  const event = (type: string, version: number, data: object = {}): Sent => ({
    name: `revision ${version}`,
    at: at(version),
    body: {
      merchant_id: 'M',
      type,
      event_id: `ev-${version}`,
      created_at: at(version).toISOString(),
      data: {
        type: 'booking',
        id: `b-1:${version}`,
        object: {
          booking: {
            id: 'b-1',
            version,
            status: 'ACCEPTED',
            start_at: at(3).toISOString(),
            customer_id: 'CUST',
            appointment_segments: [{ duration_minutes: 3, service_variation_id: 'GPU' }],
            created_at: at(0).toISOString(),
            updated_at: at(version).toISOString(),
            ...data,
          },
        },
      },
    },
  });
  const longer = { start_at: at(4).toISOString(), appointment_segments: [{ duration_minutes: 4, service_variation_id: 'GPU' }] };
  const created = event('booking.created', 0);
  const moved = event('booking.updated', 1, longer);
  const during = (...to: string[]) => [
    { at: at(3.5), to: [] },
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      { name: 'booked and moved; no start and no end is ever sent', sends: [created, moved], grants: during('CUST@GPU') },
      {
        name: 'given to somebody else',
        sends: [created, moved, event('booking.updated', 2, { ...longer, customer_id: 'OTHER' })],
        grants: during('OTHER@GPU'),
      },
      {
        name: 'booked and cancelled',
        sends: [created, event('booking.updated', 1, { status: 'CANCELLED_BY_CUSTOMER' })],
        grants: during(),
      },
      {
        name: 'moved and declined',
        sends: [created, moved, event('booking.updated', 2, { ...longer, status: 'DECLINED' })],
        grants: during(),
      },
    ],
    noise: [{ body: { type: 'payment.created', event_id: 'pay', created_at: at(0).toISOString(), data: {} } }],
    again: ({ body }, then) => ({ body: { ...(body as object), created_at: then.toISOString() } }),
  };
}
