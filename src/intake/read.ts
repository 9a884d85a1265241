import type { SignedRequest, Verified } from '../reservation/auth-rule.ts';
import { Fault } from '../reservation/fault.ts';
import type { MappedItem, MappingContext, Question, Source } from '../reservation/source.ts';
import { fingerprintOf } from '../secret/hmac.ts';
import { withoutMember } from '../sources/auth/member.ts';
import { needsSecrets, verifyRequest } from '../sources/auth/verify.ts';
import { readBody } from '../sources/body/read.ts';
import { replyTo, type Reply } from '../sources/handshake/reply.ts';
import { soleHeader } from '../sources/headers.ts';
import { contentHash } from '../sources/map/meaning.ts';
import type { Arrival, Brought } from './record.ts';

export interface Received {
  readonly source: string;
  /** What stands behind the source's name in the path; empty without. */
  readonly path?: string;
  /** Likewise before it was decoded. */
  readonly rawPath?: string;
  /** As it stands in the address, without the question mark. */
  readonly query?: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly requestId: string;
  /** True where whoever opened the connection is a proxy that is believed. */
  readonly viaTrustedProxy?: boolean;
}

/** What an authentic request says. */
export interface Reading {
  /** Of the secret that it was signed with, if it was. */
  readonly signedWith: string | undefined;
  readonly document: unknown;
  /** What it is answered, where it is no event. */
  readonly reply: Reply | undefined;
  /** The bookings that it asks about beforehand; undefined where it brings news. */
  asked(): readonly Question[] | undefined;
  /** What it brought, to be recorded. */
  arrival(): Arrival;
  /** The same, with turns for others while a long list is read. */
  arrivalInTurns(): Promise<Arrival>;
}

const MOST_ITEMS = 2_000;

/** Throws a Fault: `unauthorized` before anything is parsed, without which part was wrong; `invalid` or `too_large` for a body. */
export function readRequest(request: Received, source: Source, now: Date): Reading {
  const verified = verify({ ...request, now }, source);
  if (!verified.ok)
    // How nearly it was right is for the log and the lab, and not for who guesses.
    throw new Fault('unauthorized', 'the request does not show that it is from this source', { cause: verified.reason });
  const read = readBody(request, source.body);
  if (!read.ok) throw new Fault(read.tooLarge ? 'too_large' : 'invalid', `the body is refused: ${read.problem}`);
  const document = source.auth.kind === 'field' ? withoutMember(read.document, source.auth.path) : read.document;
  const secret = source.secrets[verified.secretIndex]?.secret;
  const signedWith = secret && fingerprintOf(secret);
  const brought: Brought = { signedId: verified.id, headers: headersRead(request.rawHeaders, source), path: request.path ?? '' };
  const about = { source: source.name, requestId: request.requestId, receivedAt: now, brought };
  const context: MappingContext = { now, sentAt: verified.sentAt, signedWith, ...brought };
  return {
    signedWith,
    document,
    reply: replyTo(document, source, secret),
    asked: () => source.mapping.questions?.(document, context),
    arrival: () => ({ ...about, items: fewEnough(source.mapping.map(document, context), document) }),
    arrivalInTurns: async () => ({
      ...about,
      items: fewEnough(await source.mapping.mapInTurns(document, context), document),
    }),
  };
}

/** The observations in a document of a request; as one, where they are too many. */
export function fewEnough(items: readonly MappedItem[], document: unknown): readonly MappedItem[] {
  const whole = `more than ${MOST_ITEMS} events in one request`;
  return items.length <= MOST_ITEMS ? items : [keptWhole(items, document, whole)];
}

/** The items as one, for a reason that holds for all. */
export function keptWhole(items: readonly MappedItem[], document: unknown, reason: string): MappedItem {
  const dedupe = `quarantined:${contentHash(items.map((item) => item.dedupe))}`;
  return { outcome: 'quarantined', dedupe, reason, problems: [{ at: 'map', reason }], document };
}

function verify(request: SignedRequest, source: Source): Verified {
  // Only with LATCHKEY_INSECURE=1 does a source that needs some have none. Without a signature nothing in a header identifies.
  if (needsSecrets(source.auth.kind) && source.secrets.length === 0) return { ok: true, secretIndex: -1 };
  return verifyRequest(request, source);
}

/** Those that the mapping reads, and no others: headers hold secrets. */
export function headersRead(rawHeaders: readonly string[], { mapping }: Source): Record<string, string> {
  return Object.fromEntries(
    mapping.headers.flatMap((name) => {
      const header = soleHeader(rawHeaders, name);
      return header.is === 'there' ? [[name, header.value]] : [];
    }),
  );
}
