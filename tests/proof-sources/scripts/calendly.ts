import type { Clock, Script, Sent } from '../script.ts';

/** A rescheduling is two messages, of the new time and of the old, in either order. Starts and ends are not told. */
export function calendly(at: Clock): Script {
  const uri = (which: string) => `https://api.calendly.com/scheduled_events/${which}/invitees/ana`;
  const invitee = (
    event: string,
    sent: number,
    data: { uri: string; from?: number; to?: number; [more: string]: unknown },
  ): Sent => {
    const { from = 3, to = 6, ...payload } = data;
    return {
      name: `${event} ${data.uri}`,
      at: at(sent),
      body: {
        event,
        created_at: at(sent).toISOString(),
        created_by: 'https://api.calendly.com/users/host',
        payload: {
          email: 'Ana@Example.com',
          name: 'Ana',
          old_invitee: null,
          new_invitee: null,
          rescheduled: false,
          created_at: at(0).toISOString(),
          updated_at: at(sent).toISOString(),
          scheduled_event: {
            name: 'GPU lab',
            event_type: 'https://api.calendly.com/event_types/gpu',
            start_time: at(from).toISOString(),
            end_time: at(to).toISOString(),
          },
          ...payload,
        },
      },
    };
  };
  const [first, second] = [uri('1'), uri('2')];
  const holder = 'ana@example.com@https://api.calendly.com/event_types/gpu';
  const created = invitee('invitee.created', 0, { uri: first });
  const made = invitee('invitee.created', 1, { uri: second, old_invitee: first, from: 4, to: 8 });
  const old = invitee('invitee.canceled', 1, { uri: first, new_invitee: second, rescheduled: true });
  const during = (...to: string[]) => [
    { at: at(3.5), to: [] },
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      { name: 'booked and moved; no start and no end is ever sent', sends: [created, made, old], grants: during(holder) },
      { name: 'moved, of which only the new half arrives', sends: [created, made], grants: during(holder) },
      { name: 'booked and cancelled', sends: [created, invitee('invitee.canceled', 1, { uri: first })], grants: during() },
      {
        name: 'moved and cancelled',
        sends: [created, made, old, invitee('invitee.canceled', 2, { uri: second, from: 4, to: 8 })],
        grants: during(),
      },
    ],
    noise: [{ body: { event: 'routing_form_submission.created', created_at: at(0).toISOString(), payload: {} } }],
    again: ({ body }) => ({ body }),
  };
}
