/*
 * Google's libraries speak of failures in two ways. Up to gax 5 a REST call ends with the transport's error: `response` with a status and the
 * answer's text, which also is its message. From gax 6 on, and in long-running operations of both, `code` is a number of gRPC. Neither
 * leaves this file: of what was answered only Google's own code words do.
 */

/** google.rpc.Code, from 1. */
const WORDS = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
export type Word = (typeof WORDS)[number];

/** What is known of a failure; nothing where it is not one of Google's. */
export interface Read {
  readonly status?: number;
  readonly word?: Word;
  readonly reason?: string;
  readonly retryAfterMs?: number;
}

export function read(error: unknown): Read {
  const { response, message, code, reason, statusDetails } = fieldsOf(error);
  if (response !== undefined) return readAnswer(fieldsOf(response), jsonOf(message));
  if (typeof code !== 'number' || code < 1 || code > WORDS.length) return {};
  return {
    word: WORDS[code - 1],
    reason: typeof reason === 'string' ? reason : undefined,
    retryAfterMs: retryDelayIn(statusDetails),
  };
}

function readAnswer({ status, headers }: Record<string, unknown>, body: unknown): Read {
  const { status: word, details } = fieldsOf(fieldsOf(body).error);
  const info = listOf(details)
    .map(fieldsOf)
    .find((detail) => String(detail['@type']).endsWith('.ErrorInfo'));
  return {
    status: typeof status === 'number' ? status : undefined,
    word: WORDS.find((known) => known === word),
    reason: typeof info?.reason === 'string' ? info.reason : undefined,
    retryAfterMs: retryDelayIn(details) ?? retryAfterIn(headers),
  };
}

/** google.rpc.RetryInfo: in JSON `"7.5s"`, otherwise seconds and nanoseconds. */
function retryDelayIn(details: unknown): number | undefined {
  for (const { retryDelay } of listOf(details).map(fieldsOf)) {
    const text = typeof retryDelay === 'string' ? /^(\d+(\.\d+)?)s$/.exec(retryDelay)?.[1] : undefined;
    if (text !== undefined) return Number(text) * 1000;
    const { seconds, nanos } = fieldsOf(retryDelay);
    if (seconds !== undefined) return Number(seconds) * 1000 + Number(nanos ?? 0) / 1e6;
  }
  return undefined;
}

/** RFC 9110 §10.2.3: seconds, or a date, which is measured by the server's own clock where it sends one. */
function retryAfterIn(headers: unknown): number | undefined {
  const header = (name: string) => (headers as Headers | undefined)?.get(name)?.trim() ?? '';
  const after = header('retry-after');
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  const sentAt = Date.parse(header('date'));
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}

/** The system's word for what went wrong. */
export function codeOf(error: unknown): string {
  const { code } = fieldsOf(error);
  return typeof code === 'string' && /^[A-Z_0-9]{1,40}$/.test(code) ? code : 'broken';
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function jsonOf(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text;
  } catch {
    return undefined;
  }
}
