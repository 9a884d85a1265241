/** A statement that is sent again and again is parsed and planned once on each connection, which halves what the server has to do for it. */

export interface Statements {
  /** What to call this statement on the server; undefined for one that is rare, or too long to come again as it is. */
  nameOf(text: string): string | undefined;
  /** The tables have changed: every statement gets a new name, and so a new plan. */
  forget(): void;
}

const LONGEST = 1500;
/** Of several sizes of the same INSERT only the usual ones are worth remembering. */
const SEEN_BEFORE = 3;
const MOST = 300;

export function createStatements(): Statements {
  let generation = 0;
  let seen = new Map<string, number>();
  let names = new Map<string, string>();

  return {
    nameOf(text) {
      const name = names.get(text);
      if (name !== undefined || text.length > LONGEST || names.size >= MOST) return name;
      const times = (seen.get(text) ?? 0) + 1;
      if (seen.size >= 10 * MOST) seen.clear();
      seen.set(text, times);
      if (times < SEEN_BEFORE) return undefined;
      seen.delete(text);
      const made = `latchkey_${generation}_${names.size}`;
      names.set(text, made);
      return made;
    },
    forget() {
      generation += 1;
      seen = new Map();
      names = new Map();
    },
  };
}

/** "cached plan must not change result type", after another node's migration; and a name that a pooler in between does not know. */
export function isOutdated(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '0A000' || error.code === '26000');
}
