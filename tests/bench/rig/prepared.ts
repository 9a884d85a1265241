import type { Mapping } from '../../../src/reservation/source.ts';

const NOTHING_HASHED = '0'.repeat(64);

/**
 * The rows that the preset makes of a flat start, for nothing: no rule is looked for, no expression evaluated, nothing checked and
 * nothing hashed. A real mapping in code would cost more.
 */
export const prepared: Mapping = {
  headers: [],
  readsPath: false,
  mapInTurns: async (document, context) => prepared.map(document, context),
  map(document, { now }) {
    const sent = document as Readonly<Record<string, string>> & { readonly resourceId: number };
    const reservationId = sent['eventId']!;
    return [
      {
        outcome: 'accepted',
        dedupe: `started:${reservationId}:${NOTHING_HASHED}`,
        event: {
          type: 'started',
          reservationId,
          version: now.getTime(),
          restates: true,
          title: sent['eventTitle']!,
          resource: { id: String(sent.resourceId), name: sent['resourceName']!, type: sent['resourceType']! },
          holders: [{ id: sent['userId']!, name: sent['username']!, email: sent['email']! }],
          startsAt: new Date(sent['eventStart']!),
          endsAt: new Date(sent['eventEnd']!),
          parameters: { scopes: ['read'], quota: 500 },
          reply: {
            webhookId: '7',
            userId: sent['userId']!,
            eventId: reservationId,
            eventType: 'EVENT_START',
            signedWith: '0'.repeat(16),
          },
        },
      },
    ];
  },
};
