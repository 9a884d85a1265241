import type { Clock, Script, Sent } from '../script.ts';

/** Notifications through a bridge, as oslo.messaging envelopes; `on-end` of the enforcement filter besides. Times name no zone: they are UTC. */
export function blazar(at: Clock): Script {
  const wall = (count: number) => at(count).toISOString().replace('T', ' ').slice(0, 19);
  const notice = (eventType: string, sent: number, window: readonly [number, number], data: object = {}): Sent => ({
    name: `${eventType} ${sent}`,
    at: at(sent),
    body: {
      'oslo.version': '2.0',
      'oslo.message': JSON.stringify({
        message_id: `${eventType}-${sent}`,
        publisher_id: 'blazar.lease',
        event_type: eventType,
        timestamp: wall(sent),
        payload: {
          lease_id: 'lease-1',
          name: 'gpu',
          user_id: 'ada',
          project_id: 'proj',
          start_date: wall(window[0]).replace(' ', 'T'),
          end_date: wall(window[1]).replace(' ', 'T'),
          reservations: [{ resource_type: 'physical:host' }],
          ...data,
        },
      }),
    },
  });
  const created = notice('lease.create', 0, [3, 6]);
  const moved = notice('lease.update', 1, [4, 8]);
  const started = notice('lease.event.start_lease', 4, [4, 8]);
  const ended = notice('lease.event.end_lease', 8, [4, 8]);
  const onEnd: Sent = {
    name: 'on-end',
    at: at(8),
    path: 'on-end',
    body: {
      context: { user_id: 'ada', project_id: 'proj' },
      lease: { id: 'lease-1', name: 'gpu', start_date: at(4).toISOString(), end_date: at(8).toISOString(), reservations: [] },
    },
  };
  const during = (...to: string[]) => [
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      { name: 'booked, moved, begun, over', sends: [created, moved, started, ended], grants: during() },
      { name: 'no end is ever sent', sends: [created, moved, started], grants: during('ada@proj') },
      { name: 'booked and deleted', sends: [created, notice('lease.delete', 1, [3, 6])], grants: during() },
      { name: 'begun and deleted', sends: [created, moved, started, notice('lease.delete', 5, [4, 8])], grants: during() },
      {
        name: 'the end is told by both the filter and the bridge',
        sends: [created, moved, started, onEnd, ended],
        grants: during(),
        undated: 'on-end',
      },
    ],
    noise: [notice('lease.event.before_end_lease', 7, [4, 8])],
  };
}
