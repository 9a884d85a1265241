import type { Verified } from '../reservation/auth-rule.ts';
import type { MappedItem, Source } from '../reservation/source.ts';
import { fingerprintOf } from '../secret/hmac.ts';
import { verifyRequest } from '../sources/auth/verify.ts';
import { readBody } from '../sources/body/read.ts';
import { soleHeader } from '../sources/headers.ts';
import type { Sample } from './sample.ts';

/** What a source makes of a sample, before anybody looks at bookings. */
export interface Reading {
  readonly sample: Sample;
  readonly signature: SignatureFinding;
  readonly body: BodyFinding;
  /** Empty where the body cannot be read. */
  readonly items: readonly MappedItem[];
}

/**
 * accepted   it is from the source          refused   it would be turned away, and not be looked at further
 * unsigned   no headers were given: nothing to judge   open   the source asks for no signature
 * removed    the sample lost its secrets when it was recorded; what was found then counts
 */
export interface SignatureFinding {
  readonly verdict: 'accepted' | 'refused' | 'unsigned' | 'open' | 'removed';
  readonly reason: string | null;
  /** Which of the source's secrets matched, counted from 1. */
  readonly secret: number | null;
}

export interface BodyFinding {
  readonly kind: string;
  readonly bytes: number;
  /** Why it cannot be read. */
  readonly problem: string | null;
}

/** Judges, parses and maps a sample, and goes on where a request would have been turned away. Pure; never throws. */
export function readSample(source: Source, sample: Sample): Reading {
  const { verified, ...signature } = judgeSignature(source, sample);
  const parsed = readBody({ rawHeaders: sample.rawHeaders ?? [], body: sample.body }, source.body);
  const body = { kind: source.body.kind, bytes: sample.body.length, problem: parsed.ok ? null : parsed.problem };
  if (!parsed.ok) return { sample, signature, body, items: [] };
  const secret = verified?.ok ? source.secrets[verified.secretIndex]?.secret : undefined;
  const items = source.mapping.map(parsed.document, {
    now: sample.receivedAt,
    ...(verified?.ok && { signedId: verified.id, sentAt: verified.sentAt }),
    signedWith: secret && fingerprintOf(secret),
    headers: headersFor(source, sample),
    path: sample.path,
  });
  return { sample, signature, body, items };
}

type Judged = SignatureFinding & { readonly verified?: Verified };

function judgeSignature(source: Source, { rawHeaders, body, receivedAt, redacted }: Sample): Judged {
  const none = { reason: null, secret: null };
  if (source.secrets.length === 0) return { verdict: 'open', ...none };
  if (redacted) return { verdict: 'removed', ...none };
  if (!rawHeaders) return { verdict: 'unsigned', ...none };
  const verified = verifyRequest({ rawHeaders, body, now: receivedAt }, source);
  return verified.ok
    ? { verdict: 'accepted', reason: null, secret: verified.secretIndex + 1, verified }
    : { verdict: 'refused', reason: verified.reason, secret: null };
}

function headersFor({ mapping }: Source, { rawHeaders = [] }: Sample): Record<string, string> {
  return Object.fromEntries(
    mapping.headers.flatMap((name) => {
      const header = soleHeader(rawHeaders, name);
      return header.is === 'there' ? [[name, header.value]] : [];
    }),
  );
}
