/** A request as a booking system would post it, to see what would come of it. */
export interface Sample {
  /** Where it came from, for people: a file's name, an id. */
  readonly name?: string;
  /** When it arrived, or would have. */
  readonly receivedAt: Date;
  readonly method: string;
  /** What stands behind the source's name in the path; empty without. */
  readonly path: string;
  readonly query: string;
  /** Names and values in turn. Absent where it is not known what headers came: then no signature is asked for. */
  readonly rawHeaders?: readonly string[];
  readonly body: Buffer;
  /** Secrets were removed from it, so that its signature matches no longer. */
  readonly redacted: boolean;
  /** What was answered when it arrived, if it did. */
  readonly arrival?: { readonly outcome: string; readonly reason: string | null };
}

/** How a sample is written into files, and read from them. Repeated headers are lists. */
export interface WrittenSample {
  readonly source: string;
  readonly receivedAt: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
  /** Of `body`; base64 where it is no text. */
  readonly encoding: 'utf8' | 'base64';
  readonly outcome: string;
  readonly reason: string | null;
}

/** Of the samples in a file; anything else is a body as it is posted. */
const MARK = '$samples';

export function writeSamples(samples: readonly WrittenSample[]): string {
  return `${JSON.stringify({ [MARK]: samples }, null, 2)}\n`;
}

export interface ReadingOptions {
  /** For those that do not say it. */
  readonly receivedAt: Date;
  readonly name?: string;
}

/** The samples that a file holds; a file that says nothing of samples is one body, byte for byte. Throws an Error for samples that are none. */
export function readSamples(bytes: Buffer, { receivedAt, name }: ReadingOptions): readonly Sample[] {
  const written = writtenIn(bytes);
  if (!written) return [{ name, receivedAt, method: 'POST', path: '', query: '', body: bytes, redacted: false }];
  return written.map((one, place) => fromWritten(one, { receivedAt, name: written.length > 1 ? `${name} ${place + 1}` : name }));
}

export function pairsOf(headers: WrittenSample['headers']): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).flatMap((one) => [name, one]),
  );
}

/** By name in lower case; those that came more than once are lists. */
export function headersOf(rawHeaders: readonly string[]): Record<string, string | string[]> {
  const named: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    const before = named[name];
    named[name] = before === undefined ? rawHeaders[at + 1]! : [before, rawHeaders[at + 1]!].flat();
  }
  return named;
}

function writtenIn(bytes: Buffer): readonly Partial<WrittenSample>[] | undefined {
  try {
    const parsed = JSON.parse(bytes.toString('utf8')) as Record<string, unknown> | null;
    const samples = typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, MARK) ? parsed[MARK] : undefined;
    return Array.isArray(samples) ? (samples as Partial<WrittenSample>[]) : undefined;
  } catch {
    // Whatever it is, it is a body.
    return undefined;
  }
}

function fromWritten(written: Partial<WrittenSample>, { receivedAt, name }: ReadingOptions): Sample {
  const { body, headers, outcome } = written;
  if (typeof body !== 'string') throw new Error(`${name ?? 'the sample'} has no body`);
  const at = written.receivedAt === undefined ? receivedAt : new Date(written.receivedAt);
  if (Number.isNaN(at.getTime())) throw new Error(`${name ?? 'the sample'} has a receivedAt that is no instant`);
  return {
    name,
    receivedAt: at,
    method: written.method ?? 'POST',
    path: written.path ?? '',
    query: written.query ?? '',
    rawHeaders: headers && pairsOf(headers),
    body: Buffer.from(body, written.encoding === 'base64' ? 'base64' : 'utf8'),
    redacted: outcome !== undefined,
    ...(outcome !== undefined && { arrival: { outcome, reason: written.reason ?? null } }),
  };
}
