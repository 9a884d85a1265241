import { dim, strong } from '../output.ts';

/** Tells the demo while it runs, and stops it at the first promise that is not kept. */
export interface Narrator {
  act(title: string): void;
  say(text: string): void;
  /** Something longer, as it is. */
  show(text: string): void;
  /** Throws `BrokenPromise` unless it holds. */
  promise(text: string, holds: boolean): void;
  readonly told: readonly Told[];
}

export interface Told {
  readonly act: string;
  readonly text: string;
  /** Undefined for what is only told. */
  readonly ok?: boolean;
}

/** The demo saw something that Latchkey promises not to do. */
export class BrokenPromise extends Error {}

export function createNarrator(write: (line: string) => void, now: () => Date): Narrator {
  const began = now().getTime();
  const told: Told[] = [];
  let current = '';
  const seconds = () => dim(`${((now().getTime() - began) / 1000).toFixed(1).padStart(5)} s`);
  return {
    told,
    act(title) {
      current = title;
      write(`\n${strong(title)}`);
    },
    say(text) {
      told.push({ act: current, text });
      write(`${seconds()}    ${text}`);
    },
    show(text) {
      told.push({ act: current, text });
      write(text.replace(/^(?=.)/gm, '           '));
    },
    promise(text, holds) {
      told.push({ act: current, text, ok: holds });
      write(`${seconds()}  ${holds ? '✓' : '✗'} ${text}`);
      if (!holds) throw new BrokenPromise(`"${text}" did not hold`);
    },
  };
}
