import type { FindingsAnswer } from './answers.ts';
import { bookingText, holderText, listed, resourceText } from './lab-booking-text.ts';
import { counted, instant, plain, strong } from './output.ts';

/** What would come of samples, for a person at a terminal. */
export function labText(report: FindingsAnswer): string {
  const { source, preset, samples, bookings, more } = report;
  return [
    strong(`Source ${plain(source)}${preset ? `, preset ${plain(preset)}` : ''}, as of ${instant(report.now)}`),
    ...samples.flatMap((sample) => ['', ...sampleText(sample)]),
    ...bookings.flatMap((booking) => ['', ...bookingText(booking)]),
    ...(more > 0 ? ['', `and ${counted(more, 'more booking')}`] : []),
    '',
    `${strong('Result:')} ${resultOf(report)} Nothing was stored or sent.`,
  ].join('\n');
}

type Sample = FindingsAnswer['samples'][number];
type Observation = Sample['observations'][number];
/** In quarantine nothing was recorded of it. */
type Seen = Omit<Observation, 'recorded'> & Partial<Observation>;

function sampleText({ name, receivedAt, path, arrival, signature, body, handshake, list, observations }: Sample): string[] {
  return [
    strong(`Sample ${plain(name ?? 'as given')}, arrived ${instant(receivedAt)}${path === '' ? '' : ` at …/${plain(path)}`}`),
    ...(arrival ? [`  then: ${plain(arrival.outcome)}${arrival.reason ? `, ${plain(arrival.reason)}` : ''}`] : []),
    ...signatureText(signature),
    `  body: ${plain(body.kind)}, ${body.bytes} bytes${body.problem ? `, ${strong('refused')}: ${plain(body.problem)}` : ''}`,
    ...(handshake ? [`  no event: answered ${handshake.status}, ${plain(handshake.answer)}`] : []),
    ...(list ? listText(list) : []),
    ...observations.slice(0, MOST_SHOWN).flatMap(observationText),
    ...(observations.length > MOST_SHOWN ? [`  and ${observations.length - MOST_SHOWN} more; --json has them all`] : []),
  ];
}

const MOST_SHOWN = 50;

function listText({ bookings, changed, missing, cancelled, held, problem }: NonNullable<Sample['list']>): string[] {
  const counts = `  list: ${counted(bookings, 'booking')}, ${changed} new or changed`;
  return [
    missing === 0 ? counts : `${counts}; ${missing} missing (${cancelled} cancelled, ${held} left alone)`,
    ...(problem ? [`    ${strong('not all of it can be read')}: ${plain(problem)}`] : []),
  ];
}

function signatureText({ verdict, reason, secret, expected }: Sample['signature']): string[] {
  const needs = `    a request must bring ${plain(expected)}`;
  switch (verdict) {
    case 'accepted':
      return [`  signature: accepted${secret ? `, by secret ${secret}` : ''}`];
    case 'refused':
      return [
        `  signature: ${strong('refused')}, ${plain(reason)}`,
        needs,
        '    A real request would be turned away with 401. The rest shows what it would have said.',
      ];
    case 'unsigned':
      return ['  signature: not judged, since no headers were given', needs];
    case 'removed':
      return ['  signature: not judged, since its secrets were removed when it was recorded'];
    case 'read':
      return ['  signature: none is asked for, since the source is read'];
    case 'open':
      return [`  signature: the source asks for none, so ${strong('anybody can post as it')}`];
    default:
      verdict satisfies never;
      return [];
  }
}

/** One observation, numbered, and what is wrong with it. */
export function observationText(observation: Seen, index: number): string[] {
  const { outcome, type, booking, reason, problems, recorded = false } = observation;
  const about = [type && plain(type), booking && `booking ${plain(booking)}`].filter(Boolean).join(' ');
  const before = recorded ? ', recorded before: a repetition changes nothing' : '';
  const why = reason && problems.length === 0 ? `, ${plain(reason)}` : '';
  const title = `  ${index + 1}. ${outcome === 'quarantined' ? strong(outcome) : outcome}${about ? `: ${about}` : ''}${why}${before}`;
  return [title, ...saidText(observation), ...problems.flatMap(problemText)];
}

function saidText({ said }: Seen): string[] {
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

function resultOf({ ok, samples }: FindingsAnswer): string {
  const outcomes = samples.flatMap(({ observations }) => observations.map(({ outcome }) => outcome));
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
  const counts = (['accepted', 'ignored', 'quarantined'] as const).map((outcome) => `${count(outcome)} ${outcome}`).join(', ');
  return `${counts}.${ok ? '' : ' Not everything is in order.'}`;
}
