import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyStandardWebhook } from '../src/sources/auth/standard-webhooks.ts';
import { verifyRequest } from '../src/sources/auth/verify.ts';
import type { Verified } from '../src/reservation/auth-rule.ts';
import type { SigningSecret, Source } from '../src/reservation/source.ts';
import { Secret } from '../src/secret/secret.ts';
import { isWebhookSecret, signMessage } from '../src/secret/standard-webhooks.ts';
import { sourceOf } from './fixtures/source.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
// oxlint-disable-next-line typescript/no-explicit-any -- vectors are read as they are
const json = (name: string): any => JSON.parse(fixture(name).toString());
const secrets = (...values: (string | { value: string; notAfter: Date })[]): SigningSecret[] =>
  values.map((value) =>
    typeof value === 'string' ? { secret: new Secret(value) } : { secret: new Secret(value.value), notAfter: value.notAfter },
  );

const NAME = 'X-Webhook-Signature';
const now = new Date('2026-01-01T10:00:00Z');
const source = (given: SigningSecret[], encoding: 'base64' | 'hex' = 'base64'): Source =>
  sourceOf({ preset: 'cloud-resource-reservation', encoding }, { change: { secrets: given } });
const hmac = (secret: string, body: Buffer | string, encoding: 'base64' | 'hex' = 'base64') =>
  createHmac('sha256', secret).update(body).digest(encoding);

describe('signatures of cloud-resource-reservation', () => {
  const secret = 'uQm0n0J9mTn3m3y0b9p2mJtq7o0v1x3y5z7A9C1E3G4=';
  const body = Buffer.from('{"eventType":"EVENT_START","eventId":"1"}');
  const verify = (headers: string[], over: Partial<{ body: Buffer; source: Source; now: Date }> = {}): Verified =>
    verifyRequest({ rawHeaders: headers, body: over.body ?? body, now: over.now ?? now }, over.source ?? source(secrets(secret)));

  describe('the vectors', () => {
    const { vectors } = json('signature-vectors.json');
    test.each(vectors as { file: string; secret: string; headers: Record<string, string>; expect: string }[])(
      '$file: $expect',
      (vector) => {
        const headers = Object.entries(vector.headers).flat();
        const over = { body: fixture(vector.file), source: source(secrets(vector.secret)) };
        expect(verify(headers, over).ok).toBe(vector.expect === 'accept');
        const hex = verify(headers, { ...over, source: source(secrets(vector.secret), 'hex') });
        expect(hex.ok).toBe(vector.expect.startsWith('hex variant'));
      },
    );
    test('there are as many as there should be', () => {
      expect(vectors.length).toBe(11);
    });
  });

  test.each<[string, string[]]>([
    ['no signature', []],
    ['an empty one', [NAME, '']],
    ['a wrong one', [NAME, hmac('another secret', body)]],
    ['hex where base64 is configured', [NAME, hmac(secret, body, 'hex')]],
    ['upper case', [NAME, hmac(secret, body).toUpperCase()]],
    ['a prefix', [NAME, `sha256=${hmac(secret, body)}`]],
    ['one cut short', [NAME, hmac(secret, body).slice(0, 20)]],
    ['one without its padding', [NAME, hmac(secret, body).replace('=', '')]],
    ['two headers, the first good', [NAME, hmac(secret, body), NAME, 'x']],
    ['two headers, both good, in different case', [NAME, hmac(secret, body), NAME.toLowerCase(), hmac(secret, body)]],
    ['two joined by a comma', [NAME, `${hmac(secret, body)}, ${hmac(secret, body)}`]],
    ['the signature under another name', ['X-Signature', hmac(secret, body)]],
  ])('%s is refused with a reason', (_name, headers) => {
    const verdict = verify(headers);
    expect(verdict).toMatchObject({ ok: false, reason: expect.any(String) });
    expect(JSON.stringify(verdict)).not.toContain(hmac(secret, body));
  });

  test('the header is found whatever its case', () => {
    expect(verify([NAME.toUpperCase(), hmac(secret, body)])).toEqual({ ok: true, secretIndex: 0 });
  });

  test('the same content with its members in another order, or with a byte order mark, is another body', () => {
    const signature = [NAME, hmac(secret, body)];
    expect(verify(signature, { body: Buffer.from('{"eventId":"1","eventType":"EVENT_START"}') }).ok).toBe(false);
    expect(verify(signature, { body: Buffer.concat([Buffer.from('\ufeff'), body]) }).ok).toBe(false);
  });

  test('a body of no bytes is verified like any other', () => {
    const empty = Buffer.alloc(0);
    expect(verify([NAME, hmac(secret, empty)], { body: empty }).ok).toBe(true);
    expect(verify([NAME, hmac(secret, body)], { body: empty }).ok).toBe(false);
  });

  test('hex is taken in either case and with sha256= in front, but only where it is configured', () => {
    const pinned = { source: source(secrets(secret), 'hex') };
    const hex = hmac(secret, body, 'hex');
    for (const value of [hex, hex.toUpperCase(), `sha256=${hex}`]) expect(verify([NAME, value], pinned).ok).toBe(true);
    expect(verify([NAME, hmac(secret, body)], pinned).ok).toBe(false);
    expect(verify([NAME, `sha1=${hex}`], pinned).ok).toBe(false);
  });

  test('during a rotation both secrets are good and it is told which was used; after its end the old one is not', () => {
    const end = new Date('2026-01-01T12:00:00Z');
    const rotating = { source: source(secrets('new', { value: 'old', notAfter: end })) };
    const old = [NAME, hmac('old', body)];
    expect(verify([NAME, hmac('new', body)], rotating)).toEqual({ ok: true, secretIndex: 0 });
    expect(verify(old, { ...rotating, now: new Date(end.getTime() - 1) })).toEqual({ ok: true, secretIndex: 1 });
    expect(verify(old, { ...rotating, now: end }).ok).toBe(false);
  });

  test('a source whose secrets have all ended accepts nothing', () => {
    const ended = { source: source(secrets({ value: secret, notAfter: now })) };
    expect(verify([NAME, hmac(secret, body)], ended).ok).toBe(false);
    expect(verify([NAME, hmac('', body)], ended).ok).toBe(false);
  });

  test('any changed byte of body or signature is refused', () => {
    const signature = Buffer.from(hmac(secret, body));
    fc.assert(
      fc.property(fc.nat(body.length + signature.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.concat([body, signature]);
        changed[at] = changed[at]! ^ change;
        const header = changed.subarray(body.length).toString('latin1');
        expect(verify([NAME, header], { body: changed.subarray(0, body.length) }).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('Standard Webhooks', () => {
  const vectors = json('standard-webhooks-vectors.json');
  const official: { secret: string; webhook_id: string; webhook_timestamp: number; payload: string; signature: string }[] =
    vectors.official_fixed;
  const [first] = official as [(typeof official)[number]];
  const sentAt = new Date(first.webhook_timestamp * 1000);
  const payload = Buffer.from(first.payload);
  const parts = { id: first.webhook_id, timestamp: String(first.webhook_timestamp), signature: first.signature };
  const headersOf = (given: Partial<typeof parts> = {}, family = 'webhook') =>
    Object.entries({ ...parts, ...given }).flatMap(([name, value]) => [`${family}-${name}`, value]);
  const verify = (headers: string[], over: Partial<{ body: Buffer; secrets: SigningSecret[]; now: Date }> = {}) =>
    verifyStandardWebhook(
      { rawHeaders: headers, body: over.body ?? payload, now: over.now ?? sentAt },
      over.secrets ?? secrets(first.secret),
    );

  test.each(official)('the official vector of $webhook_id is accepted and signed the same', (vector) => {
    const at = new Date(vector.webhook_timestamp * 1000);
    const headers = headersOf({
      id: vector.webhook_id,
      timestamp: String(vector.webhook_timestamp),
      signature: vector.signature,
    });
    const body = Buffer.from(vector.payload);
    expect(verify(headers, { body, secrets: secrets(vector.secret), now: at })).toEqual({
      ok: true,
      id: vector.webhook_id,
      sentAt: at,
      secretIndex: 0,
    });
    const signed = signMessage({ id: vector.webhook_id, sentAt: at, body }, [new Secret(vector.secret)]);
    expect(signed['webhook-signature']).toBe(vector.signature);
  });

  test('the v1a vector is accepted with the public key', () => {
    const vector = vectors.computed_v1a;
    const headers = headersOf({
      id: vector.webhook_id,
      timestamp: String(vector.webhook_timestamp),
      signature: vector.signature,
    });
    const asked = {
      body: Buffer.from(vector.payload),
      now: new Date(vector.webhook_timestamp * 1000),
      secrets: secrets(vector.public_key),
    };
    expect(verify(headers, asked).ok).toBe(true);
    expect(verify(headers, { ...asked, body: Buffer.from('{}') }).ok).toBe(false);
  });

  test('what a whsk_ key signs, its whpk_ key verifies', () => {
    const pair = generateKeyPairSync('ed25519');
    const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    const open = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const signed = signMessage({ id: 'msg_1', sentAt, body: payload }, [new Secret(`whsk_${seed.toString('base64')}`)]);
    const headers = Object.entries(signed).flat();
    expect(verify(headers, { secrets: secrets(`whpk_${open.toString('base64')}`) }).ok).toBe(true);
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    expect(verify(headers, { secrets: secrets(`whpk_${other.toString('base64')}`) }).ok).toBe(false);
  });

  test.each<[string, string[]]>([
    ['missing webhook-id', headersOf().slice(2)],
    ['missing webhook-timestamp', headersOf().toSpliced(2, 2)],
    ['missing webhook-signature', headersOf().slice(0, 4)],
    ['an id that comes twice', [...headersOf(), 'webhook-id', parts.id]],
    ['a timestamp that comes twice', [...headersOf(), 'Webhook-Timestamp', parts.timestamp]],
    ['a signature that comes twice', [...headersOf(), 'webhook-signature', parts.signature]],
    ['an id with a dot', headersOf({ id: 'a.b' })],
    ['an empty id', headersOf({ id: '' })],
    ['an id of 201 characters', headersOf({ id: 'x'.repeat(201) })],
    ['a signature cut to 8 characters', headersOf({ signature: parts.signature.slice(0, 8) })],
    ['headers of two families', [...headersOf().slice(0, 4), 'svix-signature', parts.signature]],
    ...(vectors.must_reject as Record<string, string>[])
      .filter((one) => one.webhook_timestamp !== undefined)
      .map((one): [string, string[]] => [one.case!, headersOf({ timestamp: one.webhook_timestamp! })]),
    ...(vectors.must_reject as Record<string, string>[])
      .filter((one) => one.webhook_signature !== undefined)
      .map((one): [string, string[]] => [one.case!, headersOf({ signature: one.webhook_signature! })]),
  ])('%s is refused with a reason', (_name, headers) => {
    expect(verify(headers)).toMatchObject({ ok: false, reason: expect.any(String) });
  });

  test.each([
    [-301, false],
    [-300, true],
    [0, true],
    [300, true],
    [301, false],
  ])('sent %i s from now: accepted is %s', (seconds, accepted) => {
    expect(verify(headersOf(), { now: new Date(sentAt.getTime() - seconds * 1000) }).ok).toBe(accepted);
  });

  test.each(['', 'whsec_', 'not base64!', 'whpk_', 'whpk_AAAA', 'whsk_AAAA'])('the secret "%s" accepts nothing', (value) => {
    expect(isWebhookSecret(new Secret(value))).toBe(false);
    expect(verify(headersOf(), { secrets: secrets(value) }).ok).toBe(false);
    expect(() => signMessage({ id: 'msg_1', sentAt, body: payload }, [new Secret(value)])).toThrow('standard webhooks');
  });

  test('the secret may come without its prefix and without padding', () => {
    expect(verify(headersOf(), { secrets: secrets(first.secret.replace('whsec_', '')) }).ok).toBe(true);
    const unpadded: string[] = vectors.must_accept.find((one: { secrets?: string[] }) => one.secrets).secrets;
    expect(unpadded.length).toBe(3);
    for (const value of unpadded) {
      const signature = `v1,${createHmac('sha256', Buffer.from(value, 'base64')).update(`${parts.id}.${parts.timestamp}.${first.payload}`).digest('base64')}`;
      expect(verify(headersOf({ signature }), { secrets: secrets(value) }).ok).toBe(true);
    }
  });

  test('header names in any case, and those of Svix, are the same', () => {
    const mixed = ['Webhook-Id', parts.id, 'WEBHOOK-TIMESTAMP', parts.timestamp, 'webhook-SIGNATURE', parts.signature];
    expect(verify(mixed).ok).toBe(true);
    expect(verify(headersOf({}, 'svix')).ok).toBe(true);
  });

  test('one good signature in a list is enough', () => {
    const list = (vectors.multi_signature_header_template as string).replace('{VALID}', parts.signature);
    expect(verify(headersOf({ signature: list })).ok).toBe(true);
    expect(verify(headersOf({ signature: list.replace(parts.signature, '') })).ok).toBe(false);
  });

  test('an empty body is signed like any other', () => {
    const empty = Buffer.alloc(0);
    const headers = Object.entries(signMessage({ id: 'msg_1', sentAt, body: empty }, [new Secret(first.secret)])).flat();
    expect(verify(headers, { body: empty }).ok).toBe(true);
  });

  test('a sender in rotation signs with both secrets, and it is told which one we knew', () => {
    const [a, b] = official as [(typeof official)[number], (typeof official)[number]];
    const headers = Object.entries(
      signMessage({ id: 'msg_1', sentAt, body: payload }, [new Secret(a.secret), new Secret(b.secret)]),
    ).flat();
    expect(verify(headers, { secrets: secrets({ value: a.secret, notAfter: sentAt }, b.secret) })).toMatchObject({
      ok: true,
      secretIndex: 1,
    });
    expect(verify(headers, { secrets: secrets(a.secret) })).toMatchObject({ ok: true, secretIndex: 0 });
  });

  test('an id with a dot is refused even with a good signature: it could be read as another message', () => {
    const key = Buffer.from(first.secret.replace('whsec_', ''), 'base64');
    const sign = (id: string) =>
      `v1,${createHmac('sha256', key).update(`${id}.${parts.timestamp}.`).update(payload).digest('base64')}`;
    expect(verify(headersOf({ id: 'a-b', signature: sign('a-b') })).ok).toBe(true);
    expect(verify(headersOf({ id: 'a.b', signature: sign('a.b') }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('dot'),
    });
  });

  test('a message id with a dot is never signed', () => {
    expect(() => signMessage({ id: 'a.b', sentAt, body: payload }, [new Secret(first.secret)])).toThrow('no dot');
  });

  test('any changed byte of id, time, body or signature is refused', () => {
    const whole = [parts.id, parts.timestamp, first.payload, parts.signature].map((part) => Buffer.from(part));
    const lengths = whole.map((part) => part.length);
    fc.assert(
      fc.property(fc.nat(Buffer.concat(whole).length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.concat(whole);
        changed[at] = changed[at]! ^ change;
        let start = 0;
        const [id, timestamp, body, signature] = lengths.map((length) => changed.subarray(start, (start += length))) as [
          Buffer,
          Buffer,
          Buffer,
          Buffer,
        ];
        const headers = headersOf({
          id: id.toString('latin1'),
          timestamp: timestamp.toString('latin1'),
          signature: signature.toString('latin1'),
        });
        expect(verify(headers, { body }).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

test('digests are compared in constant time, in one place, and nowhere else', () => {
  const folder = new URL('../src/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(intake|secret|sources)\/.*\.ts$/u.test(file),
  );
  const using = (word: string) => files.filter((file) => readFileSync(new URL(file, folder), 'utf8').includes(word)).sort();
  expect(using('createHmac(')).toEqual(['secret/hmac.ts']);
  expect(using('timingSafeEqual(')).toEqual(['secret/hmac.ts']);
  expect(using('equalDigests(')).toEqual(['secret/hmac.ts', 'secret/standard-webhooks.ts', 'sources/auth/hmac.ts']);
  expect(using('equalTexts(')).toEqual(['secret/hmac.ts', 'sources/auth/client-certificate.ts', 'sources/auth/token.ts']);
});
