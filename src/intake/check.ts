import { unkeptAt, type Lens } from '../lease/look.ts';
import { emptyReservation, fold } from '../reservation/fold.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Question } from '../reservation/source.ts';
import { CLOSED, termsOf } from '../reservation/terms.ts';
import { situationOfNew } from './ahead.ts';
import { prospectOf } from './move.ts';

/** What a booking system is told that asks before it makes a booking. */
export type Verdict =
  | { readonly status: 'granted' }
  /** For the person who booked. */
  | { readonly status: 'refused'; readonly message: string };

export type Asking = Omit<Lens, 'policy'> & { readonly policy: Policy };

const MOST_REASONS = 5;
/** It is answered while somebody waits. */
const MOST_ASKED = 100;

/**
 * Whether every booking that was asked about would get its keys, by the rules that bookings are granted by. What cannot be understood would
 * not. Records nothing.
 */
export function judge(source: string, questions: readonly Question[], asking: Asking): Verdict {
  const reasons = new Set(questions.slice(0, MOST_ASKED).flatMap((question) => against(source, question, asking)));
  if (questions.length === 0) reasons.add('there is no booking in the question');
  if (questions.length > MOST_ASKED) reasons.add(`more than ${MOST_ASKED} bookings were asked about at once`);
  if (reasons.size === 0) return { status: 'granted' };
  const told = [...reasons].slice(0, MOST_REASONS).join('; ');
  return { status: 'refused', message: `No key would be given for this booking: ${told}.` };
}

function against(source: string, question: Question, asking: Asking): readonly string[] {
  if (!question.ok) return [`it cannot be understood: ${question.reason}`];
  const { policy, now, providers } = asking;
  const state = fold(emptyReservation(source, question.event.reservationId), question.event);
  const { plan, problem } = prospectOf(state, policy);
  if (!plan) return [problem ?? 'it is over'];
  const scopes = policy.scopesOf(plan.project);
  const lens = { policy: () => policy, providers, now };
  // Each holder gets a lease of their own on the same terms, so that one stands for all.
  const situation = situationOfNew(state, state.holders!.value[0]!, { plan, policy });
  const terms = termsOf({ ...situation, unkept: (grant) => unkeptAt(lens, plan.provider, { grant, scopes }) }, now());
  // A window that is still to come is waited for.
  if (terms.wanted || (terms.state === 'pending' && terms.window)) return [];
  return [terms.reason === CLOSED ? 'its time is already over' : (terms.reason ?? 'it is not granted')];
}
