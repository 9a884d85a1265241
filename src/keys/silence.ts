/** Tells a peer that is slow because much is asked of it from one that no longer answers. */
export interface Silence {
  /** As the answer; rejects when nothing at all is answered for a quarter of a second, or three eighths at most. */
  unlessSilent<T>(answer: Promise<T>): Promise<T>;
}

const LOOK_MS = 125;
const LOOKS = 3;

export function createSilence(): Silence {
  const waiting = new Set<(error: Error) => void>();
  let answers = 0;
  let seen = 0;
  let silentLooks = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (waiting.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    silentLooks = answers === seen && waiting.size > 0 ? silentLooks + 1 : 0;
    seen = answers;
    // What arrived while this process was busy is read before it is judged.
    if (silentLooks >= LOOKS) setImmediate(giveUp);
  }

  function giveUp(): void {
    if (answers !== seen) return;
    for (const reject of waiting) reject(new Error('no answer'));
    waiting.clear();
  }

  return {
    async unlessSilent(answer) {
      const silence = Promise.withResolvers<never>();
      waiting.add(silence.reject);
      timer ??= setInterval(look, LOOK_MS).unref();
      try {
        return await Promise.race([answer, silence.promise]);
      } finally {
        answers += 1;
        waiting.delete(silence.reject);
      }
    },
  };
}
