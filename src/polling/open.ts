import { claimPoll, findPolls, type Claim } from '../ledger/polls.ts';
import type { PollRow } from '../ledger/tables/sources.ts';
import { Fault } from '../reservation/fault.ts';
import type { PolledSource, Source } from '../reservation/source.ts';
import { pollSource, type Polled, type PollParts } from './poll.ts';

/** Longer than any reading takes: whoever took it is gone by then. */
const CLAIM_MS = 5 * 60_000;
const AT_ONCE = 8;

export interface PollingOptions extends PollParts {
  readonly log: (message: string, fields: object) => void;
  readonly counted?: (source: string, outcome: Polled['outcome']) => void;
}

export interface Pollings {
  /** Begins to read the sources that are due, and waits for none of them: a slow one delays nobody. */
  sweep(): Promise<void>;
  /**
   * Reads a source now. `insists`: the operator who says that what is missing is gone. Throws a Fault: `not_found` for a source that is not
   * read, `conflict` while it is being read.
   */
  pollNow(source: string, options?: { readonly insists?: string }): Promise<Polled>;
  /** Where the reading of each of these stands. */
  states(sources: readonly string[]): Promise<ReadonlyMap<string, PollRow>>;
  /** Waits for what is being read. */
  drain(): Promise<void>;
}

/** Reads the sources that do not push. Several nodes share the work: a reading is claimed by a row. */
export function openPolling(options: PollingOptions): Pollings {
  const { ledger, policy, now, log, counted } = options;
  const running = new Map<string, Promise<unknown>>();

  async function claimed(source: PolledSource, when: 'due' | 'at once'): Promise<{ claim: Claim; row: PollRow } | undefined> {
    const at = now();
    const claim = { source: source.name, now: at, until: new Date(at.getTime() + CLAIM_MS) };
    const row = await claimPoll(ledger.db, claim, when);
    return row && { claim, row };
  }

  async function read(polling: Parameters<typeof pollSource>[0]): Promise<Polled> {
    const polled = await pollSource(polling, options);
    const { name } = polling.source;
    counted?.(name, polled.outcome);
    if (polled.error !== null) log('source polled', { source: name, ...polled });
    return polled;
  }

  async function readDue(source: PolledSource): Promise<void> {
    const mine = await claimed(source, 'due');
    if (mine) await read({ source, ...mine });
  }

  function begin(source: PolledSource): void {
    const { name } = source;
    const reading = readDue(source)
      .catch((error: unknown) =>
        log('source not polled', { source: name, error: error instanceof Error ? error.message : 'unknown' }),
      )
      .finally(() => running.delete(name));
    running.set(name, reading);
  }

  return {
    async sweep() {
      const sources = Object.values(policy().sources).filter(isPolled);
      if (sources.length === 0) return;
      const states = await statesOf(sources.map(({ name }) => name));
      const isDue = ({ name }: Source) => !running.has(name) && dueAt(states.get(name)) <= now().getTime();
      // Whoever waits longest first.
      const due = sources.filter(isDue).sort((a, b) => dueAt(states.get(a.name)) - dueAt(states.get(b.name)));
      for (const source of due.slice(0, AT_ONCE - running.size)) begin(source);
    },
    async pollNow(name, { insists } = {}) {
      const source = Object.hasOwn(policy().sources, name) ? policy().sources[name] : undefined;
      if (!source || !isPolled(source)) throw new Fault('not_found', `there is no source "${name.slice(0, 100)}" that is polled`);
      const mine = await claimed(source, 'at once');
      if (!mine) throw new Fault('conflict', `source ${name} is being read`);
      return await read({ source, ...mine, insists });
    },
    states: statesOf,
    async drain() {
      await Promise.all(running.values());
    },
  };

  async function statesOf(sources: readonly string[]): Promise<ReadonlyMap<string, PollRow>> {
    return new Map((await findPolls(ledger.db, sources)).map((row) => [row.source, row]));
  }
}

function isPolled(source: Source): source is PolledSource {
  return source.poll !== undefined;
}

function dueAt(row: PollRow | undefined): number {
  return row ? Math.max(row.nextAt.getTime(), row.claimedUntil?.getTime() ?? 0) : 0;
}
