import type { Clock, Script, Sent } from '../script.ts';

/** A change names only what changed. Meetings start and end when somebody starts and ends them. */
export function zoom(at: Clock): Script {
  const event = (name: string, sent: number, object: object): Sent => ({
    name: `${name} ${sent}`,
    at: at(sent),
    body: {
      event: `meeting.${name}`,
      event_ts: at(sent).getTime(),
      payload: {
        account_id: 'acc',
        operator: 'lab@example.com',
        operator_id: 'host',
        object: { id: 111, host_id: 'host', topic: 'GPU lab', type: 2, ...object },
      },
    },
  });
  const short = (count: number) => at(count).toISOString().replace('.000', '');
  const created = event('created', 0, { start_time: short(3), duration: 3 });
  const moved = event('updated', 1, { start_time: short(4), duration: 4, type: undefined, topic: undefined });
  const started = event('started', 4, { start_time: short(4), duration: 4 });
  const ended = event('ended', 8, { start_time: short(4), duration: 4, end_time: short(8) });
  const during = (...to: string[]) => [
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      { name: 'booked, moved, begun, over', sends: [created, moved, started, ended], grants: during() },
      { name: 'no end is ever sent', sends: [created, moved, started], grants: during('host@host') },
      {
        name: 'booked and cancelled',
        sends: [created, event('deleted', 1, { start_time: short(3), duration: 3 })],
        grants: during(),
      },
      {
        name: 'begun and cancelled',
        sends: [created, moved, started, event('deleted', 5, { start_time: short(4), duration: 4 })],
        grants: during(),
      },
    ],
    noise: [{ body: { event: 'meeting.participant_joined', event_ts: at(0).getTime(), payload: { object: { id: 111 } } } }],
  };
}
