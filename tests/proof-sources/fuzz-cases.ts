import type { Source } from '../../src/reservation/source.ts';
import { mutatedForm, mutatedJson } from './mutate.ts';
import { createRandom, type Random } from './random.ts';
import type { Sendable } from './script.ts';
import { signed, type Message } from './sign.ts';

/** What a source's system sends when it sends what it should. */
export interface Target {
  readonly source: Source;
  readonly messages: readonly Sendable[];
  readonly form?: true;
}

export interface Case {
  /** As on the wire. */
  readonly bytes: Buffer;
  /** It says that it brings more or less than it does: then a connection may end without an answer. */
  readonly lies: boolean;
}

/** The same case for the same seed and targets. */
export function caseOf(seed: number, targets: readonly Target[], now: Date): Case {
  const random = createRandom(seed);
  const target = random.pick(targets);
  const sent = random.pick(target.messages);
  const plain: Message = { ...sent, body: target.form ? mutatedForm(random, sent.body) : mutatedJson(random, sent.body) };
  const whole = signed(target.source, plain, { now, id: `msg_${seed}` });
  const { body, query, headers: own } = random.chance(50) ? whole : spoilt(random, whole);
  const lies = random.chance(1);
  const length = lies ? random.pick(['-1', '1e3', '5, 6', String(body.length + 10)]) : String(body.length);
  const chunked = !lies && random.chance(5);
  const head = [
    `${random.chance(94) ? 'POST' : random.pick(METHODS)} ${pathOf(random, target.source.name, { path: sent.path, query })} HTTP/1.1`,
    random.chance(99) ? 'Host: keys.example.org' : `Host: ${random.pick(ODD)}`,
    'Connection: close',
    chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
    ...headersOf(random, own ?? {}, target).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  return { bytes: Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), chunked ? inChunks(random, body) : body]), lies };
}

const METHODS = ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
const ODD = [
  '',
  '\xe9\xe8',
  '\xff',
  '\'"',
  '../../etc/passwd',
  '%00',
  '{}',
  'x'.repeat(4000),
  'x'.repeat(20_000),
  '*',
  '-1',
  'a\tb',
  'null',
  '[]',
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=latin1',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/xml',
  'a/b; charset="',
  '',
  '\xff\xfe',
];
const ENCODINGS = ['gzip', 'br', 'deflate', 'identity', 'gzip, gzip', 'zstd', 'x', ''];
const EXTRA = [
  'ce-id',
  'ce-specversion',
  'ce-type',
  'ce-source',
  'ce-time',
  'ce-data',
  'WebHook-Request-Origin',
  'x-cal-webhook-version',
  'X-Forwarded-For',
  'Cookie',
  'Authorization',
  'Expect',
  'X-HTTP-Method-Override',
  '__proto__',
  'constructor',
];

function headersOf(random: Random, own: Readonly<Record<string, string>>, { form }: Target): [string, string][] {
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
  const told = Object.keys(own).some((name) => name.toLowerCase() === 'content-type') && random.chance(75);
  const headers: [string, string][] = Object.entries(own);
  if (!told) headers.push(['Content-Type', random.chance(75) ? type : random.pick(TYPES)]);
  if (random.chance(6)) headers.push(['Content-Encoding', random.pick(ENCODINGS)]);
  for (let more = random.chance(25) ? random.below(6) : 0; more > 0; more -= 1)
    headers.push([random.pick(EXTRA), random.pick(ODD)]);
  if (random.chance(4)) headers.push(random.pick(headers));
  return headers;
}

/** What shows that it is authentic is missing, wrong, cut, or there twice. */
function spoilt(random: Random, { headers = {}, ...message }: Message): Message {
  const own = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const how = random.below(6);
    if (how === 0) return [];
    if (how === 1) return [[name, random.pick(ODD)]];
    if (how === 2) return [[name, value.slice(random.below(value.length))]];
    if (how === 3) return [[name, value.toUpperCase()]];
    if (how === 4) return [[name, `${value},${value}`]];
    return [[name, value]];
  });
  return { ...message, query: random.chance(50) ? message.query : undefined, headers: Object.fromEntries(own) };
}

const QUERIES = [
  'validationToken=a%0d%0ab',
  `validationToken=${'x'.repeat(5000)}`,
  'token=x&token=y',
  'a=1&'.repeat(2000),
  '%ff',
  'a[b]=c',
  '__proto__=1',
];

function pathOf(random: Random, source: string, { path, query }: Pick<Message, 'path' | 'query'>): string {
  const own = `/webhooks/${source}${path ? `/${path}` : ''}`;
  if (random.chance(90)) return query === undefined ? own : `${own}?${query}`;
  const others = [
    '/webhook',
    '/webhooks/',
    '/webhooks/__proto__',
    '/webhooks/%00',
    '/webhooks/%ff',
    '/webhooks/nobody',
    `${own}/x/../../y`,
    `${own}/%2e%2e`,
    `${own}/${'x'.repeat(3000)}`,
    `${own}/${'/'.repeat(50)}`,
  ];
  return random.chance(50) ? `${own}?${random.pick(QUERIES)}` : random.pick(others);
}

function inChunks(random: Random, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const size = 1 + random.below(body.length);
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
