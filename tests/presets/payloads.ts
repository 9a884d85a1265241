import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readRequest } from '../../src/intake/read.ts';
import type { MappedItem, Question, Source } from '../../src/reservation/source.ts';
import { sourceOf } from '../fixtures/source.ts';

/** Payloads of the systems that we ship presets for, through the presets as they are shipped. */

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** Where the payloads of a preset are; one file is the body of one request. */
const folderOf = (system: string) =>
  new URL(system === 'cloud-resource-reservation' ? `${system}/` : `presets/${system}/`, FIXTURES);

export const systems: readonly string[] = [
  'cloud-resource-reservation',
  ...readdirSync(new URL('presets/', FIXTURES), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  ),
].sort();

/** Beside the payloads of a system may be requests.json: what of a request is not in its body, by the name of the file. */
interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  /** What it is signed with, where the headers hold a signature. */
  readonly secret?: string;
  /** Of the signature, in seconds. */
  readonly timestamp?: string;
  readonly url?: string;
}

export interface Vector extends Sent {
  readonly system: string;
  readonly file: string;
  readonly secret: string;
  readonly expect: string;
}

export const vectors = ['signature-vectors.json', 'presets/signature-vectors.json'].flatMap(
  (file) => (JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as { vectors: readonly Vector[] }).vectors,
);

export function payloadsOf(system: string): readonly string[] {
  return readdirSync(folderOf(system))
    .filter((file) => file !== 'README.md' && file !== 'requests.json')
    .sort();
}

export function bytesOf(system: string, file: string): Buffer {
  return readFileSync(new URL(file, folderOf(system)));
}

// oxlint-disable-next-line typescript/no-explicit-any -- foreign JSON, taken apart and changed freely
export type Foreign = any;

export function documentOf(system: string, file: string): Foreign {
  return JSON.parse(bytesOf(system, file).toString('utf8'));
}

const SECRET = 'the secret of these tests';

/** The preset, with nothing but secrets beside it. */
export function presetOf(system: string, change: { secret?: string; url?: string } = {}): Source {
  const { secret = SECRET, url } = change;
  return sourceOf({ preset: system, secrets: [secret], ...(url && { url }) }, { name: 'booking' });
}

/** The same, believing everything: for bodies that nobody signed. */
export function unsignedPreset(system: string): Source {
  return sourceOf({ preset: system }, { name: 'booking' });
}

export interface Request {
  readonly body: Buffer | object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly now?: Date;
}

export const LATER = new Date('2026-11-01T00:00:00Z');

/** What a request says. Throws a Fault as the service would answer. */
export function readAs(source: Source, { body, headers = {}, path = '', now = LATER }: Request) {
  return readRequest(
    {
      source: source.name,
      requestId: 'req_1',
      path,
      query: '',
      rawHeaders: Object.entries({ 'Content-Type': 'application/json', ...headers }).flat(),
      body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
    },
    source,
    now,
  );
}

/** What comes of a payload: as it was signed where there is a signature of it, and unsigned otherwise. */
export function readPayload(system: string, file: string, given?: Source) {
  const body = bytesOf(system, file);
  const vector = vectors.find(
    (one) => one.system === system && one.file === `${system}/${file}` && one.expect.startsWith('accept'),
  );
  const sent: Sent = { ...sentWith(system, file), ...vector };
  const source = given ?? (sent.secret === undefined ? unsignedPreset(system) : presetOf(system, sent));
  return readAs(source, { ...sent, body, now: sent.timestamp ? signedAt(sent) : momentOf(body) });
}

export const signedAt = ({ timestamp }: Sent) => new Date(Number(timestamp) * 1000);

function sentWith(system: string, file: string): Sent {
  const requests = new URL('requests.json', folderOf(system));
  if (!existsSync(requests)) return {};
  return (JSON.parse(readFileSync(requests, 'utf8')) as Record<string, Sent>)[file] ?? {};
}

/** When it arrives: at once, where it says when it was sent. */
function momentOf(body: Buffer): Date {
  const sent = /"timestamp": ?"([^"]+)"/.exec(body.toString('utf8'))?.[1];
  const at = new Date(sent?.replace(/(\.\d{3})\d+/, '$1') ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? LATER : at;
}

/** As a person reviews it: times as text, without what is only for us. */
export function shown(items: readonly (MappedItem | Question)[]): unknown {
  return JSON.parse(
    JSON.stringify(
      items.map((item) => ({ ...item, dedupe: undefined, document: undefined })),
      (name, value: unknown) =>
        name === 'version' && typeof value === 'number' && value > 1e11 ? new Date(value).toISOString() : value,
    ),
  );
}
