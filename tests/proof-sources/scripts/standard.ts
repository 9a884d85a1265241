import type { Clock, Script, Sent } from '../script.ts';

/** An update may name only what changed; `updatedAt` orders, or `timestamp` where it is left out. */
export function standard(at: Clock): Script {
  const event = (kind: string, sent: number, data: object = {}): Sent => ({
    name: kind,
    at: at(sent),
    body: { type: `reservation.${kind}`, timestamp: at(sent).toISOString(), data: { reservationId: 'r-7', ...data } },
  });
  const window = (from: number, to: number) => ({ startsAt: at(from).toISOString(), endsAt: at(to).toISOString() });
  const ada = { id: 'ada', name: 'Ada', email: 'ada@campus.example' };
  const whole = { resource: { id: 'lab-1', name: 'Lab 1', type: 'Room' }, holders: [ada], ...window(3, 6) };
  const created = event('created', 0, whole);
  const moved = event('updated', 1, window(4, 8));
  const during = (...to: string[]) => [
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      { name: 'booked, moved, begun, over', sends: [created, moved, event('started', 4), event('ended', 8)], grants: during() },
      { name: 'no end is ever sent', sends: [created, moved, event('started', 4)], grants: during('ada@lab-1') },
      { name: 'over before its time', sends: [created, moved, event('ended', 4.5)], grants: during() },
      {
        name: 'given to two others',
        sends: [created, event('updated', 1, { holders: [{ id: 'bob' }, { id: 'eve' }] }), event('updated', 2, window(4, 8))],
        grants: during('bob@lab-1', 'eve@lab-1'),
      },
      {
        name: 'moved twice in one second, ordered by updatedAt',
        sends: [
          event('created', 0, { ...whole, updatedAt: at(0).toISOString() }),
          event('updated', 1, { ...window(4, 5), updatedAt: at(0.9).toISOString() }),
          { ...event('updated', 1, { ...window(4, 8), updatedAt: at(0.95).toISOString() }), name: 'updated once more' },
        ],
        grants: during('ada@lab-1'),
      },
      { name: 'booked and cancelled', sends: [created, event('cancelled', 1)], grants: during() },
      {
        name: 'begun and cancelled',
        sends: [created, event('started', 3), event('updated', 3.5, window(3, 8)), event('cancelled', 5)],
        grants: during(),
      },
    ],
    noise: [{ body: { type: 'invoice.paid', timestamp: at(0).toISOString(), data: {} } }],
  };
}
