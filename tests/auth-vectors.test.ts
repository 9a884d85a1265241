import { expect, test } from 'vitest';
import type { SigningSecret, Source } from '../src/reservation/source.ts';
import { Secret } from '../src/secret/secret.ts';
import { explainVerdict } from '../src/sources/auth/describe.ts';
import { verifyRequest } from '../src/sources/auth/verify.ts';
import { presets } from '../src/sources/presets.ts';
import { bytesOf, vectors, type Vector } from './presets/payloads.ts';
import { sourceOf } from './fixtures/source.ts';

/** Every signature that we have of a real system, through the preset as it is shipped. */

const NOW = new Date('2026-01-01T10:00:00Z');
const sentAt = ({ timestamp }: Vector) => (timestamp === undefined ? NOW : new Date(Number(timestamp) * 1000));
const later = (vector: Vector, ms: number) => new Date(sentAt(vector).getTime() + ms);
const accepted = ({ expect: wanted }: Vector) => wanted.startsWith('accept');
const inThreeMinutes = vectors.filter(({ expect: wanted }) => wanted.includes('ts+181 with tolerance 180'));

function sourceFor({ system, secret, url }: Vector, given: readonly SigningSecret[] = [{ secret: new Secret(secret) }]): Source {
  return sourceOf({ preset: system }, { change: { secrets: given, ...(url !== undefined && { url }) } });
}

function requestOf(vector: Vector, change: { body?: Buffer; headers?: Record<string, string>; now?: Date } = {}) {
  const headers = { ...vector.headers, ...change.headers };
  const body = change.body ?? bytesOf(vector.system, vector.file.slice(vector.system.length + 1));
  return { rawHeaders: Object.entries(headers).flat(), body, now: change.now ?? sentAt(vector) };
}

test('there are as many as there should be, of every system that signs', () => {
  expect(vectors).toHaveLength(24);
  expect(vectors.filter(accepted)).toHaveLength(21);
  expect(inThreeMinutes).toHaveLength(4);
  expect(new Set(vectors.map(({ system }) => system))).toEqual(
    new Set(['cloud-resource-reservation', 'cal.com', 'calendly', 'square', 'zoom']),
  );
});

test.each(vectors)('$system $file: $expect', (vector) => {
  expect(verifyRequest(requestOf(vector), sourceFor(vector)).ok).toBe(accepted(vector));
});

test.each(vectors.filter(accepted))(
  '$system $file is refused with another secret, a changed byte, twice its header, or none',
  (vector) => {
    const source = sourceFor(vector);
    const { rawHeaders, body, now } = requestOf(vector);
    const changed = Buffer.from(body);
    changed[10] = changed[10]! ^ 1;
    expect(verifyRequest({ rawHeaders, body: changed, now }, source).ok).toBe(false);
    expect(verifyRequest({ rawHeaders: [...rawHeaders, ...rawHeaders], body, now }, source).ok).toBe(false);
    expect(verifyRequest({ rawHeaders: [], body, now }, source).ok).toBe(false);
    expect(verifyRequest({ rawHeaders, body, now }, sourceFor(vector, [{ secret: new Secret('another') }])).ok).toBe(false);
  },
);

test.each(vectors.filter(accepted))('$system $file: of several secrets the right one is told, until it has ended', (vector) => {
  const notAfter = later(vector, 60_000);
  const source = sourceFor(vector, [{ secret: new Secret('new') }, { secret: new Secret(vector.secret), notAfter }]);
  expect(verifyRequest(requestOf(vector), source)).toMatchObject({ ok: true, secretIndex: 1 });
  const after = requestOf(vector, { now: notAfter });
  expect(verifyRequest(after, source).ok).toBe(false);
  expect(explainVerdict(after, source).reason).toContain('notAfter');
});

test.each(vectors.filter(({ timestamp }) => timestamp !== undefined))(
  '$system $file: its time may be as far off as the preset says, either way, and not further',
  (vector) => {
    const source = sourceFor(vector);
    const tolerance = source.auth.kind === 'hmac' ? source.auth.toleranceMs : Number.NaN;
    const at = (ms: number) => verifyRequest(requestOf(vector, { now: later(vector, ms) }), source).ok;
    expect([at(-tolerance), at(tolerance)]).toEqual([true, true]);
    expect([at(-tolerance - 1000), at(tolerance + 1000)]).toEqual([false, false]);
  },
);

test.each(inThreeMinutes)('$system $file: with a tolerance of three minutes: $expect', (vector) => {
  const auth = presets.find(({ id }) => id === vector.system)!.entry()['auth'] as { hmac: object };
  const strict = sourceOf({
    preset: vector.system,
    auth: { hmac: { ...auth.hmac, tolerance: '180s' } },
    secrets: [vector.secret],
  });
  const at = (seconds: number) => verifyRequest(requestOf(vector, { now: later(vector, seconds * 1000) }), strict).ok;
  expect([at(0), at(181)]).toEqual([true, false]);
});

test('what Cal.com sends without a secret is believed under no secret, and is no secret itself', () => {
  const vector = vectors.find(({ headers }) => Object.values(headers ?? {}).includes('no-secret-provided'))!;
  const literal = [{ secret: new Secret('no-secret-provided') }];
  expect(verifyRequest(requestOf(vector), sourceFor(vector, literal)).ok).toBe(false);
  expect(() => sourceOf({ preset: 'cal.com', secrets: ['no-secret-provided'] })).toThrow('is no secret');
});

test('what would have been expected is said, without secrets and digests', () => {
  for (const vector of vectors) {
    const explained = JSON.stringify(explainVerdict(requestOf(vector, { body: Buffer.from('{}') }), sourceFor(vector)));
    expect(explained).toContain('"ok":false');
    expect(explained).toContain('HMAC-SHA256 over');
    expect(explained).not.toContain(vector.secret);
  }
  const { expected } = explainVerdict(requestOf(vectors.at(-1)!), sourceFor(vectors.at(-1)!));
  expect(expected).toBe(
    'the header x-zm-signature laid out as v0={signature}, {signature} being the hex of HMAC-SHA256 over v0:{timestamp}:{body}; ' +
      '{timestamp} in the header x-zm-request-timestamp, in seconds since 1970 and at most 5400 s off',
  );
});
