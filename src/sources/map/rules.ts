import type { MappingProblem } from '../../reservation/source.ts';
import type { About } from './about.ts';
import type { Rule } from './compile.ts';
import type { Why } from './keep.ts';
import { isTrue } from './run.ts';
import { shown } from './shown.ts';
import { lookUp } from './values.ts';

/** The first rule that is for this document. Throws `Unfit` where that cannot be told. */
export function ruleFor(about: About): Rule | undefined {
  return about.compiled.rules.find(({ at, match }) =>
    match.every(({ expression, in: values }, place) => {
      const value = lookUp({ expression }, match.length > 1 ? `${at}.match[${place}]` : `${at}.match`, about);
      return values ? values.has(value) : isTrue(value);
    }),
  );
}

/** What the rules looked at, for whoever wonders why none was for it. */
export function unmatched(about: About): Why {
  const looked = new Map(
    about.compiled.rules.flatMap(({ match }) => match.map(({ expression }) => [expression.text, expression])),
  );
  const problems = [...looked.values()].map((expression): MappingProblem => {
    const value = lookUp({ expression }, 'map', about);
    return { at: 'map', expression: expression.text, value: shown(value), reason: 'no rule is for this' };
  });
  const where = [...looked.keys()].map((text) => text.slice(0, 60)).join(' and at ');
  const reason = `no rule of its map is for it, which look at ${where}`.slice(0, 300);
  return { reason: `${reason}: add one, with action: ignore if it says nothing of a booking`, problems };
}
