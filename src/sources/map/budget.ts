/** What the reading of one document may still do. An expression always ends; this bounds when, and how much it makes on the way. */
export interface Budget {
  left: number;
  /** What becomes free when others had their turn. */
  later: number;
}

export class Exhausted extends Error {
  constructor() {
    super('needs more work than one message may take: have it sent in parts, or replay it, which may take longer');
    this.name = 'Exhausted';
  }
}

/** One is a step of an expression, some 50 ns of a slow processor: all of them keep others waiting for less than 50 ms. */
export const UNITS_OF_A_DOCUMENT = 400_000;

export function createBudget(units = UNITS_OF_A_DOCUMENT): Budget {
  return { left: units, later: 0 };
}

/** A long list may take more, but not at once. */
const UNITS_OF_AN_ELEMENT = 1_000;

export function allowElements(budget: Budget, count: number): void {
  budget.later += count * UNITS_OF_AN_ELEMENT;
}

/** Others had their turn: as much as there was at first may be done again, while there is any for later. */
export function nextTurn(budget: Budget): void {
  const free = Math.min(budget.later, Math.max(0, UNITS_OF_A_DOCUMENT - budget.left));
  budget.left += free;
  budget.later -= free;
}

/** Throws `Exhausted` when there is less left. */
export function spend(budget: Budget, units: number): void {
  budget.left -= units;
  if (budget.left < 0) throw new Exhausted();
}

/** So many characters are looked at, or written, for one unit. */
const CHARACTERS = 32;

export function spendOnText(budget: Budget, length: number): void {
  spend(budget, 1 + length / CHARACTERS);
}

const MEMBER = 8;

/** How much work it is to look at all of a value, spent while looking. */
export function spendOn(budget: Budget, value: unknown): void {
  if (typeof value === 'string') return spendOnText(budget, value.length);
  spend(budget, MEMBER);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const element of value) spendOn(budget, element);
  else for (const name of Object.keys(value)) spendOn(budget, (value as Record<string, unknown>)[name]);
}
