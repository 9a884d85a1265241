import type { Secret } from '../secret/secret.ts';
import { TELLING_NAMES } from '../secret/telling-names.ts';
import { parseJson } from '../sources/json.ts';

/*
 * What is shown or kept of what strangers sent. Secrets go, by the name of where they are and by their looks; their form stays, since it is
 * what a mapping or a signature is made of. Names and addresses of people stay: they are needed, and whoever sees them may.
 */

const MASK = '[secret]';

/** A document without what its members' names or looks call secret, and without any of `known`. */
export function redactDocument(value: unknown, known: readonly Secret[] = []): unknown {
  return walk(value, hiderOf(known));
}

type Hide = (text: string) => string;

function walk(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return hideIn(value, hide);
  if (Array.isArray(value)) return value.map((item) => walk(item, hide));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [hide(name), TELLING_NAMES.test(name) ? maskAll(member) : walk(member, hide)]),
  );
}

/** Everything below a name that says that it is secret. */
function maskAll(value: unknown): unknown {
  if (typeof value === 'string') return masked(value);
  if (Array.isArray(value)) return value.map(maskAll);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, maskAll(member)]));
  return typeof value === 'number' ? MASK : value;
}

/** JSON in a text, as forms with free fields send it, is a document of its own. */
function hideIn(text: string, hide: Hide): string {
  const inner = /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
  if (!inner?.ok) return hide(text);
  const clean = JSON.stringify(walk(inner.value, hide));
  return clean === JSON.stringify(inner.value) ? text : clean;
}

/**
 * Like the looks that src/observe/redact.ts masks in logs, each in a time that grows with the length of the text alone: here whole bodies
 * of strangers are looked through.
 */
const LOOKS: readonly RegExp[] = [
  /\b[A-Za-z][A-Za-z0-9_-]{0,31}_[0-9A-Za-z]{33,}/g,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /(?<=\b(?:Bearer|Basic) )[\w.~+/=-]{6,}/gi,
  /\bwh(?:sec|sk|pk)_[\w+/=-]+/g,
  /(?<=:\/\/)[^/\s@"']+(?=@)/g,
  /(?<=[?&](?:api_?key|key|token|access_token|secret|signature|code)=)[^&#\s"']+/gi,
];

/** Text without what looks like a secret, and without any of `known`. */
function hiderOf(known: readonly Secret[]): Hide {
  const values = known.map((secret) => secret.reveal()).filter((value) => value.length > 0);
  return (text) => {
    const without = values.reduce((rest, value) => rest.replaceAll(value, MASK), text);
    return LOOKS.reduce((rest, look) => rest.replace(look, MASK), without);
  };
}

export interface RedactedBody {
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
}

/** The bytes of a body as text, without secrets: JSON and forms by the names of their members, anything else by its looks. */
export function redactBody(bytes: Buffer, known: readonly Secret[]): RedactedBody {
  const text = bytes.toString('utf8');
  // Neither a text nor safe to keep: nobody can say what is in it.
  if (!Buffer.from(text, 'utf8').equals(bytes)) return { body: MASK, encoding: 'utf8' };
  const hide = hiderOf(known);
  if (parseJson(text).ok) return { body: hideIn(text, hide), encoding: 'utf8' };
  if (/^[^\s=&{[]+=\S*$/.test(text)) return { body: redactQuery(text, known), encoding: 'utf8' };
  return { body: hide(text.replace(ASSIGNED, (_, name: string) => `${name}${MASK}`)), encoding: 'utf8' };
}

/** `password: x`, `token=x` and `"api_key": "x"` in what is no JSON; a text that is cut off has no end. */
const ASSIGNED =
  /((?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authori[sz]ation|signature|cookie)["']?\s{0,9}[:=]\s{0,9})(?:"(?:[^"\\]|\\[^])*"?|'[^']*'?|[^\s"'&,;]+)/gi;

/** `a=1&token=x`, with what is secret masked. */
export function redactQuery(query: string, known: readonly Secret[]): string {
  const hide = hiderOf(known);
  const clean = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(query))
    clean.append(hide(name), TELLING_NAMES.test(name) ? masked(value) : hideIn(value, hide));
  return clean.toString();
}

/** The names of a query with every value masked: an address may hold a token under any name. */
export function queryForm(query: string): string {
  return [...new URLSearchParams(query).keys()].map((name) => `${encodeURIComponent(name)}=${MASK}`).join('&');
}

/** Headers that say nothing secret; the others only tell their form. */
const OPEN =
  /^(?:content-(?:type|length|encoding)|user-agent|host|date|accept(?:-.*)?|connection|transfer-encoding|ce-(?:id|source|type|specversion|time|subject|datacontenttype)|webhook-request-origin|(?:webhook|svix)-(?:id|timestamp)|x-(?:request-id|.*-(?:timestamp|version|event|delivery)))$/;

/** By name in lower case, for a sample. `read` are those that the mapping reads. */
export function redactHeaders(
  rawHeaders: readonly string[],
  { read, known }: { readonly read: readonly string[]; readonly known: readonly Secret[] },
): Record<string, string | string[]> {
  const hide = hiderOf(known);
  const kept: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    const isOpen = OPEN.test(name) || (read.includes(name) && !TELLING_NAMES.test(name));
    const value = isOpen ? hide(rawHeaders[at + 1]!).slice(0, 1000) : formOf(rawHeaders[at + 1]!);
    const before = kept[name];
    kept[name] = before === undefined ? value : [before, value].flat();
  }
  return kept;
}

const SCHEME = /^(?:v\d[a-z]?|bearer|basic|token|digest)$/i;
const LABEL = /^((?:v\d[a-z]?|t|ts|s|id|sig|signature|sha(?:1|256|384|512)|keyid|algorithm)=)(.+)$/i;

/** `t=…10 digits,v1=…64 hex`: how a value is laid out, and nothing of what it says. */
export function formOf(value: string): string {
  return value
    .slice(0, 2000)
    .split(/([\s,;]+)/)
    .map((piece, place) => (place % 2 === 1 || SCHEME.test(piece) || piece === '' ? piece : pieceForm(piece)))
    .join('');
}

function pieceForm(piece: string): string {
  const [, label = '', rest = piece] = LABEL.exec(piece) ?? [];
  return `${label}…${rest.length} ${kindOf(rest)}`;
}

function kindOf(text: string): string {
  if (/^\d+$/.test(text)) return 'digits';
  if (/^[0-9a-f]+$/i.test(text)) return 'hex';
  if (/^[\w+/=-]+$/.test(text)) return 'base64';
  return 'characters';
}

function masked(text: string): string {
  return text === '' ? '' : `[secret: ${formOf(text).replace(/^…/, '')}]`;
}
