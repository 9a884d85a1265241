import type { Event, EventType } from '../../reservation/event.ts';
import type { MappedItem } from '../../reservation/source.ts';
import type { About } from './about.ts';
import { Exhausted, spend } from './budget.ts';
import type { Rule } from './compile.ts';
import { contentOf } from './content.ts';
import { signedOr, whyNot, type Why } from './keep.ts';
import { meaningOf } from './meaning.ts';
import { bookingOf, dedupeOf, observe, type Observation } from './observe.ts';
import { mayBe } from './schema.ts';
import { isStale, sentAtOf, stale } from './sent.ts';
import { evaluateField, lookUp, Unfit } from './values.ts';

/** What a rule makes of a document, or of one element: the booking's event and the ends of those that it replaces; or why it cannot. */
export type Made = { readonly items: readonly MappedItem[] } | { readonly items?: undefined; readonly why: Why };

/** Throws `Exhausted`, and nothing else. */
export function mapOne(rule: Rule, about: About): Made {
  let type: EventType | undefined;
  try {
    const action = typeof rule.action === 'string' ? rule.action : lookUp(rule.action, `${rule.at}.action`, about);
    if (action === 'check') return { items: [ignored(rule, about, 'it asks beforehand whether a booking would be granted')] };
    if (!mayBe(action)) throw new Unfit({ at: `${rule.at}.action`, expression: expressionOf(rule) }, 'is not there');
    if (action === 'ignore') return { items: [{ ...ignored(rule, about), externalId: bookingOf(rule, about) }] };
    type = action;
    const sentAt = sentAtOf(about, rule, type);
    const { zone } = about.compiled;
    const seen = observe(rule, { ...about, type, zone, sentAt: sentAt ?? about.context.sentAt });
    const items = itemsOf(seen, about);
    return { items: isStale(sentAt, about) ? items.map(stale) : items };
  } catch (error) {
    if (error instanceof Exhausted) throw error;
    spend(about.budget, UNREAD);
    return { why: { ...whyNot(error), type, externalId: bookingOf(rule, about) } };
  }
}

/** What cannot be read takes as long as so many steps more: an error knows where it came from. */
const UNREAD = 100;

function expressionOf({ action }: Rule): string | undefined {
  return typeof action === 'string' ? undefined : action.expression.text;
}

function itemsOf({ event, stated, dedupe, supersedes }: Observation, { context, element }: About): MappedItem[] {
  const nameOf = (one: Event): string => {
    const which = `${one.type}:${one.reservationId}`;
    if (context.signedId !== undefined)
      return !element && one === event ? `id:${context.signedId}` : `id:${context.signedId} ${which}`;
    if (dedupe !== undefined) return `key:${dedupe}:${which}`;
    return meaningOf(one, stated === undefined ? undefined : new Date(stated));
  };
  const replaced = supersedes.map((id): Event => ({ type: 'cancelled', reservationId: id, version: event.version }));
  return [event, ...replaced].map((one) => ({ outcome: 'accepted', dedupe: nameOf(one), event: one }));
}

type Ignored = Extract<MappedItem, { readonly outcome: 'ignored' }>;

/** Throws `Unfit`. */
export function ignored(rule: Rule, about: About, reason = whyIgnored(rule, about)): Ignored {
  const field = rule.fields.get('dedupe');
  const name = field && dedupeOf(evaluateField(field, about));
  return { outcome: 'ignored', dedupe: signedOr(`ignored:${name ?? contentOf(about)}`, about), reason };
}

function whyIgnored({ at, reason }: Rule, about: About): string {
  const said = typeof reason === 'object' ? lookUp({ expression: reason }, `${at}.reason`, about) : reason;
  return typeof said === 'string' ? said.slice(0, 200).toWellFormed() : 'it says nothing of a booking';
}
