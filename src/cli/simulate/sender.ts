import type { Fault } from './faults.ts';
import { pollerScript, type Sending } from './poller.ts';
import { randomFrom } from './random.ts';
import type { EntityType, Script, ResourceType, Send } from './sends.ts';
import { MINUTE, type Life, type Version, type World } from './world.ts';

/** The sender as it is, with the faults that are asked for; none makes a good one. Pure. */

const UNREADABLE = 0.08;
const LOST_ANSWERS = 0.15;
const RESOURCE_EVERY = 6 * MINUTE;
const TEST_EVERY = 30 * MINUTE;
const RESOURCE_TYPES: readonly ResourceType[] = [
  'RESOURCE_STATUS_CHANGED',
  'RESOURCE_STATUS_CHANGED',
  'RESOURCE_UPDATED',
  'RESOURCE_CREATED',
  'RESOURCE_DELETED',
];

/** Everything that is sent if every request is answered well, in the order in which it leaves. */
export function scriptOf(world: World, sending: Sending): Script {
  const { faults } = sending;
  const poller = pollerScript(world, sending);
  const told = world.lives.flatMap(tellingsOf);
  const service = faults.has('unreadable') ? garbled(told, sending) : told;
  const lost = service.flatMap(({ at, says }) =>
    says.kind === 'sentence' ? [{ type: says.type, booking: says.life.id, at }] : [],
  );
  const sends = [
    ...poller.sends,
    ...service,
    ...(faults.has('retry-storm') ? stormsAmong(service, world, sending) : []),
    ...(faults.has('noise') ? noiseOf(world, sending) : []),
  ];
  const arriving = faults.has('reorder') ? heldUp(sends, sending) : sends;
  return { sends: arriving.toSorted((a, b) => a.at - b.at), lost: [...poller.lost, ...lost] };
}

/** The booking service tells of each change when it is made. */
function tellingsOf(life: Life): Send[] {
  const { versions, deletedAt } = life;
  const tell = (type: EntityType, at: number, version: Version): Send => ({
    at,
    stampedAt: at,
    from: 'service',
    why: 'event',
    says: { kind: 'entity', type, life, version },
  });
  return [
    ...versions.map((version, index) => tell(index === 0 ? 'EVENT_CREATED' : 'EVENT_UPDATED', version.at, version)),
    ...(deletedAt === undefined ? [] : [tell('EVENT_DELETED', deletedAt, versions.at(-1)!)]),
  ];
}

function garbled(sends: readonly Send[], { seed }: Sending): Send[] {
  const random = randomFrom(seed, 'unreadable');
  return sends.map((send): Send => {
    if (!random.chance(UNREADABLE) || send.says.kind !== 'entity') return send;
    const { type, life } = send.says;
    return { ...send, says: { kind: 'sentence', type, life } };
  });
}

function stormsAmong(sends: readonly Send[], world: World, { seed }: Sending): Send[] {
  const random = randomFrom(seed, 'retry-storm');
  return sends.flatMap((send) => (random.chance(LOST_ANSWERS) ? stormAfter(send, world.lengthMs) : []));
}

/** Two rows of a failure, neither of which is ever closed: each is sent every minute until the simulation ends. */
export function stormAfter(send: Send, lengthMs: number): Send[] {
  const repetitions = Math.floor((lengthMs - send.at) / MINUTE);
  return Array.from({ length: Math.max(0, repetitions) }, (_, index) =>
    [0, 300].map((row): Send => {
      const at = send.at + (index + 1) * MINUTE + row;
      return { ...send, at, stampedAt: at, why: 'retry' };
    }),
  ).flat();
}

const MOST_RETRIES = 3;

/** What the sender does about a request that failed: nothing where it does not care or has tried enough. */
export function retriesAfter(send: Send, { faults, lengthMs }: { faults: ReadonlySet<Fault>; lengthMs: number }): Send[] {
  const { from, attempt = 0, why } = send;
  if (why === 'noise' || (from === 'poller' && faults.has('no-retry'))) return [];
  // A row that is never closed is sent again as it is.
  if (from === 'service' && faults.has('retry-storm')) return why === 'retry' ? [] : stormAfter(send, lengthMs);
  if (attempt >= MOST_RETRIES) return [];
  const at = send.at + MINUTE * 2 ** attempt;
  return [{ ...send, at, stampedAt: at, why: 'retry', attempt: attempt + 1 }];
}

/** Five to ten threads send what is queued: each request is held up for as long as it likes. */
function heldUp(sends: readonly Send[], { seed }: Sending): Send[] {
  const random = randomFrom(seed, 'reorder');
  return sends.map((send): Send => {
    const most = send.from === 'poller' ? MINUTE / 3 : random.chance(0.1) ? 5 * MINUTE : 1.5 * MINUTE;
    return { ...send, at: send.at + random.between(0, most) };
  });
}

function noiseOf({ lives, lengthMs }: World, { seed }: Sending): Send[] {
  const random = randomFrom(seed, 'noise');
  const resources = [...new Set(lives.map(({ versions: [first] }) => first!.resource))];
  const each = (everyMs: number, says: (index: number) => Send['says']): Send[] =>
    Array.from({ length: Math.floor(lengthMs / everyMs) }, (_, index): Send => {
      const at = index * everyMs + random.between(0, everyMs);
      return { at, stampedAt: at, from: 'service', why: 'noise', says: says(index) };
    });
  return [
    ...each(RESOURCE_EVERY, (index) => ({
      kind: 'resource',
      type: RESOURCE_TYPES[index % RESOURCE_TYPES.length]!,
      resource: random.pick(resources),
    })),
    ...each(TEST_EVERY, () => ({ kind: 'test', type: 'ALL' })),
  ];
}
