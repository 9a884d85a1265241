import type { BodyRule } from '../../reservation/reception.ts';
import { readHeader, soleHeader } from '../headers.ts';
import { parseJson } from '../json.ts';
import { attributesOf } from './event-headers.ts';
import type { ReadBody, SentBody } from './read.ts';
import { decodeText } from './text.ts';

type Members = Record<string, unknown>;

/**
 * CloudEvents 1.0.2 over HTTP, in any mode, as `{ events: [...] }`: one event whose data is the body (binary), one that is the body
 * (structured), or a list of these (batch). Data is JSON where its type says so, else a text.
 */
export function readCloudEvents({ rawHeaders, body }: SentBody, { deepest }: BodyRule): ReadBody {
  if (soleHeader(rawHeaders, 'content-type').is === 'repeated')
    return { ok: false, problem: 'there is more than one content type' };
  const type = readHeader(rawHeaders, 'content-type');
  const contentType = 'value' in type ? mediaTypeOf(type.value) : '';
  if (contentType.startsWith('application/cloudevents')) return readStructured(body, deepest);
  // Some send an event in the body without its content type.
  if (soleHeader(rawHeaders, 'ce-specversion').is === 'absent') return readStructured(body, deepest);
  return readBinary({ rawHeaders, body }, { contentType: 'value' in type ? type.value : undefined, deepest });
}

function readStructured(body: Buffer, deepest: number): ReadBody {
  const parsed = parseJson(body, { deepest });
  if (!parsed.ok) return parsed;
  const events = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  return events.every(isEvent)
    ? documentOf(events.map((event) => withData(event, deepest)))
    : { ok: false, problem: 'not a CloudEvent: it needs specversion, id, source and type' };
}

function readBinary(
  { rawHeaders, body }: SentBody,
  { contentType, deepest }: { readonly contentType: string | undefined; readonly deepest: number },
): ReadBody {
  const attributes = attributesOf(rawHeaders);
  if (!attributes.ok) return attributes;
  const event: Members = Object.assign(bare(), attributes.attributes);
  if (!isEvent(event)) return { ok: false, problem: 'not a CloudEvent: it needs ce-specversion, ce-id, ce-source and ce-type' };
  if (contentType !== undefined) event['datacontenttype'] = contentType;
  if (body.length === 0) return documentOf([event]);
  const data = dataOf(body, contentType, deepest);
  return data.ok ? documentOf([Object.assign(event, data.members)]) : data;
}

/** JSON has no bytes, so they come as base64: what they say is told as if it stood there. */
function withData(event: Members, deepest: number): Members {
  const { data_base64: encoded, datacontenttype } = event;
  if (typeof encoded !== 'string' || event['data'] !== undefined) return event;
  const read = dataOf(Buffer.from(encoded, 'base64'), typeof datacontenttype === 'string' ? datacontenttype : undefined, deepest);
  if (!read.ok || read.members['data'] === undefined) return event;
  const { data_base64: _, ...others } = event;
  return Object.assign(bare(), others, read.members);
}

type Data = { readonly ok: true; readonly members: Members } | { readonly ok: false; readonly problem: string };

/** Without a type it is JSON, or else a text. Bytes that are neither stay base64. */
function dataOf(bytes: Buffer, contentType: string | undefined, deepest: number): Data {
  const type = mediaTypeOf(contentType ?? '');
  const isJson = /[/+]json$/.test(type);
  const parsed = isJson || type === '' ? parseJson(bytes, { deepest }) : undefined;
  if (parsed?.ok) return { ok: true, members: { data: parsed.value } };
  if (parsed && isJson) return { ok: false, problem: `its data is ${parsed.problem}` };
  const text = decodeText(bytes);
  return { ok: true, members: text.ok ? { data: text.text } : { data_base64: bytes.toString('base64') } };
}

function isEvent(event: unknown): event is Members {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return false;
  return ['specversion', 'id', 'source', 'type'].every((name) => {
    const value = (event as Members)[name];
    return typeof value === 'string' && value !== '';
  });
}

function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim().toLowerCase();
}

function documentOf(events: readonly Members[]): ReadBody {
  return { ok: true, document: Object.assign(bare(), { events }) };
}

function bare(): Members {
  return Object.create(null) as Members;
}
