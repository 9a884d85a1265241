import type { Ledger } from '../ledger/database.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { Lens } from '../lease/look.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Source } from '../reservation/source.ts';
import type { Sealer } from '../secret/seal.ts';
import type { Reply } from '../sources/handshake/reply.ts';
import { judge, type Verdict } from './check.ts';
import { createGroupCommit, notRecorded } from './group-commit.ts';
import { keptWhole, readRequest, type Received } from './read.ts';
import { record, type Arrival, type Outcome } from './record.ts';
import { replayEvent } from './replay.ts';

export interface Receiver {
  /** Throws a Fault `not_found`. */
  source(name: string): Source;
  /**
   * Resolves once it is committed, or with the answer to what is no event. Throws a Fault: `not_found` for an unknown source,
   * `unauthorized` before anything is parsed, `invalid` for what cannot be read, `unavailable` when it was not recorded and must be sent again.
   */
  receive(request: Received): Promise<Reception>;
  /** Maps a quarantined event again, under the configuration of now. Throws a Fault for any other event. */
  replay(eventId: string, actor?: string): Promise<Outcome>;
}

export type Reception =
  | { readonly kind: 'recorded'; readonly outcome: Outcome; readonly status: number }
  | { readonly kind: 'answered'; readonly reply: Reply };

export interface ReceiverParts {
  readonly ledger: Pick<Ledger, 'transact' | 'engine'>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly now: () => Date;
  readonly log?: Log;
  readonly metrics?: Pick<Metrics, 'acks' | 'duplicates'>;
  /** What keys are made at, for what each of them enforces. */
  readonly providers?: Lens['providers'];
  /** Told which of a source's secrets a request was signed with, by its fingerprint. */
  readonly secretUsed?: (source: string, fingerprint: string) => void;
}

const HEAVIEST = 2_000;
const MOST_WAITING = 5_000;

/** Verify, parse, map, record: in this order, and acknowledged only when it is committed (law 1). */
export function createReceiver(parts: ReceiverParts): Receiver {
  const { ledger, policy, now, metrics, providers = () => undefined } = parts;
  const mover = () => ({ jobs: parts.jobs, sealer: parts.sealer, policy: policy(), now: now() });
  const commit = createGroupCommit<Arrival, Outcome>({
    flush: (arrivals) => ledger.transact((tx) => record(tx, arrivals, mover()), { ahead: true }),
    weigh: ({ items }) => items.length,
    heaviest: HEAVIEST,
    mostWaiting: MOST_WAITING,
    // The embedded database does one at a time: whatever comes meanwhile goes with the next.
    inFlight: ledger.engine === 'embedded' ? 1 : 2,
  });

  async function receive(request: Received): Promise<Reception> {
    const source = sourceNamed(policy(), request.source);
    if (source.auth.kind === 'none') throw new Fault('not_found', `source "${source.name}" takes no webhooks: it is read`);
    const about = { source: source.name, requestId: request.requestId };
    try {
      const reading = readRequest(request, source, now());
      if (reading.signedWith !== undefined) parts.secretUsed?.(source.name, reading.signedWith);
      if (reading.reply) {
        metrics?.acks.inc({ source: source.name, status: 'handshake' });
        return { kind: 'answered', reply: reading.reply };
      }
      const asked = reading.asked();
      if (asked) return answer(source, judge(source.name, asked, { policy: policy(), now, providers }), about);
      const outcome = await recordOrKeep(reading.arrival(), reading.document);
      count(source.name, outcome.status);
      parts.log?.debug('webhook recorded', { ...about, ...outcome, signedWith: reading.signedWith });
      return { kind: 'recorded', outcome, status: source.answers[outcome.status] };
    } catch (error) {
      const fault = error instanceof Fault ? error : notRecorded(error);
      metrics?.acks.inc({ source: source.name, status: 'refused' });
      parts.log?.warn('webhook refused', { ...about, code: fault.code, reason: fault.message, cause: fault.cause });
      throw fault;
    }
  }

  /** To a booking system that asked whether a booking would be granted. */
  function answer({ name, answers }: Source, verdict: Verdict, about: object): Reception {
    metrics?.acks.inc({ source: name, status: verdict.status === 'granted' ? 'check-granted' : 'check-refused' });
    parts.log?.debug('booking judged beforehand', { ...about, ...verdict });
    return { kind: 'answered', reply: { status: answers[verdict.status], body: { json: verdict } } };
  }

  function count(source: string, status: Outcome['status']): void {
    metrics?.acks.inc({ source, status });
    if (status === 'duplicate') metrics?.duplicates.inc({ source });
  }

  /** What is authentic but cannot be recorded as mapped, for a reason that trying again does not cure, is kept as it came. */
  async function recordOrKeep(arrival: Arrival, document: unknown): Promise<Outcome> {
    const { source, requestId, items } = arrival;
    try {
      return await commit.submit(arrival);
    } catch (error) {
      if (error instanceof Fault) throw error;
      parts.log?.error('event kept aside: recording it failed', { source, requestId, error });
      return await commit.submit({ ...arrival, items: [keptWhole(items, document, 'recording it failed; see the log')] });
    }
  }

  return {
    source: (name) => sourceNamed(policy(), name),
    receive,
    replay: (eventId, actor = 'operator') =>
      ledger.transact((tx) =>
        replayEvent(tx, { eventId, actor }, { ...mover(), mappingOf: (name) => sourceNamed(policy(), name).mapping }),
      ),
  };
}

function sourceNamed({ sources }: Policy, name: string): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source) throw new Fault('not_found', `there is no source "${name.slice(0, 100)}"`);
  return source;
}
