import type { Question } from '../../reservation/source.ts';
import type { About } from './about.ts';
import type { Rule } from './compile.ts';
import { elementsOf } from './elements.ts';
import { whyNot } from './keep.ts';
import { observe } from './observe.ts';
import { ruleFor } from './rules.ts';

/** What a rule of `action: check` asks about, as if the bookings were made now. Undefined for what no such rule is for. Never throws. */
export function questionsIn(about: About): readonly Question[] | undefined {
  let rule: Rule | undefined;
  try {
    rule = ruleFor(about);
    if (rule?.action !== 'check') return undefined;
    const asked = rule.forEach ? elementsOf(rule, rule.forEach, about) : [about];
    return asked.map((one) => questionOf(rule!, one));
  } catch (error) {
    // What no rule could be found for is no question; `map` says why.
    return rule && [{ ok: false, reason: whyNot(error).reason }];
  }
}

/** A booking that nobody has made yet may have no id. */
const UNNAMED = { at: 'reservationId', value: { constant: 'asked-beforehand' } };

function questionOf(rule: Rule, about: About): Question {
  const fields: Rule['fields'] = rule.fields.has('reservationId')
    ? rule.fields
    : new Map([...rule.fields, ['reservationId', UNNAMED]]);
  const { event } = observe(
    { ...rule, fields },
    { ...about, type: 'created', zone: about.compiled.zone, sentAt: about.context.sentAt },
  );
  return { ok: true, event };
}
