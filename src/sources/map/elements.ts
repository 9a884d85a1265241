import type { MappedItem } from '../../reservation/source.ts';
import type { About, Element } from './about.ts';
import { allowElements } from './budget.ts';
import type { Rule } from './compile.ts';
import { aroundOf } from './content.ts';
import type { Expression } from './expression.ts';
import { ignored, mapOne } from './item.ts';
import { keep, keepWhole, type Why } from './keep.ts';
import { lookUp, Unfit } from './values.ts';

/** More elements are not mapped at all. */
const MOST = 2_000;
/** More that cannot be read are kept in one piece: one by one they would be as many copies of what stands around them. */
const MOST_APART = 20;

/** After so many elements others may have their turn. */
const IN_ONE_TURN = 100;

/**
 * What a rule makes of each element of its list. One that cannot be read leaves the others as they are. Yields where somebody else may have
 * a turn. Throws `Unfit` and `Exhausted`.
 */
export function* mapEach(rule: Rule, forEach: Expression, about: About): Generator<void, readonly MappedItem[]> {
  const elements = elementsOf(rule, forEach, about);
  if (elements.length === 0) return [ignored(rule, about, 'there is no event in it')];
  allowElements(about.budget, elements.length);
  const made: ({ readonly element: About } & ReturnType<typeof mapOne>)[] = [];
  for (const [index, element] of elements.entries()) {
    if (index > 0 && index % IN_ONE_TURN === 0) yield;
    made.push({ element, ...mapOne(rule, element) });
  }
  const unread = made.flatMap((one) => ('why' in one ? [one.why] : []));
  const apart = unread.length <= MOST_APART;
  const items = made.flatMap((one) => ('why' in one ? (apart ? [keep(one.element, one.why)] : []) : one.items));
  return apart ? items : [...items, keepWhole(about, whyAll(unread, elements.length))];
}

/** Each element of the list as what is mapped. Throws `Unfit` for what makes no list. */
export function elementsOf(rule: Rule, forEach: Expression, about: About): readonly About[] {
  const place = { at: `${rule.at}.forEach`, expression: forEach.text };
  const found = lookUp({ expression: forEach }, place.at, about);
  const list = found === null && !about.context.list ? [] : found;
  if (!Array.isArray(list)) throw new Unfit(place, 'must make a list', list);
  if (list.length > MOST) throw new Unfit(place, `makes more than ${MOST} events of one request`);
  let name: string | undefined;
  const around = () => (name ??= aroundOf(about, forEach.listPath));
  return list.map((item: unknown): About => {
    const element: Element = { item, forEach, around };
    return { ...about, element, scope: { ...about.scope, item } };
  });
}

function whyAll(unread: readonly Why[], all: number): Why {
  const [first] = unread;
  return {
    reason: `${unread.length} of its ${all} events could not be read; the first: ${first!.reason}`,
    problems: first!.problems,
  };
}
