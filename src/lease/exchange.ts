import type { Exchange } from '../../providers/driver.ts';
import { redactText } from '../observe/redact.ts';
import { Secret } from '../secret/secret.ts';

const MASK = '***';
const DEPTH = 12;

/** Fields that hold a secret whatever it looks like. */
const NAMES =
  /(token|secret|passw(or)?d|authorization|credentials?|assertion|signature|api_?key|(primary|secondary)_?key|key_?string)$/i;
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]+\.[\w-]*(\.[\w-]*)?/g, MASK],
  // A long run of capitals, small letters and digits: the names that we and clouds give things are of one case.
  [/(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{32,}/g, MASK],
  [/([?&][^=&#\s]*(?:token|secret|key|sig|signature|password|credential|code)=)[^&#\s"']+/gi, `$1${MASK}`],
];

/** Takes these secrets, in whichever form they travel, and all that looks like one out of requests that are shown to people. */
export function masker(secrets: readonly Secret[]): (exchange: Exchange) => Exchange {
  const spellings = secrets.flatMap(spellingsOf).sort((a, b) => b.length - a.length);

  const text = (given: string): string => {
    const unknown = spellings.reduce((masked, spelling) => masked.replaceAll(spelling, MASK), given);
    return LOOKS.reduce((masked, [look, by]) => masked.replace(look, by), redactText(unknown).replaceAll('[secret]', MASK));
  };
  const value = (given: unknown, depth = DEPTH): unknown => {
    if (typeof given === 'string') return jsonIn(given, (parsed) => value(parsed, depth)) ?? text(given);
    if (given instanceof Secret) return MASK;
    if (typeof given !== 'object' || given === null) return given;
    if (depth === 0) return '…';
    if (ArrayBuffer.isView(given)) return `(${given.byteLength} bytes)`;
    if (given instanceof Date) return given;
    if (Array.isArray(given)) return given.map((item) => value(item, depth - 1));
    const hides = ([name, field]: [string, unknown]) => NAMES.test(name) && typeof field !== 'boolean' && field !== null;
    return Object.fromEntries(
      Object.entries(given).map((entry) => [text(entry[0]), hides(entry) ? MASK : value(entry[1], depth - 1)]),
    );
  };

  return ({ method, url, body, status, ms }) => ({
    method,
    url: text(url),
    ...(body !== undefined && { body: value(body) }),
    ...(status !== undefined && { status }),
    ms: Math.round(ms),
  });
}

function spellingsOf(secret: Secret): string[] {
  const plain = secret.reveal();
  if (plain === '') return [];
  return [plain, encodeURIComponent(plain), Buffer.from(plain).toString('base64'), Buffer.from(plain).toString('base64url')];
}

/** A body that was written out already is masked field by field all the same. */
function jsonIn(text: string, mask: (parsed: unknown) => unknown): string | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.stringify(mask(JSON.parse(text)));
  } catch {
    return undefined;
  }
}
