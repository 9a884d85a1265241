import type { Says, Send } from './sends.ts';
import type { Life, Version } from './world.ts';

/** The sender's bodies, as it writes them: ids now as numbers, now as texts, parameters as JSON in a text, instants in two ways. */

/** The real instant of a simulated one. */
export type Clock = (at: number) => Date;

const WEBHOOK_ID = 7;
const RESOURCE_KIND = { id: 4, name: 'API Key', color: '#1976d2', siteId: 'site-torino' };

export function documentOf({ says, stampedAt }: Send, clock: Clock): object {
  const timestamp = clock(stampedAt).toISOString();
  switch (says.kind) {
    case 'flat':
      return { eventType: says.type, timestamp, webhookId: WEBHOOK_ID, ...personOf(says), ...flat(says, clock) };
    case 'list':
      return { eventType: says.type, timestamp, eventCount: 1, ...personOf(says), events: [flat(says, clock)] };
    case 'entity':
      return { eventType: says.type, timestamp, webhookId: String(WEBHOOK_ID), data: record(says, clock) };
    case 'sentence': {
      const data = `Payload serialization failed due to detached entity. Event type: ${says.type}`;
      return { eventType: says.type, timestamp, webhookId: String(WEBHOOK_ID), data };
    }
    case 'resource':
      return { eventType: says.type, timestamp, webhookId: String(WEBHOOK_ID), data: resourceOf(says.resource, 'MAINTENANCE') };
    case 'test': {
      const data = { message: 'This is a test event', timestamp, webhookId: WEBHOOK_ID };
      return { eventType: says.type, timestamp, webhookId: String(WEBHOOK_ID), data };
    }
    default:
      return says satisfies never;
  }
}

type Polled = Extract<Says, { kind: 'flat' | 'list' }>;

function personOf({ version: { user } }: Polled): object {
  return { userId: user, username: user, email: `${user}@example.org` };
}

function flat({ life, version }: Polled, clock: Clock): object {
  return {
    eventId: String(life.id),
    eventTitle: titleOf(life),
    eventStart: clock(version.startsAt).toISOString(),
    eventEnd: clock(version.endsAt).toISOString(),
    ...(version.asks && { customParameters: JSON.stringify(version.asks) }),
    resourceId: idOf(version.resource),
    resourceName: version.resource,
    resourceType: RESOURCE_KIND.name,
    siteId: RESOURCE_KIND.siteId,
  };
}

/** Whoever deletes works on a copy that has no parameters. Names and addresses are never here. */
function record({ type, life, version }: Extract<Says, { kind: 'entity' }>, clock: Clock): object {
  const at = (when: number) => clock(when).toISOString().replace('Z', '+00:00');
  return {
    id: life.id,
    title: titleOf(life),
    description: null,
    start: at(version.startsAt),
    end: at(version.endsAt),
    resource: resourceOf(version.resource, 'ACTIVE'),
    keycloakId: version.user,
    customParameters: type === 'EVENT_DELETED' || !version.asks ? null : JSON.stringify(version.asks),
    createdAt: at(life.versions[0]!.at),
    updatedAt: at(version.at),
  };
}

function resourceOf(resource: string, status: 'ACTIVE' | 'MAINTENANCE'): object {
  return { id: idOf(resource), name: resource, status, siteId: RESOURCE_KIND.siteId, type: RESOURCE_KIND };
}

function titleOf({ id }: Life): string {
  return `Simulated booking ${id}`;
}

function idOf(resource: Version['resource']): string | number {
  return /^[1-9]\d{0,14}$/.test(resource) ? Number(resource) : resource;
}
