import type { MappingContext, Question } from '../../reservation/source.ts';
import type { Field, Rule } from './compile.ts';
import { observe } from './observe.ts';
import type { Evaluation } from './values.ts';

/** A booking that nobody has made yet may have no id. */
const UNNAMED: Field = { name: 'reservationId', at: 'reservationId', value: { constant: 'asked-beforehand' } };

/** The booking that a rule of `action: check` asks about, as if it were made now. Throws `Unfit`. */
export function questionOf({ fields, strict }: Rule, about: Evaluation & { readonly context: MappingContext }): Question {
  const named = fields.some(({ name }) => name === 'reservationId') ? fields : [...fields, UNNAMED];
  const { event } = observe(named, { ...about, type: 'created', sentAt: about.context.sentAt, strict });
  return { ok: true, event };
}
