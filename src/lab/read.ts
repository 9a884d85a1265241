import { fewEnough, headersRead } from '../intake/read.ts';
import type { Verified } from '../reservation/auth-rule.ts';
import type { MappedItem, Question, Source } from '../reservation/source.ts';
import { fingerprintOf } from '../secret/hmac.ts';
import { Secret } from '../secret/secret.ts';
import { describeAuth, explainVerdict } from '../sources/auth/describe.ts';
import { withoutMember } from '../sources/auth/member.ts';
import { needsSecrets } from '../sources/auth/verify.ts';
import { readBody } from '../sources/body/read.ts';
import { echoOf, permissionFor } from '../sources/handshake/greet.ts';
import { replyTo } from '../sources/handshake/reply.ts';
import type { ListFinding } from './read-list.ts';
import type { Sample } from './sample.ts';
import { UNITS_OF_A_DOCUMENT } from '../sources/map/budget.ts';

/** A long list may take in all what a message may, turn by turn. */
const UNITS = 5 * UNITS_OF_A_DOCUMENT;

/** What a source makes of a sample, before anybody looks at bookings. */
export interface Reading {
  readonly sample: Sample;
  readonly signature: SignatureFinding;
  readonly body: BodyFinding;
  /** Null where it is none: then it is taken for an event. */
  readonly handshake: HandshakeFinding | null;
  /** The bookings that it asks about beforehand, where it does. */
  readonly questions?: readonly Question[];
  /** Where it is a list that the source is polled for. */
  readonly list?: ListFinding;
  /** Empty where the body cannot be read, or is a handshake or a question. */
  readonly items: readonly MappedItem[];
}

/**
 * accepted   it is from the source          refused   it would be turned away, and not be looked at further
 * unsigned   no headers were given: nothing to judge   open   the source asks for nothing
 * removed    the sample lost its secrets when it was recorded; what was found then counts: `refused` where it was refused
 * read       a list that the source is polled for: nobody signs it
 */
export interface SignatureFinding {
  readonly verdict: 'accepted' | 'refused' | 'unsigned' | 'open' | 'removed' | 'read';
  readonly reason: string | null;
  /** What a request must bring; never what it would have been. */
  readonly expected: string;
  /** Which of the source's secrets matched, counted from 1. */
  readonly secret: number | null;
}

export interface BodyFinding {
  readonly kind: string;
  readonly bytes: number;
  /** Why it cannot be read. */
  readonly problem: string | null;
}

/** What is answered to what is no event. Never the answer itself, which may be a digest. */
export interface HandshakeFinding {
  readonly status: number;
  readonly answer: string;
}

/** Judges, parses and maps a sample, and goes on where a request would have been turned away. Pure; never throws. */
export function readSample(source: Source, sample: Sample): Reading {
  const { verified, ...signature } = judgeSignature(source, sample);
  const bytes = { kind: source.body.kind, bytes: sample.body.length };
  const greeted = greetingOf(source, sample);
  if (greeted) return { sample, signature, body: { ...bytes, problem: null }, handshake: greeted, items: [] };
  const read = readBody({ rawHeaders: sample.rawHeaders ?? [], body: sample.body }, source.body);
  const body = { ...bytes, problem: read.ok ? null : read.problem };
  if (!read.ok) return { sample, signature, body, handshake: null, items: [] };
  const document = source.auth.kind === 'field' ? withoutMember(read.document, source.auth.path) : read.document;
  const secret = verified?.ok ? source.secrets[verified.secretIndex]?.secret : undefined;
  const handshake = answerOf(source, document, secret);
  if (handshake) return { sample, signature, body, handshake, items: [] };
  const context = {
    now: sample.receivedAt,
    ...(verified?.ok && { signedId: verified.id, sentAt: verified.sentAt }),
    signedWith: secret && fingerprintOf(secret),
    headers: headersRead(sample.rawHeaders ?? [], source),
    path: sample.path,
  };
  const questions = source.mapping.questions?.(document, context);
  if (questions) return { sample, signature, body, handshake, questions, items: [] };
  return {
    sample,
    signature,
    body,
    handshake,
    items: fewEnough(source.mapping.map(document, { ...context, units: UNITS }), document),
  };
}

type Judged = SignatureFinding & { readonly verified?: Verified };

function judgeSignature(source: Source, sample: Sample): Judged {
  const none = { reason: null, expected: describeAuth(source), secret: null };
  if (needsSecrets(source.auth.kind) && source.secrets.length === 0) return { verdict: 'open', ...none };
  if (sample.redacted) return { ...none, ...verdictOfThen(sample) };
  if (!sample.rawHeaders) return { verdict: 'unsigned', ...none };
  const { rawHeaders, body, path: rawPath, query, receivedAt: now } = sample;
  const { verified, reason } = explainVerdict({ rawHeaders, body, rawPath, query, now, viaTrustedProxy: true }, source);
  if (!verified.ok) return { verdict: 'refused', ...none, reason };
  return { verdict: 'accepted', ...none, secret: verified.secretIndex === -1 ? null : verified.secretIndex + 1, verified };
}

/** Secrets that are gone cannot be judged again. */
function verdictOfThen({ arrival }: Sample): Pick<SignatureFinding, 'verdict' | 'reason'> {
  return arrival?.outcome === 'refused'
    ? { verdict: 'refused', reason: 'when it was recorded' }
    : { verdict: 'removed', reason: null };
}

/** As src/http/webhooks.ts answers before anything is signed. */
function greetingOf({ handshakes }: Source, { method, query, rawHeaders = [] }: Sample): HandshakeFinding | undefined {
  if (method === 'OPTIONS') {
    const permission = permissionFor(rawHeaders, handshakes);
    return permission ? { status: 200, answer: Object.keys(permission).join(' and ') } : { status: 405, answer: 'no permission' };
  }
  return echoOf(query, handshakes) === undefined ? undefined : { status: 200, answer: 'the text of the address' };
}

function answerOf(source: Source, document: unknown, secret = new Secret('any')): HandshakeFinding | null {
  const reply = replyTo(document, source, secret);
  if (!reply) return null;
  const { status, body } = reply;
  return { status, answer: 'text' in body ? 'the text that was sent' : Object.keys(body.json).join(' and ') };
}
