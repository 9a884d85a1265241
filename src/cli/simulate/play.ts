import type { Reply } from './post.ts';
import type { Send } from './sends.ts';

/** A request that was made, with what came of it. */
export interface Sent {
  readonly send: Send;
  readonly reply: Reply;
  /** How much later than planned it left, in real milliseconds. */
  readonly lateMs: number;
}

export interface Stage {
  /** Real milliseconds until the simulated moment; not above 0 when it has come. */
  until(at: number): number;
  /** When it is broken off: nothing more is sent then. */
  readonly stopped: AbortSignal;
  /** Shorter when it is broken off. */
  wait(ms: number): Promise<void>;
  post(send: Send): Promise<Reply>;
  /** What the sender does about a failure. */
  retries(send: Send): readonly Send[];
  /** Requests in flight. */
  readonly atOnce: number;
  onSent(sent: Sent): void;
}

/** Sends everything when its time comes, and again what failed, until nothing is left. The order of equal times is kept. */
export async function play(script: readonly Send[], stage: Stage): Promise<void> {
  const queue = createQueue(script);
  const inFlight = new Set<Promise<void>>();
  for (;;) {
    const next = stage.stopped.aborted ? undefined : queue.first();
    if (!next) {
      if (inFlight.size === 0) return;
      await Promise.race(inFlight);
      continue;
    }
    if (inFlight.size >= stage.atOnce) {
      await Promise.race(inFlight);
      continue;
    }
    const left = stage.until(next.at);
    if (left > 0) {
      // A failure meanwhile may bring something that is due before it.
      await (inFlight.size === 0 ? stage.wait(left) : Promise.race([stage.wait(Math.min(left, LOOK_AGAIN_MS)), ...inFlight]));
      continue;
    }
    queue.shift();
    const sending = perform(next, -left, stage)
      .then((again) => again.forEach((send) => queue.add(send)))
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  }
}

const LOOK_AGAIN_MS = 250;

async function perform(send: Send, lateMs: number, stage: Stage): Promise<readonly Send[]> {
  const reply = await stage.post(send);
  stage.onSent({ send, reply, lateMs });
  return reply.status >= 200 && reply.status < 300 ? [] : stage.retries(send);
}

interface Queue {
  first(): Send | undefined;
  shift(): void;
  add(send: Send): void;
}

/** What was planned is in order; what failures bring is little, and put where it belongs. */
function createQueue(script: readonly Send[]): Queue {
  const extra: Send[] = [];
  let place = 0;
  const extraFirst = () => extra.length > 0 && (place >= script.length || extra[0]!.at < script[place]!.at);
  return {
    first: () => (extraFirst() ? extra[0] : script[place]),
    shift() {
      if (extraFirst()) extra.shift();
      else place += 1;
    },
    add(send) {
      const before = extra.findLastIndex(({ at }) => at <= send.at);
      extra.splice(before + 1, 0, send);
    },
  };
}
