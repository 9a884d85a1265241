import ipaddr from 'ipaddr.js';
import { type Element, parseXml } from './fake-xml.ts';

/*
 * What the fake gateway makes of a policy document. It knows the policies that the driver may use, each with its rules, and a few forms of
 * C# expressions; anything else is a validation error, as it is to the service.
 */

export interface Visit {
  readonly method: string;
  readonly path: string;
  readonly ip: string;
  readonly sid: string;
  /** The display name of the subscription. */
  readonly name: string;
  readonly at: Date;
  readonly createdAt: Date;
}

/** Counts, and says whether this one is still within the limit. */
export type Count = (key: string, window: { calls: number; from: number }) => boolean;

/** The status with which the gateway refuses the visit, or undefined. */
export type Policy = (visit: Visit, count: Count) => number | undefined;

type Tier = 'classic' | 'v2' | 'consumption';

/** Throws with a reason where the service would answer 400. */
export function compilePolicy(source: string, tier: Tier): Policy {
  const document = parseXml(source);
  must(document.name === 'policies', 'no policies');
  must(document.children.map(({ name }) => name).join() === 'inbound,backend,outbound,on-error', 'sections');
  const [inbound, ...others] = document.children;
  for (const { children } of others) must(children.length === 1 && children[0]!.name === 'base', 'base');
  const names = inbound!.children.map(({ name }) => name);
  for (const once of ['rate-limit', 'quota', 'base'])
    must(names.filter((name) => name === once).length <= 1, `${once} more than once`);
  const policies = inbound!.children.map((element) => compileElement(element, tier));
  return (visit, count) => {
    for (const policy of policies) {
      const status = policy(visit, count);
      if (status !== undefined) return status;
    }
    return undefined;
  };
}

function compileElement(element: Element, tier: Tier): Policy {
  must(element.text.trim() === '', 'text');
  if (element.name === 'base') return () => undefined;
  if (element.name === 'choose') return choose(element);
  if (element.name === 'ip-filter') return ipFilter(element);
  must(element.children.length === 0, 'children');
  const calls = whole(element, 'calls');
  const seconds = whole(element, 'renewal-period');
  if (element.name === 'rate-limit') {
    only(element, 'calls', 'renewal-period');
    must(seconds >= 1 && seconds <= 300, 'renewal-period');
    const since = (at: Date) => at.getTime() - seconds * 1000 + 1;
    return ({ sid, at }, count) => (count(`rate ${sid}`, { calls, from: since(at) }) ? undefined : 429);
  }
  if (element.name === 'quota-by-key') {
    only(element, 'calls', 'renewal-period', 'counter-key');
    must(tier === 'classic' && (seconds === 0 || seconds >= 300), 'quota-by-key');
    const key = /^@\("([a-z-]+)" \+ context\.Subscription\.Id\)$/.exec(element.attributes['counter-key'] ?? '')?.[1];
    must(key !== undefined, 'counter-key');
    return ({ sid, at }, count) => (count(`${key} ${sid}`, { calls, from: periodOf(at, seconds, 0) }) ? undefined : 403);
  }
  must(element.name === 'quota', `unknown policy ${element.name}`);
  only(element, 'calls', 'renewal-period');
  return ({ sid, at, createdAt }, count) =>
    count(`quota ${sid}`, { calls, from: periodOf(at, seconds, createdAt.getTime()) }) ? undefined : 403;
}

function periodOf(at: Date, seconds: number, start: number): number {
  return seconds === 0 ? 0 : at.getTime() - ((at.getTime() - start) % (seconds * 1000));
}

function choose({ children }: Element): Policy {
  const whens = children.map((when) => {
    must(when.name === 'when' && when.children.length === 1 && when.children[0]!.name === 'return-response', 'when');
    const [status] = when.children[0]!.children;
    must(status?.name === 'set-status' && /^[\w ]+$/.test(status.attributes['reason'] ?? ''), 'set-status');
    only(when, 'condition');
    return { holds: compileCondition(when.attributes['condition'] ?? ''), code: whole(status, 'code') };
  });
  return (visit) => whens.find(({ holds }) => holds(visit))?.code;
}

const MATCH = /^@\((!?)Regex\.IsMatch\(context\.Request\.(Method|OriginalUrl\.Path), "((?:[^"\\]|\\.)*)"\)\)$/s;
const OVER =
  /^@\(Regex\.IsMatch\(context\.Subscription\?\.Name \?\? "", "([^"\\]*)"\) && string\.CompareOrdinal\(Regex\.Match\(context\.Subscription\.Name, "([^"\\]*)"\)\.Groups\[1\]\.Value, DateTime\.UtcNow\.ToString\("s"\) \+ "Z"\) <= 0\)$/;

function compileCondition(expression: string): (visit: Visit) => boolean {
  must(!/\{\{|\}\}/.test(expression), 'a named value');
  const [, negated, subject, literal] = MATCH.exec(expression) ?? [];
  if (literal !== undefined) {
    const regex = new RegExp(csharp(literal).replaceAll('\\A', '^').replaceAll('\\z', '$'), 's');
    return ({ method, path }) => regex.test(subject === 'Method' ? method : path) !== (negated === '!');
  }
  const [, has, takes] = OVER.exec(expression) ?? [];
  must(has !== undefined && takes !== undefined, `unknown expression ${expression}`);
  return ({ name, at }) => {
    const until = new RegExp(takes).exec(name)?.[1] ?? '';
    return new RegExp(has).test(name) && until <= at.toISOString().replace(/\.\d+/, '');
  };
}

/** A regular string literal of C#. */
function csharp(literal: string): string {
  return literal.replace(/\\(.)/g, (_, escaped: string) => {
    must(escaped === '\\' || escaped === '"', `escape \\${escaped}`);
    return escaped;
  });
}

function ipFilter(element: Element): Policy {
  only(element, 'action');
  must(element.attributes['action'] === 'allow' && element.children.length > 0, 'ip-filter');
  const ranges = element.children.map(({ name, attributes, text }) => {
    must(name === 'address' || name === 'address-range', 'ip-filter');
    const [from, to] = name === 'address' ? [text, text] : [attributes['from'] ?? '', attributes['to'] ?? ''];
    must(ipaddr.isValid(from) && ipaddr.isValid(to), 'address');
    return { from: bytesOf(from), to: bytesOf(to) };
  });
  return ({ ip }) => (ranges.some(({ from, to }) => from <= bytesOf(ip) && bytesOf(ip) <= to) ? undefined : 403);
}

/** Comparable as text among addresses of one kind; the kinds differ in length first. */
function bytesOf(address: string): string {
  const hex = Buffer.from(ipaddr.process(address).toByteArray()).toString('hex');
  return `${hex.length}:${hex}`;
}

function whole({ attributes }: Element, name: string): number {
  const value = attributes[name] ?? '';
  must(/^\d{1,9}$/.test(value), name);
  return Number(value);
}

function only({ attributes }: Element, ...names: string[]): void {
  must(
    Object.keys(attributes).every((name) => names.includes(name)),
    `attributes ${Object.keys(attributes).join()}`,
  );
}

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`invalid policy: ${what}`);
}
