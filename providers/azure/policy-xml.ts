import type { AddressRange } from './addresses.ts';
import type { Budget, RateRule } from './limits.ts';
import { pathsExpression, UNCLEAR_PATH, wordsExpression } from './path-pattern.ts';

/** Everything that keys of one kind may do. */
export interface Grant {
  readonly methods: readonly string[];
  readonly endpoints: readonly string[];
  readonly allowedIps?: readonly AddressRange[];
  readonly rate?: RateRule;
  readonly quota?: Budget;
}

/** Bounds what the display name says; where it says nothing, our clock alone does. */
const OVER = [
  'Regex.IsMatch(context.Subscription?.Name ?? "", "until=[0-9TZ:-]{20}")',
  'string.CompareOrdinal(Regex.Match(context.Subscription.Name, "until=([0-9TZ:-]{20})").Groups[1].Value, DateTime.UtcNow.ToString("s") + "Z") <= 0',
].join(' && ');

const PATH = 'context.Request.OriginalUrl.Path';

/**
 * The policy of a product, in the format `xml`. It stands the same for the same grant. What comes from people is in it only as a regular
 * expression of `path-pattern.ts`, as a number or as an address, and everything is escaped besides.
 */
export function policyXml({ methods, endpoints, allowedIps, rate, quota }: Grant): string {
  return [
    '<policies>',
    '<inbound>',
    '<base />',
    '<choose>',
    refuse('method', `!Regex.IsMatch(context.Request.Method, ${csharp(wordsExpression(methods))})`),
    refuse('path', `Regex.IsMatch(${PATH}, ${csharp(UNCLEAR_PATH)})`),
    refuse('path', `!Regex.IsMatch(${PATH}, ${csharp(pathsExpression(endpoints))})`),
    refuse('time', OVER),
    '</choose>',
    ...(allowedIps ? [ipFilter(allowedIps)] : []),
    ...(rate ? [rateLimit(rate)] : []),
    ...(quota ? [`<quota calls=${number(quota.calls)} renewal-period=${number(quota.seconds)} />`] : []),
    '</inbound>',
    '<backend><base /></backend>',
    '<outbound><base /></outbound>',
    '<on-error><base /></on-error>',
    '</policies>',
  ].join('\n');
}

function refuse(what: 'method' | 'path' | 'time', condition: string): string {
  const response = `<return-response><set-status code="403" reason="This key does not allow the ${what}" /></return-response>`;
  return `<when condition=${attribute(`@(${condition})`)}>${response}</when>`;
}

function ipFilter(ranges: readonly AddressRange[]): string {
  const elements = ranges.map(({ from, to }) => `<address-range from=${attribute(from)} to=${attribute(to)} />`);
  // An empty filter is not allowed, and would mean all.
  if (elements.length === 0) elements.push('<address>0.0.0.0</address>');
  return `<ip-filter action="allow">${elements.join('')}</ip-filter>`;
}

function rateLimit({ policy, calls, seconds }: RateRule): string {
  // The counters of this policy are shared by all that use the same key for them.
  const counter = policy === 'quota-by-key' ? ` counter-key=${attribute('@("latchkey-" + context.Subscription.Id)')}` : '';
  return `<${policy} calls=${number(calls)} renewal-period=${number(seconds)}${counter} />`;
}

const number = (value: number) => attribute(String(Math.trunc(value)));

const csharp = (expression: string) => `"${expression.replaceAll('\\', '\\\\')}"`;

function attribute(value: string): string {
  const escaped = value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `"${escaped}"`;
}
