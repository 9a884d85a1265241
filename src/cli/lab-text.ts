import type { Report } from '../lab/report.ts';
import { formatRate } from '../reservation/limits.ts';
import { dim, instant, plain, strong } from './output.ts';

/** What would come of samples, for a person at a terminal. */
export function labText(report: Report): string {
  const { source, preset, samples, bookings } = report;
  return [
    strong(`Source ${plain(source)}${preset ? `, preset ${plain(preset)}` : ''}, as of ${at(report.now)}`),
    ...samples.flatMap((sample) => ['', ...sampleText(sample)]),
    ...bookings.flatMap((booking) => ['', ...bookingText(booking)]),
    '',
    `${strong('Result:')} ${resultOf(report)} Nothing was stored or sent.`,
  ].join('\n');
}

type Sample = Report['samples'][number];
type Observation = Sample['observations'][number];
type Booking = Report['bookings'][number];
type Lease = Booking['leases'][number];

function sampleText({ name, receivedAt, path, arrival, signature, body, observations }: Sample): string[] {
  return [
    strong(`Sample ${plain(name ?? 'as given')}, arrived ${at(receivedAt)}${path === '' ? '' : ` at …/${plain(path)}`}`),
    ...(arrival ? [`  then: ${plain(arrival.outcome)}${arrival.reason ? `, ${plain(arrival.reason)}` : ''}`] : []),
    `  signature: ${signatureText(signature)}`,
    `  body: ${plain(body.kind)}, ${body.bytes} bytes${body.problem ? `, ${strong('refused')}: ${plain(body.problem)}` : ''}`,
    ...observations.flatMap(observationText),
  ];
}

function signatureText({ verdict, reason, secret }: Sample['signature']): string {
  switch (verdict) {
    case 'accepted':
      return secret ? `accepted, by secret ${secret}` : 'accepted';
    case 'refused':
      return `${strong('refused')}: ${plain(reason)}. A real request would be turned away with 401; the rest shows what it would have said.`;
    case 'unsigned':
      return 'not judged, since no headers were given';
    case 'removed':
      return 'not judged: its secrets were removed when it was recorded';
    case 'open':
      return `the source asks for none: ${strong('anybody can post as it')}`;
    default:
      verdict satisfies never;
      return '';
  }
}

function observationText(observation: Observation, index: number): string[] {
  const { outcome, type, booking, reason, problems, recorded } = observation;
  const about = [type && plain(type), booking && `booking ${plain(booking)}`].filter(Boolean).join(' ');
  const before = recorded ? ', recorded before: a repetition changes nothing' : '';
  const why = reason && problems.length === 0 ? `, ${plain(reason)}` : '';
  const title = `  ${index + 1}. ${outcome === 'quarantined' ? strong(outcome) : outcome}${about ? `: ${about}` : ''}${why}${before}`;
  return [title, ...saidText(observation), ...problems.flatMap(problemText)];
}

function saidText({ said }: Observation): string[] {
  if (!said) return [];
  const { resource, holders, startsAt, endsAt, title, parameters = {} } = said;
  const asked = Object.entries(parameters).map(([name, value]) => `${name} ${listed(value)}`);
  return [
    ...(title ? [`     title: ${plain(title)}`] : []),
    ...(resource ? [`     resource: ${resourceText(resource)}`] : []),
    ...(startsAt || endsAt ? [`     from ${instant(startsAt) || 'not said'} to ${instant(endsAt) || 'not said'}`] : []),
    ...(holders ?? []).map((holder) => `     holder: ${holderText(holder)}`),
    ...(asked.length > 0 ? [`     asks for: ${asked.join(', ')}`] : []),
  ];
}

function problemText({ at: place, expression, value, reason }: Observation['problems'][number]): string[] {
  return [
    `     ${plain(place)}: ${plain(reason)}`,
    ...(expression === undefined ? [] : [`       expression: ${plain(expression)}`]),
    ...(value === undefined ? [] : [`       value: ${plain(value)}`]),
  ];
}

function bookingText({ booking, known, resource, startsAt, endsAt, closed, problem, plans, leases }: Booking): string[] {
  return [
    strong(`Booking ${plain(booking)}${known ? ', on top of what is recorded' : ''}${closed ? `, ${closed}` : ''}`),
    `  ${resource ? resourceText(resource) : 'no resource'}, ${at(startsAt) || 'no start'} to ${at(endsAt) || 'no end'}`,
    ...(closed && leases.length === 0 ? ['  it is over: no key is made'] : []),
    ...(problem ? [`  ${strong('no lease')}: ${plain(problem)}`] : []),
    ...plans.map(({ plan, matches, why }) => `  plan ${plain(plan)} ${matches ? 'matches' : 'does not match'}: ${listed(why)}`),
    ...leases.flatMap(leaseText),
  ];
}

function leaseText({ id, holder, plan, provider, state, reason, opensAt, closesAt, grant, refused, told, next, wakeAt }: Lease) {
  return [
    `  ${strong(`Lease ${id ? plain(id) : `for ${holderText(holder)}`}`)} under plan ${plain(plan)} at ${plain(provider)}: ${state}${reason ? `, ${plain(reason)}` : ''}`,
    ...(opensAt ? [`    window: ${at(opensAt)} to ${at(closesAt)}`] : []),
    ...(grant ? [`    may: ${grantText(grant)}`] : []),
    ...refused.map((why) => `    refused: ${plain(why)}`),
    `    told by ${told.by.join(', ') || 'nobody: an operator hands the link on (latchkey claim-link)'}${confirmText(told)}`,
    ...next.map((step) => `    ${dim(at(step.at))}  ${DOING[step.does]}${step.reason ? `: ${plain(step.reason)}` : ''}`),
    ...(next.length === 0 && wakeAt ? [`    looked at again at ${at(wakeAt)}`] : []),
    ...(next.length === 0 && !wakeAt ? ['    nothing happens until its source says something new'] : []),
  ];
}

const DOING: Readonly<Record<Lease['next'][number]['does'], string>> = {
  issue: 'a key is made, and its holder told where to fetch it',
  opens: 'the key begins to work',
  ending: 'the holder is told that it ends soon',
  retime: 'the window of the key is moved',
  suspend: 'the key is held back',
  resume: 'the key works again',
  revoke: 'the key is taken away',
};

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

function resourceText({ id, name, type }: { readonly id: string; readonly name?: string; readonly type?: string }): string {
  return `${plain(name ?? id)} (id ${plain(id)}${type ? `, type "${plain(type)}"` : ''})`;
}

function holderText({ id, name, email }: { readonly id: string; readonly name?: string; readonly email?: string }): string {
  return [id, name, email]
    .filter((part) => part !== undefined && part !== '')
    .map(plain)
    .join(', ');
}

function listed(value: unknown): string {
  return Array.isArray(value) ? value.map(plain).join(', ') : plain(value);
}

function at(date: Date | null): string {
  return date ? instant(date.toISOString()) : '';
}

function resultOf({ ok, samples }: Report): string {
  const outcomes = samples.flatMap(({ observations }) => observations.map(({ outcome }) => outcome));
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
  const counts = (['accepted', 'ignored', 'quarantined'] as const).map((outcome) => `${count(outcome)} ${outcome}`).join(', ');
  return `${counts}.${ok ? '' : ' Not everything is in order.'}`;
}
