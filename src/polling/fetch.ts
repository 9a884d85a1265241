import type { Outgoing } from '../handover/outgoing.ts';
import { Fault } from '../reservation/fault.ts';
import type { PollRule } from '../reservation/poll-rule.ts';

const TIMEOUT_MS = 30_000;
/** A calendar that does not change still gets days that come into sight. */
const LONGEST_UNCHANGED_MS = 12 * 3_600_000;

/** What the next request may name, so that nothing is sent again that did not change (RFC 9110, 13.1). */
export type Validators = Readonly<Record<string, string>>;

export type Fetched =
  | { readonly is: 'unchanged' }
  | { readonly is: 'read'; readonly body: Buffer; readonly validators: Validators };

export interface Fetching {
  readonly outgoing: Pick<Outgoing, 'get'>;
  readonly now: Date;
  /** Those of the last reading; empty where all of it is wanted. */
  readonly validators: Validators;
}

/** Throws a Fault that says what is wrong with the answer, and when to ask again; never what is secret in the address. */
export async function fetchList(rule: PollRule, { outgoing, now, validators }: Fetching): Promise<Fetched> {
  const { status, headers, body, retryAfterMs } = await outgoing.get({
    url: rule.url.reveal(),
    headers: {
      accept: rule.kind === 'ical' ? 'text/calendar' : 'application/json',
      ...conditionsOf(validators, { now, by: rule.readBy }),
      ...Object.fromEntries(Object.entries(rule.headers).map(([name, value]) => [name, value.reveal()])),
    },
    timeoutMs: TIMEOUT_MS,
    mostBytes: rule.largestBytes,
  });
  if (status === 304 && validators['readAt'] !== undefined) return { is: 'unchanged' };
  if (status === 200 && body) return { is: 'read', body, validators: validatorsOf(headers, { now, by: rule.readBy }) };
  throw new Fault('unavailable', refusalOf(status, headers.location, rule), { retryAfterMs });
}

interface By {
  readonly now: Date;
  readonly by: string;
}

function conditionsOf({ etag, lastModified, readAt, by: before }: Validators, { now, by }: By): Record<string, string> {
  const fresh = readAt !== undefined && now.getTime() - Date.parse(readAt) < LONGEST_UNCHANGED_MS;
  if (!fresh || before !== by) return {};
  return {
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  };
}

function validatorsOf(
  { etag, 'last-modified': lastModified }: { readonly [name in 'etag' | 'last-modified']: string | undefined },
  { now, by }: By,
): Validators {
  const short = (text: string | undefined) => (text !== undefined && text.length <= 500 ? text : undefined);
  return {
    ...(short(etag) !== undefined && { etag: etag! }),
    ...(short(lastModified) !== undefined && { lastModified: lastModified! }),
    readAt: now.toISOString(),
    by,
  };
}

function refusalOf(status: number, location: string | undefined, { url }: PollRule): string {
  if (status >= 300 && status < 400 && status !== 304) {
    const target = location === undefined ? null : URL.parse(location, url.reveal());
    // Of an address only where it is: what is behind may be as secret as our own.
    return `it was moved (${status})${target ? ` to ${target.origin}` : ''}, and redirects are not followed: give the address that it has now`;
  }
  if (status === 401 || status === 403) return `it may not be read with what the configuration gives (${status})`;
  if (status === 404 || status === 410) return `it is not there (${status}): give the address that it has now`;
  return `it was answered with ${status}`;
}
