import { formatRate } from '../reservation/limits.ts';
import type { FindingsAnswer } from './answers.ts';
import { dim, instant, plain, strong } from './output.ts';

type Booking = FindingsAnswer['bookings'][number];
type Lease = Booking['leases'][number];

/** What would come of a booking, for a person at a terminal: its plans, its leases, and what happens when. */
export function bookingText({ booking, known, resource, startsAt, endsAt, closed, problem, plans, leases }: Booking): string[] {
  return [
    strong(`Booking ${plain(booking)}${known ? ', on top of what is recorded' : ''}${closed ? `, ${closed}` : ''}`),
    `  ${resource ? resourceText(resource) : 'no resource'}, ${instant(startsAt) || 'no start'} to ${instant(endsAt) || 'no end'}`,
    ...(closed && leases.length === 0 ? ['  it is over: no key is made'] : []),
    ...(problem ? [`  ${strong('no lease')}: ${plain(problem)}`] : []),
    ...plans.map(({ plan, matches, why }) => `  plan ${plain(plan)} ${matches ? 'matches' : 'does not match'}: ${listed(why)}`),
    ...leases.flatMap(leaseText),
  ];
}

function leaseText({ id, holder, plan, provider, state, reason, opensAt, closesAt, grant, refused, told, next, wakeAt }: Lease) {
  return [
    `  ${strong(`Lease ${id ? plain(id) : `for ${holderText(holder)}`}`)} under plan ${plain(plan)} at ${plain(provider)}: ${state}${reason ? `, ${plain(reason)}` : ''}`,
    ...(opensAt ? [`    window: ${instant(opensAt)} to ${instant(closesAt)}`] : []),
    ...(grant ? [`    may: ${grantText(grant)}`] : []),
    ...refused.map((why) => `    refused: ${plain(why)}`),
    `    told by ${told.by.join(', ') || 'nobody: an operator hands the link on (latchkey claim-link)'}${confirmText(told)}`,
    ...next
      .filter(({ does }) => does !== 'ending' || told.by.length > 0)
      .map((step) => `    ${dim(instant(step.at))}  ${doing(step, told)}`),
    ...(next.length === 0 && wakeAt ? [`    looked at again at ${instant(wakeAt)}`] : []),
    ...(next.length === 0 && !wakeAt ? ['    nothing happens until its source says something new'] : []),
  ];
}

const DOING: Readonly<Record<Lease['next'][number]['does'], string>> = {
  issue: 'a key is made',
  opens: 'the key begins to work',
  ending: 'the holder is told that it ends soon',
  retime: 'the window of the key is moved',
  suspend: 'the key is held back',
  resume: 'the key works again',
  revoke: 'the key is taken away',
};

/** Whoever cannot be told is told nothing. */
function doing({ does, reason }: Lease['next'][number], { by }: Lease['told']): string {
  const telling = by.length > 0 ? ', and its holder told where to fetch it' : ', and waits for an operator to hand its link on';
  return `${DOING[does]}${does === 'issue' ? telling : ''}${reason ? `: ${plain(reason)}` : ''}`;
}

function grantText({ scopes, methods, endpoints, quota, rateLimit, limits = [] }: NonNullable<Lease['grant']>): string {
  const counts = [...(quota ? [quota] : []), ...(rateLimit ? [rateLimit] : []), ...limits].map(formatRate);
  return [`scopes ${listed(scopes)}`, listed(methods), `on ${listed(endpoints)}`, counts.join(' and ')]
    .filter((part) => part !== '')
    .join('; ');
}

function confirmText({ confirm, codeBy }: Lease['told']): string {
  if (confirm === 'none') return '';
  return confirm === 'email' ? ', confirmed by the email address' : `, with a code that comes by ${codeBy ?? 'operator'}`;
}

export function resourceText({
  id,
  name,
  type,
}: {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
}): string {
  return `${plain(name ?? id)} (id ${plain(id)}${type ? `, type "${plain(type)}"` : ''})`;
}

export function holderText({
  id,
  name,
  email,
}: {
  readonly id: string;
  readonly name?: string;
  readonly email?: string;
}): string {
  return [...new Set([id, name, email])]
    .filter((part) => part !== undefined && part !== '')
    .map(plain)
    .join(', ');
}

export function listed(value: unknown): string {
  return Array.isArray(value) ? value.map(plain).join(', ') : plain(value);
}
