import { setTimeout as delay } from 'node:timers/promises';
import { hmacSha256 } from '../../secret/hmac.ts';
import type { Secret } from '../../secret/secret.ts';
import type { KeyAnswer, LeaseAnswer } from '../answers.ts';
import type { Api } from '../api.ts';
import { progressBar } from '../progress-bar.ts';
import { judge, type Held, type Verdict } from './check.ts';
import { documentOf, type Clock } from './documents.ts';
import type { Fault } from './faults.ts';
import { openInterrupt } from './interrupt.ts';
import { play, type Sent, type Stage } from './play.ts';
import { createPoster, PATIENCE } from './post.ts';
import { reportOf, reportText, type Report } from './report.ts';
import { retriesAfter, scriptOf } from './sender.ts';
import type { Lost } from './sends.ts';
import { worldOf, type World, type WorldOptions } from './world.ts';

export interface Simulation {
  readonly url: string;
  readonly secret: Secret;
  readonly speed: number;
  readonly faults: ReadonlySet<Fault>;
  readonly world: WorldOptions;
  /** Whom to ask in the end. */
  readonly check?: { readonly api: Api; readonly source: string; readonly forMs: number };
}

const AT_ONCE = 32;
const CHECK_EVERY_MS = 1_000;
/** What is due is done so long after it, at the latest. */
const GRACE_MS = 1_500;
const MOST_LISTED = 1_000_000;

/** Plays it in real time, or until it is interrupted, and says what came of it. Throws at once where it could not be checked. */
export async function simulate(simulation: Simulation): Promise<{ report: Report; text: string }> {
  if (simulation.check) await simulation.check.api.list('/leases', { source: simulation.check.source }, 1);
  const { url, faults, speed } = simulation;
  const { seed, bookings, firstId } = simulation.world;
  const world = worldOf(simulation.world);
  const script = scriptOf(world, { seed, faults });
  const began = Date.now();
  const clock: Clock = (at) => new Date(began + at / speed);
  const bar = await progressBar('requests');
  bar.start(script.sends.length, 0);
  const sent: Sent[] = [];
  const onSent = (one: Sent): void => {
    sent.push(one);
    bar.increment();
  };
  const stage = openStage(simulation, { world, clock, onSent });
  await play(script.sends, stage);
  stage.close();
  bar.stop();
  const undelivered = undeliveredOf(sent);
  const lost = [...script.lost, ...undelivered];
  const brokenOff = stage.stopped.aborted;
  const check = simulation.check && !brokenOff && (await checkFor({ check: simulation.check, speed, world, clock, lost, began }));
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  const report = reportOf({
    url,
    seed,
    faults: [...faults],
    bookings,
    firstId,
    seconds,
    brokenOff,
    sent,
    lost: script.lost,
    undelivered,
    ...(check && { check }),
  });
  return { report, text: reportText(report) };
}

interface Setting {
  readonly world: World;
  readonly clock: Clock;
  readonly onSent: Stage['onSent'];
}

function openStage({ url, secret, faults }: Simulation, { world, clock, onSent }: Setting): Stage & { close(): void } {
  const poster = createPoster(new URL(url), { atOnce: AT_ONCE, ...PATIENCE });
  const interrupt = openInterrupt();
  return {
    stopped: interrupt.signal,
    until: (at) => clock(at).getTime() - Date.now(),
    wait: (ms) => delay(ms, undefined, interrupt).catch(() => {}),
    post(send) {
      const body = JSON.stringify(documentOf(send, clock));
      const signature = hmacSha256(secret.reveal(), body).toString('base64');
      return poster.post(body, { 'content-type': 'application/json', 'x-webhook-signature': signature });
    },
    retries: (send) => retriesAfter(send, { faults, lengthMs: world.lengthMs }),
    atOnce: AT_ONCE,
    onSent,
    close() {
      interrupt.close();
      poster.close();
    },
  };
}

/** What no request of its kind got through: the service may know nothing of it. */
function undeliveredOf(sent: readonly Sent[]): Lost[] {
  const byContent = Map.groupBy(sent, ({ send }) => send.says);
  return [...byContent].flatMap(([says, tries]) => {
    const received = tries.some(({ reply }) => reply.status >= 200 && reply.status < 300);
    return received || !('life' in says) ? [] : [{ type: says.type, booking: says.life.id, at: tries[0]!.send.at }];
  });
}

interface Checking extends Pick<Simulation, 'speed'> {
  readonly check: NonNullable<Simulation['check']>;
  readonly world: World;
  readonly clock: Clock;
  readonly lost: readonly Lost[];
  readonly began: number;
}

/** Settling what was sent last takes its time: asked until it is right, for so long at most. */
async function checkFor({ check, lost, world, clock, began, speed }: Checking): Promise<Verdict> {
  const unknowable = new Set(lost.filter(({ type }) => !/_(START|END)$/.test(type)).map(({ booking }) => booking));
  let before: Verdict['mistakes'] = [];
  for (const until = Date.now() + check.forMs; ;) {
    const at = Math.floor((Date.now() - began) * speed);
    const held = await heldBy(check);
    const verdict = judge(held, { world, clock, at, graceMs: GRACE_MS * speed, unknowable, before });
    if (verdict.ok || Date.now() > until) return verdict;
    before = verdict.mistakes;
    await delay(CHECK_EVERY_MS);
  }
}

async function heldBy({ api, source }: Checking['check']): Promise<Held> {
  const [leases, ...keys] = await Promise.all([
    api.list<LeaseAnswer>('/leases', { source }, MOST_LISTED),
    ...['intended', 'active', 'revoking'].map((state) => api.list<KeyAnswer>('/keys', { state }, MOST_LISTED)),
  ]);
  return { leases: leases.items, keys: keys.flatMap(({ items }) => items) };
}
