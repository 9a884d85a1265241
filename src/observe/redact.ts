import { Secret } from '../secret/secret.ts';

/*
 * The second net. Secrets have a type that cannot be printed; this catches what reached a log as plain text all the same, by its
 * looks or by the name of its field.
 */

const MASK = '[secret]';
const DEPTH = 6;
const ITEMS = 50;
const LONGEST = 4096;

const LOOKS: readonly (readonly [RegExp, string])[] = [
  // Our keys and tokens: a prefix, an underscore, at least 33 characters of base62. Ids have 32 of hex.
  [/\b([A-Za-z][A-Za-z0-9_-]{0,31})_[0-9A-Za-z]{33,}/g, `$1_${MASK}`],
  // Signed tokens.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, MASK],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${MASK}`],
  [/\bwh(sec|sk|pk)_[\w+/=-]+/g, `wh$1_${MASK}`],
  // Ids stay; what else stands there may be a key's value.
  [/(\/api\/keys\/)(?!pky_[0-9a-f]{32}(?:[/?#\s"'<>]|$))[^/?#\s"'<>]+/g, `$1${MASK}`],
  [/(\/claim\/)[^/?#\s"'<>]+/g, `$1${MASK}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s@"']+@/gi, `$1${MASK}@`],
  [/([?&](?:api_?key|key|token|access_token|secret|signature|code)=)[^&#\s"']+/gi, `$1${MASK}`],
];

const NAMES =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-latchkey-token|pass(word|wd)?|secrets?|token|access_?token|api_?key|signature|webhook-signature|private_?key|master_?keys?)$/i;

/** Text with everything that looks like a secret masked. */
export function redactText(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return LOOKS.reduce((masked, [pattern, by]) => masked.replace(pattern, by), cut);
}

/** Log fields as plain JSON with nothing secret in it; errors with their causes, cycles and depths cut. */
export function redact(value: unknown, depth = DEPTH): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value).slice(0, 80);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return MASK;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (depth === 0) return '[deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Set) return redact([...value].slice(0, ITEMS), depth);
  if (Array.isArray(value)) return value.slice(0, ITEMS).map((item) => redact(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .slice(0, ITEMS)
      .map(([name, field]) => [name, NAMES.test(name) ? MASK : redact(field, depth - 1)]),
  );
}

/** Only what every error has: the rest may be a request with its headers. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const { code, kind, status } = error as { code?: unknown; kind?: unknown; status?: unknown };
  const words = { code, kind, status };
  const plain = Object.entries(words).filter(([, field]) => typeof field === 'string' || typeof field === 'number');
  return {
    name: error.name,
    message: redactText(error.message),
    ...Object.fromEntries(plain.map(([name, field]) => [name, redact(field)])),
    stack: error.stack === undefined ? undefined : redactText(error.stack),
    cause: error.cause === undefined ? undefined : redact(error.cause, depth - 1),
  };
}
