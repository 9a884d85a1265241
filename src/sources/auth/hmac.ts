import type { HeaderParts, HmacRule, SignedRequest, Verified } from '../../reservation/auth-rule.ts';
import type { Source } from '../../reservation/source.ts';
import {
  decodeBase64Digest,
  decodeBase64UrlDigest,
  decodeHexDigest,
  DIGEST_BYTES,
  equalDigests,
  hmacOf,
} from '../../secret/hmac.ts';
import type { Secret } from '../../secret/secret.ts';
import { readHeader } from '../headers.ts';
import { matchingSecret } from './signature.ts';
import { isClearId, placeholdersOf, runsIntoBody } from './template.ts';

type Signing = Pick<Source, 'secrets' | 'url' | 'body'>;

/** A digest (RFC 2104) of what the rule's template makes of the raw request, made within the tolerance where a time is signed. */
export function verifyHmac(request: SignedRequest, rule: HmacRule, { secrets, url, body }: Signing): Verified {
  const header = readHeader(request.rawHeaders, rule.header);
  if ('reason' in header) return refused(header.reason);
  const found = rule.layout.read(header.value);
  const digests = found?.signatures.map((text) => decode(text, rule)).filter((digest) => digest !== undefined) ?? [];
  if (!found || digests.length === 0) return refused(`${rule.header} holds no ${rule.algorithm} digest in ${rule.encoding}`);
  const stated = readStated(request, rule, found);
  if ('reason' in stated) return refused(stated.reason);

  const address = addressOf(request, rule, { url, body });
  if (address === undefined) return refused('it is not clear where the address ends that is signed');

  const signed = partsOf(request, rule, { ...stated, url: address });
  const secretIndex = matchingSecret(secrets, request.now, (secret) => {
    const key = keyOf(secret, rule.secretEncoding);
    if (!key) return false;
    const expected = hmacOf(rule.algorithm, key, signed);
    return digests.some((digest) => equalDigests(expected, digest));
  });
  if (secretIndex === undefined) return refused('the signature does not match');
  if (stated.sentAt && !isFresh(stated.sentAt, request.now, rule)) return refused('the signed time is too far off');
  return { ok: true, secretIndex, id: stated.id, sentAt: stated.sentAt };
}

/** The bytes that a secret stands for; undefined for a text that is not in this encoding. */
export function keyOf(secret: Secret, encoding: HmacRule['secretEncoding']): Buffer | undefined {
  const text = secret.reveal();
  if (encoding === 'utf8') return Buffer.from(text, 'utf8');
  if (encoding === 'hex') return /^(?:[0-9a-f]{2})+$/iu.test(text) ? Buffer.from(text, 'hex') : undefined;
  const bare = text.replace(/={1,2}$/u, '');
  const bytes = Buffer.from(bare, 'base64');
  return bytes.length > 0 && bytes.toString('base64').replace(/={1,2}$/u, '') === bare ? bytes : undefined;
}

function refused(reason: string): Verified {
  return { ok: false, reason };
}

function decode(text: string, { encoding, algorithm }: HmacRule): Buffer | undefined {
  const bytes = DIGEST_BYTES[algorithm];
  if (encoding === 'hex') return decodeHexDigest(text, bytes);
  return encoding === 'base64' ? decodeBase64Digest(text, bytes) : decodeBase64UrlDigest(text, bytes);
}

interface Stated {
  readonly id?: string;
  /** As it stands there. */
  readonly timestamp?: string;
  readonly sentAt?: Date;
}

/** The id and the time that are signed with the body, from the signature's header or their own. */
function readStated({ rawHeaders }: SignedRequest, rule: HmacRule, found: HeaderParts): Stated | { readonly reason: string } {
  const named = placeholdersOf(rule.signed);
  const stated: { id?: string; timestamp?: string; sentAt?: Date } = {};
  for (const part of ['id', 'timestamp'] as const) {
    if (!named.has(part)) continue;
    const own = rule[`${part}Header`];
    const read = own === undefined ? { value: found[part] } : readHeader(rawHeaders, own);
    if ('reason' in read) return read;
    if (read.value === undefined) return { reason: `${rule.header} has no ${part}` };
    stated[part] = read.value;
  }
  const { id, timestamp } = stated;
  if (id !== undefined && !(/^[\x21-\x7e]{1,200}$/u.test(id) && isClearId(id, rule.signed)))
    return { reason: 'the signed id is empty, too long or not clear' };
  if (timestamp === undefined) return stated;
  if (!/^(?:0|[1-9]\d{0,13})$/u.test(timestamp)) return { reason: 'the signed time is no whole number since 1970' };
  return { ...stated, sentAt: new Date(Number(timestamp) * unitOf(rule)) };
}

function unitOf({ timestampUnit }: HmacRule): number {
  return timestampUnit === 's' ? 1000 : 1;
}

/** The bounds included, in the sender's unit. */
function isFresh(sentAt: Date, now: Date, rule: HmacRule): boolean {
  const unit = unitOf(rule);
  return Math.abs(Math.floor(now.getTime() / unit) * unit - sentAt.getTime()) <= rule.toleranceMs;
}

/** What may stand in a path (RFC 3986 section 3.3). No object or list of JSON begins with any of it. */
const PATH = /^[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$/;

/** The address with what was posted to below it, as it was sent; undefined where a piece of a body could as well be a piece of it. */
function addressOf(
  { rawPath = '' }: SignedRequest,
  { signed }: HmacRule,
  { url, body }: Pick<Source, 'url' | 'body'>,
): string | undefined {
  if (rawPath === '') return url;
  if (runsIntoBody(signed) && !(body.kind === 'json' && PATH.test(rawPath))) return undefined;
  return `${url.replace(/\/$/, '')}/${rawPath}`;
}

function partsOf(
  { body }: SignedRequest,
  { signed }: HmacRule,
  { id, timestamp, url }: Stated & { readonly url: string },
): (Buffer | string)[] {
  const stands = { id: id ?? '', timestamp: timestamp ?? '', url, body };
  return signed.parts.map((part) => ('literal' in part ? part.literal : stands[part.placeholder]));
}
