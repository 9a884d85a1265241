import type { Clock, Script, Sent } from '../script.ts';

/** The booking service tells of changes, with `updatedAt`; the poller of starts and ends, with what it read some time before. */
export function cloudResourceReservation(at: Clock): Script {
  const entity = (eventType: string, changed: number, data: object): Sent => ({
    name: eventType,
    at: at(changed),
    body: {
      eventType,
      timestamp: at(changed).toISOString(),
      webhookId: '7',
      data: {
        id: 101,
        title: 'GPU lab',
        start: at(3).toISOString(),
        end: at(6).toISOString(),
        keycloakId: 'ada',
        customParameters: null,
        createdAt: at(0).toISOString(),
        updatedAt: at(changed).toISOString(),
        resource: { id: 1, name: 'Server A1', status: 'ACTIVE', type: { id: 4, name: 'API Key' } },
        ...data,
      },
    },
  });
  const flat = (eventType: string, sent: number, data: object = {}): Sent => ({
    name: eventType,
    at: at(sent),
    body: {
      eventType,
      timestamp: at(sent).toISOString(),
      eventId: '101',
      webhookId: 7,
      userId: 'ada',
      username: 'ada.l',
      email: 'ada@campus.example',
      eventTitle: 'GPU lab',
      eventStart: at(4).toISOString(),
      eventEnd: at(8).toISOString(),
      resourceId: 1,
      resourceName: 'Server A1',
      resourceType: 'API Key',
      ...data,
    },
  });
  const read = { eventStart: at(3).toISOString(), eventEnd: at(6).toISOString() };
  const created = entity('EVENT_CREATED', 0, {});
  const moved = entity('EVENT_UPDATED', 1, { start: at(4).toISOString(), end: at(8).toISOString() });
  const given = entity('EVENT_UPDATED', 2, { keycloakId: 'bob', end: at(8).toISOString() });
  const start = flat('EVENT_START', 4);
  const end = flat('EVENT_END', 8);
  const during = (...to: string[]) => [
    { at: at(5), to },
    { at: at(9), to: [] },
  ];
  return {
    stories: [
      { name: 'booked, moved, begun, over', sends: [created, moved, start, end], grants: during() },
      { name: 'no end is ever sent', sends: [created, moved, start], grants: during('ada@1') },
      { name: 'only the poller speaks', sends: [flat('EVENT_START', 4), end], grants: during() },
      {
        name: 'a start that was read before the move, sent after it',
        sends: [created, moved, flat('EVENT_START', 2, read)],
        grants: [{ at: at(3.5), to: [] }, ...during('ada@1')],
      },
      {
        name: 'given to somebody else',
        sends: [created, given, flat('EVENT_START', 3, { ...read, userId: 'ada' })],
        grants: during('bob@1'),
      },
      { name: 'booked and cancelled', sends: [created, entity('EVENT_DELETED', 1, {})], grants: during() },
      { name: 'cancelled after it began', sends: [created, start, entity('EVENT_DELETED', 5, {})], grants: during() },
      {
        name: 'in a batch, as until June 2025',
        sends: [
          {
            name: 'batch',
            at: at(4),
            body: {
              eventType: 'EVENT_START',
              timestamp: at(4).toISOString(),
              eventCount: 1,
              userId: 'ada',
              events: [start.body],
            },
          },
          {
            name: 'batch end',
            at: at(8),
            body: { eventType: 'EVENT_END', timestamp: at(8).toISOString(), eventCount: 1, userId: 'ada', events: [end.body] },
          },
        ],
        grants: during(),
      },
    ],
    noise: [
      { body: { eventType: 'ALL', timestamp: at(0).toISOString(), webhookId: '7', data: {} } },
      {
        body: {
          eventType: 'RESOURCE_UPDATED',
          timestamp: at(0).toISOString(),
          webhookId: '7',
          data: { id: 1, status: 'MAINTENANCE' },
        },
      },
    ],
    again: ({ body }, then) => ({ body: { ...(body as object), timestamp: then.toISOString() } }),
  };
}
