import { redactText } from '../observe/redact.ts';
import type { Secret } from '../secret/secret.ts';

/*
 * What is shown or kept of what strangers sent. Secrets go, by the name of where they are and by their looks; their form stays, since it is
 * what a mapping or a signature is made of. Names and addresses of people stay: they are needed, and whoever sees them may.
 */

const MASK = '[secret]';
const NAMES =
  /pass(?:word|wd|phrase|code)?$|^pwd$|secret|token|authori[sz]ation|api[_-]?key|access[_-]?key|private[_-]?key|credential|cookie|session[_-]?id|signature|^otp$|^pin$/i;

/** A document without what its members' names or looks call secret, and without any of `known`. The same value where nothing was. */
export function redactDocument(value: unknown, known: readonly Secret[] = []): unknown {
  const hide = hiderOf(known);
  const walk = (one: unknown, isSecret: boolean): unknown => {
    if (typeof one === 'string') return isSecret ? masked(one) : hideIn(one, hide);
    if (typeof one === 'number') return isSecret ? MASK : one;
    if (Array.isArray(one)) return one.map((item) => walk(item, isSecret));
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(
      Object.entries(one).map(([name, member]) => [hide(name), walk(member, isSecret || NAMES.test(name))]),
    );
  };
  return walk(value, false);
}

/** JSON in a text, as forms with free fields send it, is a document of its own. */
function hideIn(text: string, hide: (text: string) => string): string {
  const inner = /^\s*[[{]/.test(text) ? parsed(text) : undefined;
  if (inner === undefined) return hide(text);
  return hide(JSON.stringify(redactDocument(inner)));
}

/** Text without what looks like a secret, and without any of `known`. */
function hiderOf(known: readonly Secret[]): (text: string) => string {
  const values = known.map((secret) => secret.reveal()).filter((value) => value.length > 0);
  return (text) => {
    const without = values.reduce((rest, value) => rest.replaceAll(value, MASK), text);
    // The mask for logs cuts what is long.
    return without.length > LONGEST_LOOKED_AT ? without : redactText(without);
  };
}

const LONGEST_LOOKED_AT = 4000;

export interface RedactedBody {
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
}

/** The bytes of a body as text, without secrets: JSON and forms by the names of their members, anything else by its looks. */
export function redactBody(bytes: Buffer, known: readonly Secret[]): RedactedBody {
  const text = bytes.toString('utf8');
  const hide = hiderOf(known);
  if (!Buffer.from(text, 'utf8').equals(bytes)) return { body: MASK, encoding: 'utf8' };
  const document = parsed(text);
  if (typeof document === 'object' && document !== null) {
    const clean = redactDocument(document, known);
    return { body: JSON.stringify(clean), encoding: 'utf8' };
  }
  if (/^[^\s=&]+=[^\s]*$/.test(text)) return { body: redactQuery(text, known), encoding: 'utf8' };
  return { body: hide(text.replace(ASSIGNED, (_, name: string) => `${name}${MASK}`)), encoding: 'utf8' };
}

/** `password: x` and `token=x` in plain text. */
const ASSIGNED =
  /((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|authorization|signature)["']?\s*[:=]\s*)["']?[^\s"'&,;]+/gi;

/** `a=1&token=x`, with what is secret masked. */
export function redactQuery(query: string, known: readonly Secret[]): string {
  const hide = hiderOf(known);
  const clean = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(query))
    clean.append(hide(name), NAMES.test(name) ? masked(value) : hideIn(value, hide));
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
    const isOpen = OPEN.test(name) || (read.includes(name) && !NAMES.test(name));
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // No JSON, then.
    return undefined;
  }
}
