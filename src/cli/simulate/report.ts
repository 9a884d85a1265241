import { table } from '../table.ts';
import type { Sent } from './play.ts';
import type { Lost } from './sends.ts';
import type { Verdict } from './check.ts';

/** What a simulation did, for machines; `text` of it for people. */
export interface Report {
  readonly url: string;
  readonly seed: number;
  readonly faults: readonly string[];
  readonly bookings: number;
  readonly firstId: number;
  readonly seconds: number;
  /** Interrupted: what was left was not sent, and nothing was checked. */
  readonly brokenOff: boolean;
  /** By type, how many of each sort: event, copy, retry, noise. */
  readonly sent: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By status and outcome, such as `202 duplicate`. */
  readonly answers: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly most: number };
  /** How much later than planned requests left at worst: above a second, the sender could not keep up. */
  readonly latestMs: number;
  /** By type: what was not told, on purpose. */
  readonly lost: Readonly<Record<string, number>>;
  /** By type: what no answer said that it was received, however often it was tried. */
  readonly undelivered: Readonly<Record<string, number>>;
  readonly check?: Verdict;
}

export interface Played extends Pick<Report, 'url' | 'seed' | 'faults' | 'bookings' | 'firstId' | 'seconds' | 'brokenOff'> {
  readonly sent: readonly Sent[];
  readonly lost: readonly Lost[];
  readonly undelivered: readonly Lost[];
  readonly check?: Verdict;
}

export function reportOf({ sent, lost, undelivered, ...about }: Played): Report {
  const byType = Map.groupBy(sent, ({ send }) => send.says.type);
  const waits = sent.map(({ reply }) => reply.ms).toSorted((a, b) => a - b);
  return {
    ...about,
    sent: Object.fromEntries([...byType].map(([type, own]) => [type, countBy(own, ({ send }) => send.why)])),
    answers: countBy(sent, ({ reply }) => answerOf(reply)),
    latencyMs: { p50: rank(waits, 0.5), p99: rank(waits, 0.99), most: rank(waits, 1) },
    latestMs: Math.round(sent.reduce((latest, { lateMs }) => Math.max(latest, lateMs), 0)),
    lost: countBy(lost, ({ type }) => type),
    undelivered: countBy(undelivered, ({ type }) => type),
  };
}

function answerOf({ status, outcome, problem }: Sent['reply']): string {
  if (status === 0) return `none: ${problem ?? 'unknown'}`;
  return outcome === undefined ? String(status) : `${status} ${outcome}`;
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(items, nameOf)].map(([name, own]) => [name, own.length]));
}

/** Nearest rank, in tenths of a millisecond. */
function rank(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return Math.round(value * 10) / 10;
}

export function reportText(report: Report): string {
  const { latencyMs, latestMs, lost, check, sent } = report;
  const sorts = ['event', 'copy', 'retry', 'noise'];
  const columns = sorts.map((sort) => ({ title: sort.toUpperCase(), of: ([, counts]: SentOfType) => counts[sort] }));
  return [
    `${report.bookings} bookings from ${report.firstId} on, in ${report.seconds} s, to ${report.url}; seed ${report.seed}`,
    ...(report.brokenOff ? ['Broken off: what was left was not sent, and nothing was checked.'] : []),
    `Faults: ${report.faults.join(', ') || 'none'}`,
    '',
    table<SentOfType>(Object.entries(sent), [{ title: 'SENT', of: ([type]) => type }, ...columns]),
    '',
    `Answers: ${listed(report.answers)}`,
    `Latency: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, at most ${latencyMs.most} ms`,
    ...(latestMs > 1000 ? [`The sender could not keep up: requests left up to ${latestMs} ms late. Give a lower --speed.`] : []),
    `Not told on purpose: ${listed(lost)}`,
    ...(Object.keys(report.undelivered).length > 0 ? [`Never received: ${listed(report.undelivered)}`] : []),
    ...(check ? ['', ...checkText(check)] : []),
  ].join('\n');
}

type SentOfType = [string, Readonly<Record<string, number>>];

function checkText({ ok, byStanding, changing, unknowable, mistakes }: Verdict): string[] {
  const counts = [
    listed(byStanding),
    ...(changing > 0 ? [`${changing} just changing`] : []),
    ...(unknowable > 0 ? [`${unknowable} not checked, of which something was not told`] : []),
  ].join('; ');
  return ok
    ? [`The service has it as it is: ${counts}`]
    : [
        `THE SERVICE HAS IT OTHERWISE, ${mistakes.length} of: ${counts}`,
        ...mistakes.map(({ booking, standing, wrong }) => `  booking ${booking} (${standing}): ${wrong}`),
      ];
}

function listed(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'nothing'
  );
}
