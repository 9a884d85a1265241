import type { Event, EventType } from '../../reservation/event.ts';
import type { MappedItem, Mapping, MappingContext, MappingProblem, Question } from '../../reservation/source.ts';
import { createBudget, type Budget } from './budget.ts';
import { compileRules, type Complain, type Rule } from './compile.ts';
import { compileExpression, type Expression, type Scope } from './expression.ts';
import { Instant, OptionalInstant } from './fields.ts';
import { contentHash, meaningOf } from './meaning.ts';
import { bookingOf, closes, observe, type Observation } from './observe.ts';
import { questionOf } from './questions.ts';
import { mayBe, type RuleEntry } from './schema.ts';
import { evaluateField, isTrue, lookUp, shown, Unfit } from './values.ts';

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
}

const SAYS_NOTHING = 'it says nothing of a booking';
const ASKS = 'it asks beforehand whether a booking would be granted';

/** More than that in one document are kept in one piece. */
const MOST_APART = 20;
const MOST_ELEMENTS = 2000;
const TOO_MANY = `makes more than ${MOST_ELEMENTS} events in one request`;
const UNITS_OF_AN_ELEMENT = 10;

/** Compiles a mapping. What is wrong in it is told to `complain`; the mapping is of use only when nothing was. */
export function createMapping(entry: MappingEntry, complain: Complain): Mapping {
  const surroundings = { zone: entry.zone };
  const rules = compileRules(entry.rules, surroundings, complain);
  const sentAt = entry.sentAt === undefined ? undefined : compileSent(entry.sentAt, entry.zone, complain);
  const expressions = [...expressionsOf(rules), ...(sentAt ? [sentAt] : [])];
  const compiled: Compiled = { ...entry, rules, sentAt };
  return {
    headers: [...new Set(expressions.flatMap(({ headers }) => headers))],
    map(document, context) {
      return mapDocument(document, context, compiled);
    },
    ...(rules.some(({ action }) => action === 'check') && {
      questions: (document, context) => askedIn(document, context, compiled),
    }),
  };
}

interface Compiled {
  readonly rules: readonly Rule[];
  readonly sentAt: Expression | undefined;
  readonly replayWithinMs?: number;
  readonly volatile?: readonly string[];
}

function compileSent(text: string, zone: string | undefined, complain: Complain): Expression | undefined {
  try {
    return compileExpression(text, { zone });
  } catch (error) {
    complain(['sentAt'], (error as Error).message);
    return undefined;
  }
}

function expressionsOf(rules: readonly Rule[]): Expression[] {
  return rules.flatMap(({ match, action, reason, forEach, fields }) => [
    ...match.map(({ expression }) => expression),
    ...(typeof action === 'string' ? [] : [action.expression]),
    ...(typeof reason === 'object' ? [reason] : []),
    ...(forEach ? [forEach] : []),
    ...fields.flatMap(({ value }) => ('expression' in value ? [value.expression] : [])),
  ]);
}

function mapDocument(document: unknown, context: MappingContext, compiled: Compiled): readonly MappedItem[] {
  let about = aboutOf(document, context, compiled);
  try {
    const rule = ruleFor(about);
    if (!rule) return [keep(about, unmatched(about))];
    about = { ...about, single: !rule.forEach };
    return rule.forEach ? mapEach(rule, rule.forEach, about) : mapOne(rule, about);
  } catch (error) {
    return [keep(about, whyNot(error))];
  }
}

/** Undefined for what no rule of `action: check` is for. */
function askedIn(document: unknown, context: MappingContext, compiled: Compiled): readonly Question[] | undefined {
  const about = aboutOf(document, context, compiled);
  let rule: Rule | undefined;
  try {
    rule = ruleFor(about);
    if (rule?.action !== 'check') return undefined;
    if (!rule.forEach) return [questionOf(rule, about)];
    return elementsOf(rule.forEach, about).map((item) => questionOf(rule!, { ...about, scope: withItem(item, about) }));
  } catch (error) {
    // What no rule could be found for is no question; `map` says why.
    return rule && [{ ok: false, reason: whyNot(error).reason }];
  }
}

function aboutOf(document: unknown, context: MappingContext, compiled: Compiled): About {
  return {
    document,
    context,
    compiled,
    budget: createBudget(context.list?.units),
    scope: scopeOf(document, context),
    single: true,
  };
}

interface About {
  readonly document: unknown;
  readonly context: MappingContext;
  readonly compiled: Compiled;
  readonly budget: Budget;
  readonly scope: Scope;
  /** Its rule makes one event of the document, so that its signed id names that. */
  readonly single: boolean;
  /** Of a rule with `forEach`: the element, and a name for what stands around it. */
  readonly element?: { readonly item: unknown; readonly around: () => string };
}

/** The members of the document by their names, the whole as `body`, and the `request`. */
function scopeOf(document: unknown, { headers = {}, path = '' }: MappingContext): Scope {
  const named = typeof document === 'object' && document !== null && !Array.isArray(document) ? document : {};
  const request = Object.assign(Object.create(null) as object, { headers: bare(headers), path });
  return Object.assign(bare(named), { body: document, request });
}

function bare(members: object): Record<string, unknown> {
  return Object.assign(Object.create(null) as Record<string, unknown>, members);
}

function ruleFor({ compiled: { rules }, scope, budget }: About): Rule | undefined {
  return rules.find(({ match }, index) =>
    match.every(({ expression, in: values }, place) => {
      const at = `map[${index}].match${match.length > 1 ? `[${place}]` : ''}`;
      const value = lookUp({ expression }, { at, scope, budget });
      return values ? values.has(value) : isTrue(value);
    }),
  );
}

/** What the rules looked at, for whoever wonders why none was for it. */
function unmatched({ compiled: { rules }, scope, budget }: About): Why {
  const looked = new Map(rules.flatMap(({ match }) => match.map(({ expression }) => [expression.text, expression])));
  const problems = [...looked.values()].map((expression): MappingProblem => {
    const value = lookUp({ expression }, { at: 'map', scope, budget });
    return { at: 'map', expression: expression.text, value: shown(value), reason: 'no rule is for this' };
  });
  const where = [...looked.keys()].map((text) => text.slice(0, 60)).join(' and at ');
  const reason = `no rule of its map is for it, which look at ${where}`.slice(0, 300);
  return { reason: `${reason}: add one, with action: ignore if it says nothing of a booking`, problems };
}

function mapEach(rule: Rule, forEach: Expression, about: About): readonly MappedItem[] {
  const elements = elementsOf(forEach, about);
  if (elements.length === 0) return [ignore(about, { reason: 'there is no event in it' })];
  const around = once(() => contentOf({ ...about, document: onlyWith(undefined, forEach, about.document) }));
  const read = elements.map((item) => readOne(rule, elementOf(item, { about, around })));
  const unread = read.filter(isUnread);
  // One by one they would be as many copies of what stands around them.
  const apart = unread.length <= MOST_APART;
  const items = read.flatMap((one, index): readonly MappedItem[] => {
    if (!isUnread(one)) return one;
    return apart
      ? [
          keepUnread(one, {
            ...elementOf(elements[index], { about, around }),
            document: onlyWith(elements[index], forEach, about.document),
          }),
        ]
      : [];
  });
  if (apart) return items;
  const reason = `${unread.length} of its ${elements.length} events could not be read; the first: ${unread[0]!.why.reason}`;
  return [...items, keep(about, { reason, problems: unread[0]!.why.problems })];
}

/** As `about`, for one of a list. What stands around it is looked at once for all of them: there may be much of it, and many. */
function elementOf(item: unknown, { about, around }: { about: About; around: () => string }): About {
  about.budget.spend(UNITS_OF_AN_ELEMENT + Object.keys(about.scope).length / 4);
  return { ...about, scope: withItem(item, about), element: { item, around } };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function elementsOf(forEach: Expression, about: About): readonly unknown[] {
  const found = lookUp({ expression: forEach }, { at: 'forEach', ...about });
  const elements = found === null && !about.context.list ? [] : found;
  const place = { at: 'forEach', expression: forEach.text };
  if (!Array.isArray(elements)) throw new Unfit({ ...place, reason: 'must make a list' });
  if (elements.length > MOST_ELEMENTS) throw new Unfit({ ...place, reason: TOO_MANY });
  return elements;
}

function withItem(item: unknown, { scope }: About): Scope {
  return Object.assign(bare(scope), { item });
}

/** The document with this element alone, where it is known how it got there. */
function onlyWith(item: unknown, { path }: Expression, document: unknown): unknown {
  if (!path || path[0] === 'body' || path[0] === 'request') return document;
  const [name, ...rest] = path;
  const around = document as Record<string, unknown>;
  return Object.assign(bare(around), { [name!]: rest.length === 0 ? [item] : inner(item, rest, around[name!]) });
}

function inner(item: unknown, [name, ...rest]: readonly string[], around: unknown): unknown {
  const members = around as Record<string, unknown>;
  return Object.assign(bare(members), { [name!]: rest.length === 0 ? [item] : inner(item, rest, members[name!]) });
}

function mapOne(rule: Rule, about: About): readonly MappedItem[] {
  const read = readOne(rule, about);
  return isUnread(read) ? [keepUnread(read, about)] : read;
}

/** What could not be read, before it is kept: that costs as much as the document is long. */
interface Unread {
  readonly why: Why;
  readonly type?: EventType;
  readonly externalId?: string;
}

function isUnread(read: readonly MappedItem[] | Unread): read is Unread {
  return 'why' in read;
}

function keepUnread({ why, ...known }: Unread, about: About): MappedItem & { outcome: 'quarantined' } {
  return { ...keep(about, why), ...known };
}

function readOne(rule: Rule, about: About): readonly MappedItem[] | Unread {
  let type: EventType | undefined;
  try {
    const action = typeof rule.action === 'string' ? rule.action : lookUp(rule.action, { at: 'action', ...about });
    if (action === 'check') return [ignore(about, { reason: ASKS, rule })];
    if (!mayBe(action)) throw new Unfit({ at: 'action', reason: 'says nothing' });
    if (action === 'ignore') return [ignore(about, { reason: whyIgnored(rule, about), rule })];
    type = action;
    const sentAt = sentAtOf(about, rule, type);
    const seen = observe(rule.fields, { ...about, type, sentAt: sentAt ?? about.context.sentAt, strict: rule.strict });
    const items = itemsOf(seen, about);
    return isStale(sentAt, about) ? items.map(stale) : items;
  } catch (error) {
    return { why: whyNot(error), type, externalId: bookingOf(rule.fields, about) };
  }
}

/** The observation, and the end of those that it takes the place of. */
function itemsOf({ event, stated, dedupe, supersedes }: Observation, { context, single }: About): MappedItem[] {
  const nameOf = (one: Event): string => {
    const which = `${one.type}:${one.reservationId}`;
    if (context.signedId !== undefined)
      return single && one === event ? `id:${context.signedId}` : `id:${context.signedId} ${which}`;
    if (dedupe !== undefined) return `key:${dedupe}:${which}`;
    return meaningOf(one, stated === undefined ? undefined : new Date(stated));
  };
  const events = [event, ...supersedes.map((id): Event => ({ type: 'cancelled', reservationId: id, version: event.version }))];
  return events.map((one) => ({ outcome: 'accepted', dedupe: nameOf(one), event: one }));
}

function sentAtOf({ compiled: { sentAt }, scope, budget }: About, { strict }: Rule, type: EventType): Date | undefined {
  if (!sentAt) return undefined;
  const value = lookUp({ expression: sentAt }, { at: 'sent.at', scope, budget });
  const read = (strict ? Instant : OptionalInstant).safeParse(value);
  if (read.success) return read.data;
  if (closes(type)) return undefined;
  throw new Unfit({ at: 'sent.at', expression: sentAt.text, value: shown(value), reason: read.error.issues[0]!.message });
}

function isStale(sentAt: Date | undefined, { context, compiled: { replayWithinMs } }: About): boolean {
  if (!sentAt || replayWithinMs === undefined) return false;
  return Math.abs(context.now.getTime() - sentAt.getTime()) > replayWithinMs;
}

/** A captured request that comes again much later. It is told from a late delivery by nothing, so neither has effect. */
function stale(item: MappedItem): MappedItem {
  if (item.outcome !== 'accepted') return item;
  return {
    outcome: 'ignored',
    dedupe: `stale:${item.dedupe}`,
    reason: 'sent too long before or after it arrived: a replay has no effect',
    type: item.event.type,
    externalId: item.event.reservationId,
  };
}

function whyIgnored({ reason }: Rule, { scope, budget }: About): string {
  if (reason === undefined || typeof reason === 'string') return reason ?? SAYS_NOTHING;
  const said = lookUp({ expression: reason }, { at: 'reason', scope, budget });
  return typeof said === 'string' ? said.slice(0, 200).toWellFormed() : SAYS_NOTHING;
}

function ignore(about: About, { reason, rule }: { readonly reason: string; readonly rule?: Rule }): MappedItem {
  const field = rule?.fields.find(({ name }) => name === 'dedupe');
  const own = field && evaluateField(field, about);
  const name = typeof own === 'string' || typeof own === 'number' ? String(own).slice(0, 500) : contentOf(about);
  return { outcome: 'ignored', dedupe: signedOr(`ignored:${name}`, about), reason };
}

type Why = { readonly reason: string; readonly problems: readonly MappingProblem[] };

function whyNot(error: unknown): Why {
  if (error instanceof Unfit) {
    const { at, expression, reason } = error.problem;
    return {
      reason: `${at}${expression === undefined ? '' : ` (${expression.slice(0, 200)})`} ${reason}`,
      problems: [error.problem],
    };
  }
  const reason = error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read';
  return { reason, problems: [{ at: 'map', reason }] };
}

function keep(about: About, { reason, problems }: Why): MappedItem & { outcome: 'quarantined' } {
  const dedupe = signedOr(`quarantined:${contentOf(about)}`, about);
  return { outcome: 'quarantined', dedupe, reason, problems, document: about.document };
}

/** A signed id has no space in it. */
function signedOr(name: string, { context: { signedId }, single }: About): string {
  if (signedId === undefined) return name;
  return single ? `id:${signedId}` : `id:${signedId} ${name}`;
}

function contentOf({ document, context, compiled: { volatile = [] }, element }: About): string {
  if (element) return contentHash([element.around(), element.item]);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return contentHash([document, context.path]);
  const lasting = Object.entries(document).filter(([name]) => !volatile.includes(name));
  return contentHash([Object.fromEntries(lasting), context.path]);
}
