import { setImmediate as othersTurn } from 'node:timers/promises';
import type { MappedItem, Mapping, MappingContext } from '../../reservation/source.ts';
import type { About, Compiled } from './about.ts';
import { createBudget, nextTurn } from './budget.ts';
import { compileRules, compileSent, expressionsOf, type Complain } from './compile.ts';
import { mapEach } from './elements.ts';
import { mapOne } from './item.ts';
import { keep, keepWhole, whyNot } from './keep.ts';
import { questionsIn } from './questions.ts';
import { ruleFor, unmatched } from './rules.ts';
import { scopeOf } from './run.ts';
import type { RuleEntry } from './schema.ts';

export interface MappingEntry {
  readonly rules: readonly RuleEntry[];
  /** Of times that name none. */
  readonly zone?: string;
  /** When it was sent, as the body says it: an expression. Orders events that name no version. */
  readonly sentAt?: string;
  /** What was sent longer before it arrived has no effect. */
  readonly replayWithinMs?: number;
  /** Members of the body that change with every sending. */
  readonly volatile?: readonly string[];
  /** Headers that no expression may read, in lower case. */
  readonly withheld?: readonly string[];
}

/** Compiles a mapping. What is wrong in it is told to `complain`; the mapping is of use only when nothing was. */
export function createMapping(entry: MappingEntry, complain: Complain): Mapping {
  const rules = compileRules(entry.rules, entry, complain);
  const sentAt = entry.sentAt === undefined ? undefined : compileSent(entry.sentAt, entry, complain);
  const { zone, replayWithinMs, volatile } = entry;
  const compiled: Compiled = { rules, zone, sentAt, replayWithinMs, volatile: new Set(volatile) };
  const expressions = [...expressionsOf(rules), ...(sentAt ? [sentAt] : [])];
  return {
    readsPath: expressions.some((one) => one.readsPath),
    headers: [...new Set(expressions.flatMap(({ headers }) => headers))],
    map: (document, context) => atOnce(mapDocument(aboutOf(document, context, compiled))),
    mapInTurns: async (document, context) => {
      const about = aboutOf(document, context, compiled);
      return await inTurns(mapDocument(about), about);
    },
    ...(rules.some(({ action }) => action === 'check') && {
      questions: (document, context) => questionsIn(aboutOf(document, context, compiled)),
    }),
  };
}

function aboutOf(document: unknown, context: MappingContext, compiled: Compiled): About {
  return { document, context, compiled, budget: createBudget(context.units), scope: scopeOf(document, context) };
}

type Steps = Generator<void, readonly MappedItem[]>;

function atOnce(steps: Steps): readonly MappedItem[] {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

async function inTurns(steps: Steps, { budget }: About): Promise<readonly MappedItem[]> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await othersTurn();
    nextTurn(budget);
  }
}

function* mapDocument(about: About): Steps {
  try {
    const rule = ruleFor(about);
    if (!rule) return [keep(about, unmatched(about))];
    if (rule.forEach) return yield* mapEach(rule, rule.forEach, about);
    const made = mapOne(rule, about);
    return made.items ?? [keep(about, made.why)];
  } catch (error) {
    return [keepWhole(about, whyNot(error))];
  }
}
