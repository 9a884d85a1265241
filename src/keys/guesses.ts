import { blockOf } from './addresses.ts';

/** Wrong keys by the address that they came from. */
export interface Guesses {
  /** Counts a wrong key. Says how long the address has to wait before its next one is looked up, in milliseconds: 0 when it need not. */
  count(address: string, at: number): number;
  /** It was no guess after all. */
  forgive(address: string): void;
  /** The addresses that had to wait since this was last asked, with all their wrong keys; the worst first. */
  report(): readonly GuessReport[];
}

export interface GuessReport {
  readonly address: string;
  readonly wrong: number;
}

interface Guesser {
  /** What is left of the allowance, at that moment. */
  left: number;
  at: number;
  wrong: number;
  waits: boolean;
}

/** At once, and then one each second: people who mistype a key, or programs that go on with an old one, never notice. */
const ALLOWANCE = 60;
const REFILL_MS = 1000;
/** What an address costs is some 200 bytes. */
const MOST_ADDRESSES = 10_000;

/** An allowance for each IPv4 address, or the /64 that one customer has. Bounded: who guesses from more addresses has only their allowances. */
export function createGuesses(): Guesses {
  const guessers = new Map<string, Guesser>();

  function guesserOf(address: string, at: number): Guesser {
    const block = blockOf(address);
    const known = guessers.get(block);
    if (known) return known;
    if (guessers.size >= MOST_ADDRESSES) {
      const [oldest] = guessers.keys();
      guessers.delete(oldest ?? '');
    }
    const guesser = { left: ALLOWANCE, at, wrong: 0, waits: false };
    guessers.set(block, guesser);
    return guesser;
  }

  return {
    count(address, at) {
      const guesser = guesserOf(address, at);
      // A clock that was set back gives nothing and takes nothing.
      guesser.left = Math.min(ALLOWANCE, guesser.left + Math.max(0, at - guesser.at) / REFILL_MS);
      guesser.at = at;
      guesser.wrong += 1;
      if (guesser.left >= 1) {
        guesser.left -= 1;
        return 0;
      }
      guesser.waits = true;
      return Math.ceil((1 - guesser.left) * REFILL_MS);
    },
    forgive(address) {
      const guesser = guessers.get(blockOf(address));
      if (!guesser) return;
      guesser.left = Math.min(ALLOWANCE, guesser.left + 1);
      guesser.wrong -= 1;
    },
    report() {
      const waiting = [...guessers].filter(([, guesser]) => guesser.waits).sort(([, one], [, other]) => other.wrong - one.wrong);
      const told = waiting.map(([address, { wrong }]) => ({ address, wrong }));
      for (const [, guesser] of waiting) {
        guesser.waits = false;
        guesser.wrong = 0;
      }
      return told;
    },
  };
}
