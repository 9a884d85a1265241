import type { Received } from '../intake/read.ts';
import type { Ledger } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import { addSample, REFUSED } from '../ledger/recordings.ts';
import type { RecordingTable, SampleTable } from '../ledger/tables/sources.ts';
import type { Source } from '../reservation/source.ts';
import { Secret } from '../secret/secret.ts';
import type { Sealer } from '../secret/seal.ts';
import { queryForm, redactBody, redactHeaders } from './redact.ts';
import type { WrittenSample } from './sample.ts';

/** Bounds of one recording, so that nobody fills the ledger with it. */
export const MOST_SAMPLES = 100;
/** A stranger leaves room for those who are expected. */
const MOST_REFUSED = 30;
const LARGEST = 256 * 1024;

/** What became of a request. */
export interface Fate {
  /** accepted, duplicate, ignored, quarantined; answered, where it was no event; refused, where nobody knows who sent it; failed. */
  readonly outcome: string;
  readonly reason: string | null;
}

export interface Kept {
  readonly request: Received;
  readonly source: Source;
  readonly receivedAt: Date;
  readonly fate: Fate;
}

/** Keeps a request as a sample: without secrets, sealed, as long as its recording has room. */
export async function keepSample(
  { ledger, sealer }: { readonly ledger: Pick<Ledger, 'db'>; readonly sealer: Sealer },
  kept: Kept,
  recording: RecordingTable,
): Promise<void> {
  const id = newId('smp');
  const { source, receivedAt, fate } = kept;
  const row = {
    id,
    source: source.name,
    receivedAt,
    ...fate,
    sealedSample: sealer.seal(new Secret(JSON.stringify(written(kept))), contextOf(id)),
  };
  await addSample(ledger.db, row, { since: recording.startedAt, most: MOST_SAMPLES, mostRefused: MOST_REFUSED });
}

/** A sample as it was kept. */
export function openSample(sealer: Sealer, { id, sealedSample }: Pick<SampleTable, 'id' | 'sealedSample'>): WrittenSample {
  return JSON.parse(sealer.open(sealedSample, contextOf(id)).reveal()) as WrittenSample;
}

function contextOf(id: string): string {
  return `sample:${id}`;
}

function written({ request, source, receivedAt, fate }: Kept): WrittenSample {
  const known = source.secrets.map(({ secret }) => secret);
  const tooLarge = request.body.length > LARGEST;
  return {
    source: source.name,
    receivedAt: receivedAt.toISOString(),
    method: 'POST',
    path: request.path ?? '',
    query: queryForm(request.query ?? ''),
    headers: redactHeaders(request.rawHeaders, { read: source.mapping.headers, known }),
    ...(tooLarge ? { body: '', encoding: 'utf8' as const } : redactBody(request.body, known)),
    outcome: fate.outcome,
    reason: tooLarge ? `${fate.reason ?? 'recorded'}; its body of more than 256 kB was not kept` : fate.reason,
  };
}

/** Of a request that failed with one of our faults. */
export function fateOf(code: string, reason: string, detail: unknown): Fate {
  const more = typeof detail === 'string' ? `: ${detail}` : '';
  return { outcome: code === 'unauthorized' ? REFUSED : 'failed', reason: `${reason}${more}` };
}
