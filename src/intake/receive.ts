import type { Ledger } from '../ledger/database.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { Lens } from '../lease/look.ts';
import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Source } from '../reservation/source.ts';
import type { Sealer } from '../secret/seal.ts';
import type { Reply } from '../sources/handshake/reply.ts';
import { judge } from './check.ts';
import { createGroupCommit, notRecorded } from './group-commit.ts';
import { keptWhole, readRequest, type Received } from './read.ts';
import { record, type Arrival, type Outcome } from './record.ts';
import { replayEvent } from './replay.ts';
import { createTally, type About, type TallyParts } from './tally.ts';

export interface Receiver {
  /** That takes webhooks. Throws a Fault `not_found`. */
  source(name: string): Source;
  /**
   * Resolves once it is committed, or with the answer to what is no event. Throws a Fault: `not_found` for an unknown source,
   * `unauthorized` before anything is parsed, `invalid` for what cannot be read, `unavailable` when it was not recorded and must be sent again.
   */
  receive(request: Received): Promise<Reception>;
  /** Counts what was answered before its body was read: a handshake, or why it was refused. */
  unread(about: About, refusal?: Fault): void;
  /** Maps a quarantined event again, under the configuration of now. Throws a Fault for any other event. */
  replay(eventId: string, actor?: string): Promise<Outcome>;
}

export type Reception =
  | { readonly kind: 'recorded'; readonly outcome: Outcome; readonly status: number }
  | { readonly kind: 'answered'; readonly reply: Reply };

export interface ReceiverParts extends TallyParts {
  readonly ledger: Pick<Ledger, 'transact' | 'engine'>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly now: () => Date;
  /** What keys are made at, for what each of them enforces. */
  readonly providers?: Lens['providers'];
  /** Told which of a source's secrets a request was signed with, by its fingerprint. */
  readonly secretUsed?: (source: string, fingerprint: string) => void;
}

const HEAVIEST = 2_000;
const MOST_WAITING = 5_000;

/** Verify, parse, map, record: in this order, and acknowledged only when it is committed (law 1). */
export function createReceiver(parts: ReceiverParts): Receiver {
  const { ledger, policy, now, providers = () => undefined } = parts;
  const tally = createTally(parts);
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
    const source = postingSource(policy(), request.source);
    const about = { source: source.name, requestId: request.requestId };
    try {
      const reading = readRequest(request, source, now());
      if (reading.signedWith !== undefined) parts.secretUsed?.(source.name, reading.signedWith);
      if (reading.reply) {
        tally.handshake(about);
        return { kind: 'answered', reply: reading.reply };
      }
      const asked = reading.asked();
      if (asked) {
        const verdict = judge(source.name, asked, { policy: policy(), now, providers });
        tally.judged(about, verdict);
        return { kind: 'answered', reply: { status: source.answers[verdict.status], body: { json: verdict } } };
      }
      const outcome = await recordOrKeep(await reading.arrivalInTurns(), reading.document);
      tally.recorded(about, outcome, reading.signedWith);
      return { kind: 'recorded', outcome, status: source.answers[outcome.status] };
    } catch (error) {
      const fault = error instanceof Fault ? error : notRecorded(error);
      tally.refused(about, fault);
      throw fault;
    }
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
    source: (name) => postingSource(policy(), name),
    receive,
    unread: (about, refusal) => (refusal ? tally.refused(about, refusal) : tally.handshake(about)),
    replay: (eventId, actor = 'operator') =>
      ledger.transact((tx) =>
        replayEvent(tx, { eventId, actor }, { ...mover(), mappingOf: (name) => sourceNamed(policy(), name).mapping }),
      ),
  };
}

function postingSource(policy: Policy, name: string): Source {
  const source = sourceNamed(policy, name);
  if (source.auth.kind === 'none') throw new Fault('not_found', `source "${name}" takes no webhooks: it is read`);
  return source;
}

function sourceNamed({ sources }: Policy, name: string): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source) throw new Fault('not_found', `there is no source "${name.slice(0, 100)}"`);
  return source;
}
