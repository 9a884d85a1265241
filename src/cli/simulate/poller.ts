import type { Fault } from './faults.ts';
import { randomFrom } from './random.ts';
import type { Lost, Script, Send } from './sends.ts';
import { MINUTE, standingAt, type Life, type Version, type World } from './world.ts';

/** The time-based sender: looks every minute for what starts and what ends, and sends what it reads. */

const AHEAD = 5 * MINUTE;
const MISSED_POLLS = 0.3;
const REPEATED_ENDS = 0.5;
/** The real one knows no limit. */
const MOST_COPIES = 12;
const BETWEEN_COPIES_MS = 20;

export interface Sending {
  readonly seed: number;
  readonly faults: ReadonlySet<Fault>;
}

export function pollerScript(world: World, sending: Sending): Script {
  const missed = missedPolls(sending);
  const scripts = world.lives.map((life): Script => {
    const start = startOf(life, world, sending.faults);
    const end = endOf(life, world, { ...sending, missed });
    return { sends: [...(start ? [start] : []), ...end.sends], lost: end.lost };
  });
  const sends = scripts.flatMap((script) => script.sends);
  return {
    sends: sending.faults.has('duplicates') ? sends.flatMap((send) => [send, ...copiesOf(send, world)]) : sends,
    lost: scripts.flatMap(({ lost }) => lost),
  };
}

/** Told once, also of a booking that is moved afterwards. */
function startOf(life: Life, world: World, faults: ReadonlySet<Fault>): Send | undefined {
  const moments = spansOf(life).flatMap(({ version, until }) => {
    const early = faults.has('early-start') ? pollFrom(Math.max(version.at, version.startsAt - AHEAD)) : Infinity;
    if (early <= version.startsAt && early < until) return [{ at: early, version }];
    const at = Math.max(version.at, version.startsAt);
    if (at > version.startsAt && faults.has('no-late-start')) return [];
    return at < Math.min(until, version.endsAt) ? [{ at, version }] : [];
  });
  const first = moments.toSorted((a, b) => a.at - b.at)[0];
  return first && first.at <= world.lengthMs ? say('EVENT_START', life, { ...first, faults }) : undefined;
}

function endOf(
  life: Life,
  { lengthMs, lives }: World,
  { faults, seed, missed }: Sending & { readonly missed: (poll: number) => boolean },
): Script {
  const version = life.versions.at(-1)!;
  if (life.deletedAt !== undefined) return { sends: [], lost: [] };
  const at = faults.has('lost-end') ? pollFrom(version.endsAt) : version.endsAt;
  if (at > lengthMs) return { sends: [], lost: [] };
  if (faults.has('lost-end') && missed(at)) return { sends: [], lost: [lostEnd(life, at)] };
  const end = say('EVENT_END', life, { at, version, faults });
  const again = faults.has('duplicates') && randomFrom(seed, `end ${life.id - lives[0]!.id}`).chance(REPEATED_ENDS);
  return { sends: again ? [end, { ...end, at: at + MINUTE, stampedAt: at + MINUTE, why: 'copy' }] : [end], lost: [] };
}

function lostEnd({ id }: Life, at: number): Lost {
  return { type: 'EVENT_END', booking: id, at };
}

interface Moment {
  readonly at: number;
  readonly version: Version;
  readonly faults: ReadonlySet<Fault>;
}

function say(type: 'EVENT_START' | 'EVENT_END', life: Life, { at, version, faults }: Moment): Send {
  const kind = faults.has('batches') ? 'list' : 'flat';
  return { at, stampedAt: at, from: 'poller', why: 'event', says: { kind, type, life, version } };
}

/** Each version with when the next one, or the deletion, takes its place. */
function spansOf({ versions, deletedAt = Infinity }: Life): { version: Version; until: number }[] {
  return versions.map((version, index) => ({ version, until: versions[index + 1]?.at ?? deletedAt }));
}

function pollFrom(at: number): number {
  return Math.ceil(at / MINUTE) * MINUTE;
}

/** A poll is missed by all bookings at once. */
function missedPolls({ seed }: Sending): (poll: number) => boolean {
  return (poll) => randomFrom(seed, `poll ${poll}`).chance(MISSED_POLLS);
}

/** One send for each booking that the machine has ever had. */
function copiesOf(send: Send, { lives }: World): Send[] {
  if (send.says.kind !== 'flat' && send.says.kind !== 'list') return [];
  const { resource } = send.says.version;
  let rows = 0;
  for (const life of lives) {
    if (standingAt(life, send.at).version?.resource === resource) rows += 1;
    if (rows > MOST_COPIES) break;
  }
  return Array.from({ length: rows - 1 }, (_, index): Send => {
    const later = (index + 1) * BETWEEN_COPIES_MS;
    return { ...send, at: send.at + later, stampedAt: send.stampedAt + later, why: 'copy' };
  });
}
