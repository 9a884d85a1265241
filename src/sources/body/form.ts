import { checkedText } from './text.ts';
import type { ReadBody } from './read.ts';

const MOST_FIELDS = 1000;

/** `application/x-www-form-urlencoded` (URL Standard). A name that comes more than once is a list. */
export function parseForm(text: string): ReadBody {
  const document = Object.create(null) as Record<string, string | string[]>;
  let fields = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    fields += 1;
    if (fields > MOST_FIELDS) return { ok: false, problem: `more than ${MOST_FIELDS} fields` };
    const problem = [name, value].map(checkedText).find((one) => !one.ok);
    if (problem && !problem.ok) return problem;
    // Our objects could hold it safely; whoever copies them with Object.assign could not.
    if (name === '__proto__') continue;
    const before = document[name];
    if (Array.isArray(before)) before.push(value);
    else document[name] = before === undefined ? value : [before, value];
  }
  return { ok: true, document };
}
