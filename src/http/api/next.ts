import type { ListedClaim } from '../../ledger/lists/claims.ts';
import type { ListedKey } from '../../ledger/lists/keys.ts';
import type { ListedLease } from '../../ledger/lists/leases.ts';
import type { Decision } from '../../reservation/decide.ts';
import type { LeaseState } from '../../reservation/lease.ts';

export interface LeaseNews {
  readonly lease: ListedLease;
  readonly keys: readonly ListedKey[];
  readonly claims: readonly ListedClaim[];
  readonly decision: Decision;
}

/** What happens next to a lease and when, in plain sentences. */
export function nextFor(news: LeaseNews): string {
  const { decision, lease } = news;
  if (decision.steps.length > 0)
    return `Now: ${decision.steps.map((step) => DOING[step.do]).join(', then ')} at ${lease.provider}.`;
  return SENTENCES[decision.state](news);
}

/** What happens next to a booking of which no lease came. */
export function nextWithoutLease({ problem, closed }: { problem: string | null; closed: boolean }): string {
  if (closed) return 'The booking is over and had no lease. Nothing more happens.';
  if (problem) return `No key is made: ${problem}. ${REMEDY}`;
  return 'No key is made until the source says for whom and for what the booking is.';
}

const REMEDY =
  'Correct it at the source, or the plans in the configuration: it is looked at again with the next event of the booking and when the configuration is reloaded.';

const DOING: Readonly<Record<Decision['steps'][number]['do'], string>> = {
  issue: 'a key is made',
  retime: "the key's window is moved",
  revoke: 'a key is taken away',
  suspend: 'the key is held back',
  resume: 'the key works again',
};

const SENTENCES: Readonly<Record<LeaseState, (news: LeaseNews) => string>> = {
  pending: ({ lease, decision: { reason, wakeAt } }) => {
    const why = reason ? `${capital(reason)}. ` : '';
    if (wakeAt) return `${why}At ${at(wakeAt)} a key is made for ${lease.holderId} at ${lease.provider}.`;
    return `${why}A key is made when an event of the booking says more.`;
  },
  issuing: (news) => `A key is being made at ${news.lease.provider}. ${tryAgain(news)}`,
  active: (news) => [unclaimed(news), overlapping(news), closing(news)].filter((sentence) => sentence !== '').join(' '),
  suspended: ({ lease }) =>
    `Held back until an operator resumes it${lease.closesAt ? `; at ${at(lease.closesAt)} its window ends` : ''}.`,
  revoking: (news) => `A key is being taken away at ${news.lease.provider}. ${tryAgain(news)}`,
  stuck: (news) =>
    `A key could not be taken away at ${news.lease.provider} and is a debt. ${tryAgain(news)} An operator can close it with a reason.`,
  revoked: ({ decision: { reason } }) => `Over${reason ? `: ${reason}` : ''}. Nothing more happens.`,
  refused: ({ decision: { reason } }) =>
    `Refused${reason ? `: ${reason}` : ''}. It is looked at again when the booking or the configuration changes.`,
};

function tryAgain({ keys, decision: { wakeAt } }: LeaseNews): string {
  const failing = keys.find((key) => key.retryAt !== null && key.state !== 'revoked');
  const when = failing?.retryAt ?? wakeAt;
  const why = failing?.lastError ? ` The last answer was: ${failing.lastError}.` : '';
  return `${when ? `The next try is at ${at(when)}.` : 'It is tried again shortly.'}${why}`;
}

function unclaimed({ claims, keys, lease }: LeaseNews): string {
  const waiting = claims.find(
    (claim) => claim.claimedAt === null && keys.some((key) => key.id === claim.keyId && key.state === 'active'),
  );
  return waiting ? `The key waits to be claimed by ${lease.holderId} until ${at(waiting.expiresAt)}.` : '';
}

function overlapping({ lease, keys }: LeaseNews): string {
  const older = keys.some((key) => key.state === 'active' && key.generation < lease.generation);
  return older && lease.overlapUntil ? `The key before it ends at ${at(lease.overlapUntil)}.` : '';
}

function closing({ decision: { window } }: LeaseNews): string {
  return window ? `At ${at(window.closesAt)} the window closes and the key is taken away.` : '';
}

function at(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
