import { createHmac } from 'node:crypto';
import express from 'express';
import { base64url, exportSPKI } from 'jose';
import { requireScope, verifyMiddleware, VerifyUnavailable, type Verifier, type VerifyRequest } from 'latchkey/verify';
import { createTokenVerifier, type TokenVerifierOptions } from 'latchkey/verify/tokens';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ask } from './gateways/request.ts';
import { engines } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import {
  AUDIENCE,
  ISSUER,
  makeSigner,
  openIssuer,
  signToken,
  type Issuer,
  type Signer,
  type TokenChanges,
} from './token-issuer.ts';
import { CLOSES, DURING, openTokenHouse, OPENS, type TokenHouse } from './tokens-house.ts';

/* Tokens that an API checks itself, by `latchkey/verify/tokens`. */

const START = Date.parse('2026-03-01T12:00:00Z');
const AT = START / 1000;

let passed = 0;
const clock = { now: () => START + passed, elapsed: () => passed };

let eddsa: Signer;
let stranger: Signer;
let issuer: Issuer;

beforeAll(async () => {
  [eddsa, stranger] = await Promise.all([makeSigner('EdDSA', 'k1'), makeSigner('EdDSA', 'k1')]);
});
beforeEach(async () => {
  passed = 0;
  issuer = await openIssuer(clock.now);
  issuer.state.keys = [eddsa.jwk];
  issuer.state.signer = eddsa;
});
afterEach(() => issuer.close());
afterAll(() => vi.useRealTimers());

const open = (options: Partial<TokenVerifierOptions> = {}): Verifier =>
  createTokenVerifier({ url: issuer.url, issuer: ISSUER, audience: AUDIENCE, clock, ...options });

async function codeOf(verifier: Verifier, key: string, about: Partial<VerifyRequest> = {}): Promise<string> {
  return await verifier.verify({ key, ...about }).then(
    ({ code }) => code,
    (error: unknown) => (error instanceof VerifyUnavailable ? error.code : String(error)),
  );
}

describe('a token', () => {
  test.each(['EdDSA', 'ES256', 'RS256'])('that is signed by %s passes, and says whose it is', async (alg) => {
    const signer = await makeSigner(alg, 'k2');
    issuer.state.keys.push(signer.jwk);
    expect(await open().verify({ key: await signToken(signer, AT) })).toEqual({
      valid: true,
      code: 'VALID',
      tokenType: 'jwt',
      keyId: 'key_1',
      holder: 'ada',
      scopes: ['pets:read', 'pets:write'],
      expiresAt: new Date(START + 3_600_000),
    });
  });

  const changes: [what: string, want: string, TokenChanges][] = [
    ['of another issuer', 'NOT_FOUND', { claims: { iss: 'https://elsewhere.example.org' } }],
    ['for another audience', 'NOT_FOUND', { claims: { aud: 'other-api' } }],
    ['of no audience', 'NOT_FOUND', { claims: { aud: undefined } }],
    ['of another type', 'NOT_FOUND', { header: { typ: 'JWT' } }],
    ['of no type', 'NOT_FOUND', { header: { typ: undefined } }],
    ['under a name of its key that nobody knows', 'NOT_FOUND', { header: { kid: 'k9' } }],
    ['that does not name its key', 'NOT_FOUND', { header: { kid: undefined } }],
    ['that says where its key is', 'NOT_FOUND', { header: { jku: 'http://127.0.0.1:1/jwks.json' } }],
    ['with an address of a certificate', 'NOT_FOUND', { header: { x5u: 'http://127.0.0.1:1/cert.pem' } }],
    ['without an end', 'NOT_FOUND', { claims: { exp: undefined } }],
    ['without a name', 'NOT_FOUND', { claims: { jti: undefined } }],
    ['with a number for a name', 'NOT_FOUND', { claims: { jti: 1 } }],
    ['of nobody', 'NOT_FOUND', { claims: { sub: undefined } }],
    ['that has just expired', 'EXPIRED', { claims: { exp: AT } }],
    ['that expires in a second', 'VALID', { claims: { exp: AT + 1 } }],
    ['that is good from now on', 'VALID', { claims: { nbf: AT } }],
    ['that is good in a second', 'NOT_YET_VALID', { claims: { nbf: AT + 1 } }],
  ];
  test.each(changes)('%s: %s', async (_what, want, change) => {
    expect(await codeOf(open(), await signToken(eddsa, AT, change))).toBe(want);
  });

  test('that is not signed by the key it names is none, whatever else it brings along', async () => {
    const verifier = open();
    const good = await signToken(eddsa, AT);
    const [header, payload, signature] = good.split('.') as [string, string, string];
    const part = (value: object) => base64url.encode(JSON.stringify(value));
    const byHmac = (secret: string) => {
      const signed = `${part({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${payload}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const forged = [
      await signToken(stranger, AT),
      await signToken(stranger, AT, { header: { jwk: stranger.jwk } }),
      await signToken(eddsa, AT, { header: { jwk: eddsa.jwk } }),
      `${part({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${payload}.`,
      `${part({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${payload}.${signature}`,
      byHmac(eddsa.jwk.x!),
      byHmac(JSON.stringify(eddsa.jwk)),
      byHmac(await exportSPKI(eddsa.publicKey)),
      `${header}.${part({ ...claims, sub: 'root' })}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${payload}.`,
      await issuer.makeList(),
      'eyJ.eyJ.eyJ',
      `eyJ${'x'.repeat(9000)}.eyJ.x`,
    ];
    expect(await codeOf(verifier, good)).toBe('VALID');
    for (const [at, key] of forged.entries()) expect([at, await codeOf(verifier, key)]).toEqual([at, 'NOT_FOUND']);
  });

  test('passes for a scope that it holds, by name or by a wildcard', async () => {
    const verifier = open();
    const key = await signToken(eddsa, AT, { claims: { scope: 'pets:read shop:*' } });
    const codes = await Promise.all(
      [['pets:read'], ['pets:write', 'shop:carts'], ['pets:write'], ['shop'], []].map((scopes) =>
        codeOf(verifier, key, { scopes }),
      ),
    );
    expect(codes).toEqual(['VALID', 'VALID', 'INSUFFICIENT_SCOPE', 'INSUFFICIENT_SCOPE', 'INSUFFICIENT_SCOPE']);
  });

  test('may be of one of several issuers and for one of several audiences', async () => {
    const verifier = open({ issuer: [ISSUER, 'https://old.example.org'], audience: [AUDIENCE, 'other-api'] });
    const codes: string[] = [];
    for (const claims of [
      {},
      { iss: 'https://old.example.org', aud: 'other-api' },
      { iss: 'https://third.example.org' },
      { aud: 'third-api' },
    ])
      codes.push(await codeOf(verifier, await signToken(eddsa, AT, { claims })));
    expect(codes).toEqual(['VALID', 'VALID', 'NOT_FOUND', 'NOT_FOUND']);
  });

  test('that is none is asked about elsewhere, or refused', async () => {
    const elsewhere = open({ otherwise: { verify: async () => ({ valid: true, code: 'VALID', keyId: 'key_2' }) } });
    expect([await codeOf(open(), 'temp_opaque-key'), await codeOf(elsewhere, 'temp_opaque-key')]).toEqual(['NOT_FOUND', 'VALID']);
  });
});

describe('the list of revoked keys', () => {
  test('ends a token within the time that was said', async () => {
    const verifier = open({ refreshMs: 5000 });
    const key = await signToken(eddsa, AT);
    expect(await codeOf(verifier, key)).toBe('VALID');
    issuer.state.claims.revoked = ['key_1'];
    passed = 4999;
    expect(await codeOf(verifier, key)).toBe('VALID');
    passed = 5000;
    expect(await codeOf(verifier, key)).toBe('REVOKED');
    expect(issuer.state.asked).toEqual({ keys: 1, list: 2 });
  });

  test('shortens a token at both ends', async () => {
    issuer.state.claims = { revoked: [], until: { key_1: AT + 10 }, from: { key_2: AT + 10 } };
    const verifier = open({ refreshMs: 60_000 });
    const [first, second] = [await signToken(eddsa, AT), await signToken(eddsa, AT, { claims: { jti: 'key_2' } })];
    passed = 9999;
    expect([await codeOf(verifier, first), await codeOf(verifier, second)]).toEqual(['VALID', 'NOT_YET_VALID']);
    passed = 10_000;
    expect([await codeOf(verifier, first), await codeOf(verifier, second)]).toEqual(['EXPIRED', 'VALID']);
  });

  test('is gone by for as long as it says when there is no newer one, and then nobody passes until there is', async () => {
    const verifier = open({ refreshMs: 5000 });
    const key = await signToken(eddsa, AT);
    expect(await codeOf(verifier, key)).toBe('VALID');
    issuer.state.down.list = true;
    passed = 59_999;
    expect(await codeOf(verifier, key)).toBe('VALID');
    passed = 60_000;
    expect(await codeOf(verifier, key)).toBe('unavailable');
    issuer.state.down.list = false;
    passed = 61_001;
    expect(await codeOf(verifier, key)).toBe('VALID');
  });

  test('grows old by either clock: one that stands still makes it no younger', async () => {
    const verifier = open({ refreshMs: 5000, clock: { now: () => START, elapsed: clock.elapsed } });
    const key = await signToken(eddsa, AT);
    expect(await codeOf(verifier, key)).toBe('VALID');
    issuer.state.down.list = true;
    passed = 60_000;
    expect(await codeOf(verifier, key)).toBe('unavailable');
  });

  test('is not asked for by everybody while it cannot be had', async () => {
    issuer.state.down.list = true;
    const verifier = open();
    const key = await signToken(eddsa, AT);
    for (let times = 0; times < 5; times += 1) expect(await codeOf(verifier, key)).toBe('unavailable');
    expect(issuer.state.asked.list).toBe(1);
  });

  test('is never replaced by an older one', async () => {
    const verifier = open({ refreshMs: 5000 });
    const key = await signToken(eddsa, AT);
    const old = await issuer.makeList();
    passed = 2000;
    issuer.state.claims.revoked = ['key_1'];
    expect(await codeOf(verifier, key)).toBe('REVOKED');
    issuer.state.list = old;
    passed = 8000;
    expect(await codeOf(verifier, key)).toBe('REVOKED');
  });

  test('is of no use when others signed it, or when it is no list', async () => {
    const key = await signToken(eddsa, AT);
    issuer.state.signer = stranger;
    expect(await codeOf(open(), key)).toBe('unavailable');
    issuer.state.signer = eddsa;
    issuer.state.typ = 'at+jwt';
    expect(await codeOf(open(), key)).toBe('unavailable');
    issuer.state.typ = 'revoked-keys+jwt';
    issuer.state.claims.revoked = 'key_1';
    expect(await codeOf(open(), key)).toBe('unavailable');
    issuer.state.list = '{"revoked":[]}';
    expect(await codeOf(open(), key)).toBe('unavailable');
  });
});

describe('the public keys', () => {
  test('are a must before the first token, and are kept when they cannot be had later', async () => {
    const verifier = open();
    const key = await signToken(eddsa, AT);
    issuer.state.down.keys = true;
    expect(await codeOf(verifier, key)).toBe('unavailable');
    issuer.state.down.keys = false;
    expect(await codeOf(verifier, key)).toBe('VALID');
    issuer.state.down.keys = true;
    expect(await codeOf(verifier, key)).toBe('VALID');
  });

  test('are read again for a key that is new, so that a rotation refuses nobody', async () => {
    // The library that keeps them goes by the clock of the machine.
    vi.useFakeTimers({ toFake: ['Date'], now: START });
    const verifier = open();
    const next = await makeSigner('EdDSA', 'k2');
    const [old, young] = [await signToken(eddsa, AT), await signToken(next, AT)];
    expect([await codeOf(verifier, old), await codeOf(verifier, young)]).toEqual(['VALID', 'NOT_FOUND']);
    issuer.state.keys = [next.jwk, eddsa.jwk];
    vi.setSystemTime(START + 31_000);
    expect([await codeOf(verifier, old), await codeOf(verifier, young)]).toEqual(['VALID', 'VALID']);
    vi.useRealTimers();
  });
});

test('an Express API goes by it as by any verifier', async () => {
  const app = express();
  app.use(verifyMiddleware({ verifier: open() }));
  app.get('/pets', requireScope('pets:read'), (request, response) => void response.json(request.apiKey));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const bearer = async (changes?: TokenChanges) => ({
    headers: { authorization: `Bearer ${await signToken(eddsa, AT, changes)}` },
  });
  const good = await ask(url, '/pets', await bearer());
  expect([good.status, JSON.parse(good.text)]).toMatchObject([200, { keyId: 'key_1', holder: 'ada' }]);
  const late = await ask(url, '/pets', await bearer({ claims: { exp: AT } }));
  expect([late.status, late.headers['www-authenticate']]).toEqual([
    401,
    'Bearer realm="latchkey", error="invalid_token", error_description="Token expired"',
  ]);
  issuer.state.down.list = true;
  passed = 120_000;
  expect((await ask(url, '/pets', await bearer())).status).toBe(503);
  server.closeAllConnections();
  server.close();
});

describe('with the tokens of Latchkey itself', () => {
  let house: TokenHouse;
  beforeAll(async () => {
    house = await openTokenHouse(engines[0]!);
  });
  afterAll(() => house.close());

  test('an API lets in by itself whom Latchkey lets in, whatever happens to their keys', async () => {
    const nowMs = () => house.clock.now().getTime();
    const options = { url: house.urls.open, issuer: tokenRules.issuer, audience: 'lab', refreshMs: 0 };
    const { verify } = createTokenVerifier({ ...options, clock: { now: nowMs, elapsed: nowMs } });
    const { manager } = house.keys;
    house.clock.set(DURING);
    const minutes = (count: number) => new Date(Date.parse(DURING) + count * 60_000);
    const [kept, revoked, suspended, shortened, moved, later] = await Promise.all([
      house.put(),
      house.put(),
      house.put(),
      house.put(),
      house.put(),
      house.put({ window: { opensAt: minutes(2), closesAt: minutes(20) } }),
    ]);
    await manager.remove(revoked.name);
    await manager.suspend(suspended.name);
    await manager.retime(shortened.name, { opensAt: OPENS, closesAt: minutes(5) });
    await manager.retime(moved.name, { opensAt: minutes(5), closesAt: CLOSES });
    const answers: Record<number, string> = {};
    for (const at of [1, 2, 5, 20]) {
      house.clock.set(minutes(at).toISOString());
      const keys = [kept, revoked, suspended, shortened, moved, later];
      const here = await Promise.all(keys.map(async ({ text }) => (await verify({ key: text })).valid));
      const there = await Promise.all(keys.map(async ({ text }) => (await house.keys.verify({ key: text })).valid));
      expect([at, here]).toEqual([at, there]);
      answers[at] = here.map(Number).join('');
    }
    expect(answers).toEqual({ 1: '100100', 2: '100101', 5: '100011', 20: '100010' });
    expect(await verify({ key: kept.text })).toMatchObject({
      keyId: kept.id,
      holder: 'ada',
      scopes: ['read', 'write'],
      expiresAt: CLOSES,
    });
  });
});
