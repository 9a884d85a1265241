import { openChild, answerParent, type Child } from './child.ts';
import { openConnection } from './connection.ts';
import { percentile } from './figures.ts';
import { requestsFor, type Questions, type Recipe } from './requests.ts';

/** The load generator: a process of its own, keep-alive connections, the next request of each when its last was answered. */

export interface Load {
  readonly url: string;
  readonly recipe: Recipe | Questions;
  readonly connections: number;
  /** Not counted. */
  readonly warmupMs?: number;
  /** How long, or how many in all. */
  readonly until: { readonly ms: number } | { readonly requests: number };
}

export interface Loaded {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Counted answers by status; 0 is a lost connection. */
  readonly statuses: Readonly<Record<string, number>>;
  /** All that were sent, the warm-up too. */
  readonly sent: number;
  /** The first request, and the first and the last counted answer, in ms since 1970. */
  readonly sentAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

export type Loader = Child<Load, Loaded>;

export async function openLoader(): Promise<Loader> {
  return (await openChild<Load, Loaded>('load.ts')).child;
}

async function run({ url, recipe, connections, warmupMs = 0, until }: Load): Promise<Loaded> {
  const target = new URL(url);
  const nextRequest = requestsFor(recipe, target.host);
  const lines = await Promise.all(Array.from({ length: connections }, () => openConnection(target)));
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  const begun = performance.now();
  const countFrom = begun + warmupMs;
  const end = 'ms' in until ? countFrom + until.ms : Infinity;
  const most = 'requests' in until ? until.requests : Infinity;
  let sent = 0;
  let firstAt = 0;
  let lastAt = 0;

  const drive = (line: (typeof lines)[number]): Promise<void> =>
    new Promise((resolve) => {
      const next = (): void => {
        if (sent >= most || performance.now() >= end) return resolve();
        sent += 1;
        const request = nextRequest();
        const sentAt = performance.now();
        line.send(request, (status) => {
          const at = performance.now();
          if (sentAt >= countFrom && at <= end) {
            latencies.push(at - sentAt);
            statuses[status] = (statuses[status] ?? 0) + 1;
            firstAt ||= at;
            lastAt = at;
          }
          if (status === 0) return resolve();
          next();
        });
      };
      next();
    });
  await Promise.all(lines.map(drive));
  for (const line of lines) line.close();
  const seconds = ('ms' in until ? until.ms : lastAt - begun) / 1000;
  return {
    perSecond: latencies.length / seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    statuses,
    sent,
    sentAt: performance.timeOrigin + begun,
    firstAt: performance.timeOrigin + firstAt,
    lastAt: performance.timeOrigin + lastAt,
  };
}

if (import.meta.main) answerParent({ ready: true }, run);
