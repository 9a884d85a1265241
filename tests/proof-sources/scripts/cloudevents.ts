import type { Clock, Script, Sent } from '../script.ts';

/** One message in each of the three modes: structured, batch and binary. The time of the event orders. */
export function cloudEvents(at: Clock): Script {
  const event = (kind: string, sent: number, data: object = {}) => ({
    specversion: '1.0',
    id: `${kind}-${sent}`,
    source: 'https://bookings.example.org',
    type: `org.example.reservation.${kind}`,
    time: at(sent).toISOString(),
    subject: 'B-7',
    datacontenttype: 'application/json',
    data,
  });
  type Cloud = ReturnType<typeof event>;
  const structured = (one: Cloud, sent: number): Sent => ({
    name: one.id,
    at: at(sent),
    headers: { 'content-type': 'application/cloudevents+json' },
    body: one,
  });
  const batch = (several: readonly Cloud[], sent: number): Sent => ({
    name: `batch ${sent}`,
    at: at(sent),
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: several,
  });
  const binary = ({ data, specversion, id, source, type, time, subject }: Cloud, sent: number): Sent => ({
    name: id,
    at: at(sent),
    headers: {
      'content-type': 'application/json',
      'ce-specversion': specversion,
      'ce-id': id,
      'ce-source': source,
      'ce-type': type,
      'ce-time': time,
      'ce-subject': subject,
    },
    body: data,
  });
  const window = (from: number, to: number) => ({ startsAt: at(from).toISOString(), endsAt: at(to).toISOString() });
  const created = event('created', 0, {
    resource: { id: 'lab-3' },
    holders: [{ id: 'ada', email: 'ada@example.org' }],
    ...window(3, 6),
  });
  const moved = event('updated', 1, window(4, 8));
  const started = event('started', 4);
  const during = (...to: string[]) => [
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      {
        name: 'booked, moved, begun, over, in all modes',
        sends: [structured(created, 0), binary(moved, 1), structured(started, 4), batch([event('ended', 8)], 8)],
        grants: during(),
      },
      { name: 'no end is ever sent', sends: [batch([moved, created], 1), binary(started, 4)], grants: during('ada@lab-3') },
      {
        name: 'given to somebody else',
        sends: [
          structured(created, 0),
          structured(event('updated', 1, { holders: [{ id: 'bob' }] }), 1),
          binary(event('updated', 2, window(4, 8)), 2),
        ],
        grants: during('bob@lab-3'),
      },
      { name: 'booked and cancelled', sends: [structured(created, 0), binary(event('cancelled', 1), 1)], grants: during() },
    ],
    noise: [
      {
        headers: { 'content-type': 'application/cloudevents+json' },
        body: { ...event('created', 0), type: 'org.example.invoice.paid' },
      },
    ],
  };
}
