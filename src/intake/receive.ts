import type { Ledger } from '../ledger/database.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import type { MappedItem, Source, Verified } from '../reservation/source.ts';
import { fingerprintOf } from '../secret/hmac.ts';
import type { Sealer } from '../secret/seal.ts';
import { soleHeader } from '../sources/auth/signature.ts';
import { verifyRequest } from '../sources/auth/verify.ts';
import { parseJson } from '../sources/json.ts';
import { contentHash } from '../sources/map/meaning.ts';
import { createGroupCommit, notRecorded } from './group-commit.ts';
import { record, type Arrival, type Outcome } from './record.ts';
import { replayEvent } from './replay.ts';

export interface Receiver {
  /**
   * Resolves once it is committed. Throws a Fault: `not_found` for an unknown source, `unauthorized` before anything is parsed,
   * `invalid` for what is no JSON, `unavailable` when it was not recorded and must be sent again.
   */
  receive(request: Received): Promise<Outcome>;
  /** Maps a quarantined event again, under the configuration of now. Throws a Fault for any other event. */
  replay(eventId: string, actor?: string): Promise<Outcome>;
}

export interface Received {
  readonly source: string;
  /** What stands behind the source's name in the path; empty without. */
  readonly path?: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly requestId: string;
}

export interface ReceiverParts {
  readonly ledger: Pick<Ledger, 'transact' | 'engine'>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly now: () => Date;
  readonly log?: Log;
  readonly metrics?: Pick<Metrics, 'acks' | 'duplicates'>;
}

const HEAVIEST = 2_000;
const MOST_WAITING = 5_000;
const MOST_ITEMS = 2_000;

/** Verify, parse, map, record: in this order, and acknowledged only when it is committed (law 1). */
export function createReceiver(parts: ReceiverParts): Receiver {
  const { ledger, policy, now, metrics } = parts;
  const mover = () => ({ jobs: parts.jobs, sealer: parts.sealer, policy: policy(), now: now() });
  const commit = createGroupCommit<Arrival, Outcome>({
    flush: (arrivals) => ledger.transact((tx) => record(tx, arrivals, mover()), { ahead: true }),
    weigh: ({ items }) => items.length,
    heaviest: HEAVIEST,
    mostWaiting: MOST_WAITING,
    // The embedded database does one at a time: whatever comes meanwhile goes with the next.
    inFlight: ledger.engine === 'embedded' ? 1 : 2,
  });

  async function receive(request: Received): Promise<Outcome> {
    const source = sourceNamed(policy(), request.source);
    const about = { source: source.name, requestId: request.requestId };
    try {
      const { arrival, document, secretIndex } = read(request, source, now());
      const outcome = await recordOrKeep(arrival, document);
      count(source.name, outcome.status);
      // Which secret was used: that an old one no longer is shows here.
      parts.log?.debug('webhook recorded', { ...about, ...outcome, secretIndex });
      return outcome;
    } catch (error) {
      const fault = error instanceof Fault ? error : notRecorded(error);
      metrics?.acks.inc({ source: source.name, status: 'refused' });
      parts.log?.warn('webhook refused', { ...about, code: fault.code, reason: fault.message, cause: fault.cause });
      throw fault;
    }
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

/** What the request says, if it is authentic. Nothing is parsed before that. */
function read(request: Received, source: Source, now: Date): { arrival: Arrival; document: unknown; secretIndex: number } {
  const verified = verify(request, source, now);
  if (!verified.ok) throw new Fault('unauthorized', verified.reason);
  const parsed = parseJson(request.body);
  if (!parsed.ok) throw new Fault('invalid', `the body is refused: ${parsed.problem}`);
  const { secretIndex, id: signedId, sentAt } = verified;
  const secret = source.secrets[secretIndex]?.secret;
  const brought = { signedId, headers: headersOf(request, source), path: request.path ?? '' };
  const items = source.mapping.map(parsed.value, { now, sentAt, signedWith: secret && fingerprintOf(secret), ...brought });
  const arrival: Arrival = {
    source: source.name,
    requestId: request.requestId,
    receivedAt: now,
    brought,
    items: items.length <= MOST_ITEMS ? items : [keptWhole(items, parsed.value, `more than ${MOST_ITEMS} events in one request`)],
  };
  return { arrival, document: parsed.value, secretIndex };
}

function verify(request: Received, source: Source, now: Date): Verified {
  // Only with LATCHKEY_INSECURE=1 does a source have none. Without a signature nothing in a header identifies.
  if (source.secrets.length === 0) return { ok: true, secretIndex: -1 };
  return verifyRequest({ rawHeaders: request.rawHeaders, body: request.body, now }, source);
}

/** Those that the mapping reads, and no others: headers hold secrets. */
function headersOf({ rawHeaders }: Received, { mapping }: Source): Record<string, string> {
  return Object.fromEntries(
    mapping.headers.flatMap((name) => {
      const header = soleHeader(rawHeaders, name);
      return header.is === 'there' ? [[name, header.value]] : [];
    }),
  );
}

function keptWhole(items: readonly MappedItem[], document: unknown, reason: string): MappedItem {
  const dedupe = `quarantined:${contentHash(items.map((item) => item.dedupe))}`;
  return { outcome: 'quarantined', dedupe, reason, problems: [{ at: 'map', reason }], document };
}
