import { eventOf } from './requests.ts';

const flat = eventOf(1, { starts: 'tomorrow' }) as Readonly<Record<string, unknown>>;
const { eventType: _type, timestamp, webhookId, userId, username, email, ...booking } = flat;

/** Other shapes in which the same booking system writes. */
export const DOCUMENTS: readonly (readonly [name: string, document: object])[] = [
  [
    'change, as the booking service writes it',
    {
      eventType: 'EVENT_UPDATED',
      timestamp,
      webhookId: '7',
      data: {
        id: 1,
        title: 'GPU lab',
        start: booking['eventStart'],
        end: booking['eventEnd'],
        keycloakId: userId,
        customParameters: booking['customParameters'],
        createdAt: timestamp,
        updatedAt: timestamp,
        resource: { id: 1, name: 'Lab Server 1', status: 'ACTIVE', siteId: 'torino', type: { id: 4, name: 'API Key' } },
      },
    },
  ],
  [
    'batch of ten starts',
    {
      eventType: 'EVENT_START',
      timestamp,
      webhookId,
      userId,
      username,
      email,
      eventCount: 10,
      events: Array.from({ length: 10 }, (_, index) => ({ ...booking, eventId: String(index) })),
    },
  ],
  ['test button, ignored', { eventType: 'ALL', timestamp, webhookId, data: { message: 'This is a test event' } }],
];
