/** What the expressions of one document may still do. An expression always ends; this bounds when. */
export interface Budget {
  /** Throws `Exhausted` when there is less left. */
  spend(units: number): void;
}

export class Exhausted extends Error {
  constructor() {
    super('needs more work than one document may take');
    this.name = 'Exhausted';
  }
}

/**
 * A unit is half a microsecond to one of a slow processor: all of them keep others waiting for less than 50 ms. Enough for 1200 events of a
 * usual map in one message.
 */
export const UNITS_OF_A_DOCUMENT = 100_000;

export function createBudget(units = UNITS_OF_A_DOCUMENT): Budget {
  let left = units;
  return {
    spend(used) {
      left -= used;
      if (left < 0) throw new Exhausted();
    },
  };
}

const CHARACTERS = 16;

/** How much work it is to look at all of a value, spent while looking. */
export function spendOn(value: unknown, budget: Budget): void {
  if (typeof value === 'string') return budget.spend(1 + value.length / CHARACTERS);
  budget.spend(1);
  if (typeof value !== 'object' || value === null) return;
  for (const member of Array.isArray(value) ? value : Object.values(value)) spendOn(member, budget);
}
