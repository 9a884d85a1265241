import type { HookRow } from '../ledger/schema.ts';
import type { Notice } from '../reservation/notice.ts';
import type { Channel, Confirmation, Plan } from '../reservation/plan.ts';
import type { Source } from '../reservation/source.ts';
import type { Part } from './dispatch.ts';
import type { Facts } from './facts.ts';

/** One delivery to make. */
export interface Recipient {
  readonly channel: 'callback' | 'log' | 'email' | 'webhook';
  /** The source's name, an email address or `hook:<id>`; never a URL, which might hold a password. */
  readonly target: string;
  readonly part: Part;
}

/** Where the code of a claim comes from; absent when it asks for none. */
export type CodeBy = Channel | 'operator';

export interface Reach {
  readonly source: Source | undefined;
  readonly plan: Plan | undefined;
  readonly facts: Facts;
  readonly smtp: boolean;
}

/** What says how a holder can be reached. */
type ReachOfHolder = Omit<Reach, 'facts'> & { readonly facts: Pick<Facts, 'holder'> };

/** The plan's channels that can reach this holder, in the plan's order. A plan that is gone from the configuration uses them all. */
export function channelsFor({ source, plan, facts, smtp }: ReachOfHolder): Channel[] {
  const usable = {
    callback: source?.callback?.notifications !== undefined,
    email: smtp && facts.holder.email !== undefined,
    webhook: source?.webhook !== undefined,
  } as const satisfies Record<Channel, boolean>;
  const by = plan?.handover.by ?? (['callback', 'email', 'webhook'] as const);
  return [...new Set(by)].filter((channel) => usable[channel]);
}

/**
 * What the claim asks for. The plan's wish is never weakened to `none`: `email` for a holder whose address nobody knows becomes a
 * code, and a code without a second channel stays with the operator (`reissueLink` shows it).
 */
export function confirmationFor({ plan, facts }: Pick<ReachOfHolder, 'plan' | 'facts'>): Confirmation {
  const wanted = plan?.handover.confirm ?? 'email';
  return wanted === 'email' && facts.holder.email === undefined ? 'code' : wanted;
}

export function codeByFor(confirm: Confirmation, channels: readonly Channel[]): CodeBy | undefined {
  return confirm === 'code' ? (channels[1] ?? 'operator') : undefined;
}

/** Everyone who is told. With a code the first channel carries the link and the second the code, others the news alone. */
export function recipientsOf(notice: Notice, reach: Reach, told: { hooks: readonly HookRow[]; codeBy?: CodeBy }): Recipient[] {
  const { source, facts } = reach;
  const channels = notice.kind === 'alert' ? [] : channelsFor(reach);
  const claims = notice.kind === 'issued' || notice.kind === 'rotated';
  const recipients: Recipient[] = channels.map((channel, place) => ({
    channel,
    target: channel === 'email' ? (facts.holder.email ?? '') : facts.reservation.source,
    part: claims ? partOf(place, told.codeBy) : 'news',
  }));
  if (source?.callback?.log) recipients.push({ channel: 'log', target: source.name, part: 'news' });
  for (const hook of told.hooks) recipients.push({ channel: 'webhook', target: `hook:${hook.id}`, part: 'news' });
  return recipients;
}

function partOf(place: number, codeBy: CodeBy | undefined): Part {
  if (codeBy === undefined || place === 0) return 'link';
  return place === 1 ? 'code' : 'news';
}
