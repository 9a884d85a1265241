import type { Received } from '../intake/read.ts';
import type { Receiver, Reception } from '../intake/receive.ts';
import type { Ledger } from '../ledger/database.ts';
import { findEvent } from '../ledger/events.ts';
import { putRecording, removeRecording } from '../ledger/recordings.ts';
import type { RecordingTable } from '../ledger/tables/sources.ts';
import type { Log } from '../observe/log.ts';
import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import { fateOf, keepSample, type Fate } from './keep-sample.ts';
import { CHANNEL, createRecordingBook } from './recording-book.ts';

/** Samples of one source in one minute on one node. */
const MOST_A_MINUTE = 30;
/** Being written at once; the rest are let go rather than held in memory. */
const MOST_WAITING = 8;

export interface Recorder {
  /** Reads what is recorded, and from then on hears of every change. */
  open(): Promise<void>;
  /** The same receiver, whose requests are kept while their source is recorded. Where none is, it costs a look into a map. */
  around(receiver: Receiver): Receiver;
  start(source: string, forMs: number, actor: string): Promise<RecordingTable>;
  /** Throws Fault('not_found') where there is none. */
  stop(source: string, actor: string): Promise<void>;
  /** That goes on now. */
  of(source: string): RecordingTable | undefined;
  /** Resolves when what arrived before is kept. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface RecorderParts {
  readonly ledger: Pick<Ledger, 'engine' | 'db' | 'transact' | 'listen'>;
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly now: () => Date;
  readonly log: Log;
}

/** Keeps samples of what arrives, for a while and on request. */
export function createRecorder(parts: RecorderParts): Recorder {
  const { ledger, now, log } = parts;
  const waiting = new Set<Promise<void>>();
  const recent = new Map<string, number[]>();
  const book = createRecordingBook(parts);

  function keep(request: Received, fateOfIt: () => Promise<Fate>): void {
    const recording = book.of(request.source);
    const source = parts.policy().sources[request.source];
    if (!recording || !source || waiting.size >= MOST_WAITING || !hasRoom(recent, request.source, now())) return;
    const receivedAt = now();
    const work = fateOfIt()
      .then((fate) => keepSample(parts, { request, source, receivedAt, fate }, recording))
      .catch((error: unknown) => log.warn('a sample was not kept', { source: request.source, error }))
      .finally(() => waiting.delete(work));
    waiting.add(work);
  }

  const settled = async () => void (await Promise.all(waiting));

  async function receive(receiver: Receiver, request: Received): Promise<Reception> {
    try {
      const reception = await receiver.receive(request);
      keep(request, () => fateOfReception(parts, reception));
      return reception;
    } catch (error) {
      keep(request, async () => fateOfError(error));
      throw error;
    }
  }

  return {
    open: book.open,
    of: book.of,
    around: (receiver) => ({
      ...receiver,
      receive: (request) => (book.of(request.source) ? receive(receiver, request) : receiver.receive(request)),
    }),
    async start(source, forMs, actor) {
      const startedAt = now();
      const recording = { source, startedAt, startedBy: actor, until: new Date(startedAt.getTime() + forMs) };
      await ledger.transact(async (tx) => {
        await putRecording(tx.db, recording);
        tx.audit({ actor, action: 'recording.started', subject: source, detail: { until: recording.until.toISOString() } });
        await tx.notify(CHANNEL, source);
      });
      await book.refresh();
      return recording;
    },
    async stop(source, actor) {
      await ledger.transact(async (tx) => {
        if (!(await removeRecording(tx.db, source))) throw new Fault('not_found', `source ${source} is not recorded`);
        tx.audit({ actor, action: 'recording.stopped', subject: source });
        await tx.notify(CHANNEL, source);
      });
      await book.refresh();
    },
    settled,
    async close() {
      book.close();
      await settled();
    },
  };
}

function hasRoom(recent: Map<string, number[]>, source: string, now: Date): boolean {
  const at = now.getTime();
  const within = (recent.get(source) ?? []).filter((one) => at - one < 60_000);
  const room = within.length < MOST_A_MINUTE;
  recent.set(source, room ? [...within, at] : within);
  return room;
}

async function fateOfReception({ ledger }: RecorderParts, reception: Reception): Promise<Fate> {
  if (reception.kind !== 'recorded') return { outcome: 'answered', reason: 'it was no event' };
  const { status, eventId } = reception.outcome;
  // Where it is ignored or kept aside, the event says why.
  const event = status === 'accepted' ? undefined : await findEvent(ledger.db, eventId);
  return { outcome: status, reason: event?.reason ?? null };
}

function fateOfError(error: unknown): Fate {
  return error instanceof Fault
    ? fateOf(error.code, error.message, error.cause)
    : fateOf('unavailable', 'it was not recorded', '');
}
