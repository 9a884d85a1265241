import type { EventType } from '../../reservation/event.ts';
import type { MappedItem, MappingProblem } from '../../reservation/source.ts';
import type { About } from './about.ts';
import { createBudget } from './budget.ts';
import { contentOf, smallest } from './content.ts';
import { problemOf, Unfit } from './values.ts';

/** Why something could not be read. */
export interface Why {
  readonly reason: string;
  readonly problems: readonly MappingProblem[];
  readonly type?: EventType;
  readonly externalId?: string;
}

/** The item that keeps what could not be read, for whoever mends the rules. */
export function keep(about: About, why: Why): MappedItem & { readonly outcome: 'quarantined' } {
  const dedupe = signedOr(`quarantined:${contentOf(about)}`, about);
  return { outcome: 'quarantined', dedupe, ...why, document: smallest(about) };
}

/** All of the document in one. It is kept whatever was spent before. */
export function keepWhole({ element: _element, ...about }: About, why: Why): MappedItem & { readonly outcome: 'quarantined' } {
  return keep({ ...about, budget: createBudget(Infinity) }, why);
}

export function whyNot(error: unknown): Why {
  if (error instanceof Unfit) {
    const { at, expression } = error.place;
    const where = expression === undefined ? at : `${at} (${expression.slice(0, 200)})`;
    return { reason: `${where} ${error.message}`, problems: [problemOf(error)] };
  }
  const reason = error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read';
  return { reason, problems: [{ at: 'map', reason }] };
}

/** The signed id names what is all of the document; it has no space in it, so that what is only a part is named apart. */
export function signedOr(name: string, { context: { signedId }, element }: About): string {
  if (signedId === undefined) return name;
  return element ? `id:${signedId} ${name}` : `id:${signedId}`;
}
