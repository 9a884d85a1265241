import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type JSONWebKeySet, type JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isTokenForm } from '../src/keys/token.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import { CLOSES, DURING, openTokenHouse, OPENS, OPERATOR, type TokenHouse } from './tokens-house.ts';

const seconds = (date: Date): number => date.getTime() / 1000;
const after = (date: Date, ms: number): string => new Date(date.getTime() + ms).toISOString();
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describeEngines('tokens', (engine) => {
  let house: TokenHouse;
  beforeAll(async () => (house = await openTokenHouse(engine)));
  beforeEach(() => house.clock.set(DURING));
  afterAll(() => house.close());

  const jwks = async (): Promise<JSONWebKeySet> => (await house.ask('/.well-known/jwks.json')).body as unknown as JSONWebKeySet;

  /** What an API without us does: only the public keys, and a library. */
  async function checkElsewhere(text: string, keys?: JSONWebKeySet, audience = 'lab') {
    const options = { issuer: tokenRules.issuer, audience, typ: 'at+jwt', currentDate: house.clock.now() };
    return await jwtVerify(text, createLocalJWKSet(keys ?? (await jwks())), options);
  }

  test('says whose it is and how long, for a checker that knows only the public keys', async () => {
    const key = await house.put();
    const { payload, protectedHeader } = await checkElsewhere(key.text);
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: (await jwks()).keys[0]!.kid });
    expect(payload).toEqual({
      iss: 'https://keys.campus.example',
      aud: 'lab',
      sub: 'ada',
      client_id: key.lease,
      lease: key.lease,
      scope: 'read write',
      jti: key.id,
      iat: seconds(new Date(DURING)),
      nbf: seconds(OPENS),
      exp: seconds(CLOSES),
    });
  });

  test('is never good outside of its window, where that has fractions of a second', async () => {
    const window = { opensAt: new Date(after(OPENS, 1)), closesAt: new Date(after(CLOSES, 999)) };
    const { text } = await house.put({ window });
    const { payload } = await checkElsewhere(text);
    expect(payload).toMatchObject({ nbf: seconds(OPENS) + 1, exp: seconds(CLOSES) });
    house.clock.set(after(CLOSES, 500));
    expect((await house.verify(text)).body.error_description).toBe('Token expired');
    await expect(house.put({ window: { opensAt: OPENS, closesAt: OPENS } })).rejects.toThrow('for a second at least');
  });

  test('opens the door, and costs a signature only the first time', async () => {
    const { text, id } = await house.put();
    const first = house.keys.verify({ key: text });
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toMatchObject({ valid: true, keyId: id, tokenType: 'jwt', scopes: ['read', 'write'] });
    expect(house.keys.verify({ key: text })).toMatchObject({ valid: true, keyId: id });
  });

  test.each([
    [-1000, 'NOT_YET_VALID'],
    [0, 'VALID'],
  ])('%i ms from its start it is %s', async (ms, code) => {
    const { text } = await house.put();
    house.clock.set(after(OPENS, ms));
    expect(await house.keys.verify({ key: text })).toMatchObject({ code });
  });

  test.each([
    [-1000, 'VALID'],
    [0, 'EXPIRED'],
    [1000, 'EXPIRED'],
  ])('%i ms from its end it is %s', async (ms, code) => {
    const { text } = await house.put();
    house.clock.set(after(CLOSES, ms));
    expect(await house.keys.verify({ key: text })).toMatchObject({ code });
  });

  test('is not accepted once revoked or held back, remembered or not, by verify or by introspection', async () => {
    const [known, unknown, held] = [await house.put(), await house.put(), await house.put()];
    expect((await house.verify(known.text)).status).toBe(200);
    for (const { name } of [known, unknown]) await house.keys.manager.remove(name);
    await house.keys.manager.suspend(held.name);
    for (const [{ text }, why] of [
      [known, 'API key has been revoked'],
      [unknown, 'API key has been revoked'],
      [held, 'API key is suspended'],
    ] as const) {
      expect((await house.verify(text)).body).toEqual({ error: 'invalid_token', error_description: why });
      expect((await house.introspect(text)).body).toEqual({ active: false });
    }
    await house.keys.manager.resume(held.name);
    expect((await house.verify(held.text)).status).toBe(200);
  });

  test('is not accepted when it is revoked while its signature is checked', async () => {
    const { text, name } = await house.put();
    const begun = house.keys.verify({ key: text });
    await house.keys.manager.remove(name);
    const [late, inspected] = [house.keys.verify({ key: text }), house.keys.inspect(text)];
    await begun;
    expect(await late).toMatchObject({ code: 'REVOKED' });
    expect(await inspected).toBeUndefined();
  });

  test('a window that became shorter counts at once, whatever the token says', async () => {
    const { text, name } = await house.put();
    await house.keys.manager.retime(name, { opensAt: OPENS, closesAt: new Date(after(new Date(DURING), 60_000)) });
    expect((await house.verify(text)).status).toBe(200);
    house.clock.forward(60_000);
    expect((await house.verify(text)).body.error_description).toBe('Token expired');
    await house.keys.manager.retime(name, { opensAt: OPENS, closesAt: new Date(after(CLOSES, 3_600_000)) });
    house.clock.set(after(CLOSES, 0));
    expect((await house.verify(text)).body.error_description).toBe('Token expired');
  });

  /** Tokens that look like one of ours: each as we would make it, but for one thing. */
  async function forgeries(): Promise<Record<string, string>> {
    const good = await house.put();
    const [header, payload, signature] = good.text.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const row = (await house.tokens.signingKeys.list()).find((key) => key.kid === kid)!;
    const own = await importJWK(JSON.parse(house.sealer.open(row.sealedPrivate!, `signing-key:${kid}`).reveal()) as JWK, 'EdDSA');
    const publicJwk = JSON.stringify(row.publicJwk);
    const stranger = await generateKeyPair('EdDSA', { extractable: true });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const sign = (changed: object, over: object = {}, key: Parameters<SignJWT['sign']>[0] = own) =>
      new SignJWT({ ...claims, ...over }).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...changed }).sign(key);
    const hmac = (secret: string | Buffer) => {
      const signed = `${part({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    };
    return {
      'alg none': `${part({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`,
      'alg none with a signature': `${part({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.${signature}`,
      'HS256 with the public key as JSON': hmac(publicJwk),
      'HS256 with the public key as bytes': hmac(Buffer.from((row.publicJwk as { x: string }).x, 'base64url')),
      'an unknown kid': await sign({ kid: 'unknown' }),
      'no kid': await sign({ kid: undefined }),
      "a stranger's signature": await sign({}, {}, stranger.privateKey),
      "a stranger's key in jwk": await sign({ jwk: await exportJWK(stranger.publicKey) }, {}, stranger.privateKey),
      'our own key in jwk': await sign({ jwk: row.publicJwk }),
      jku: await sign({ jku: 'https://attacker.example/jwks.json' }),
      x5u: await sign({ x5u: 'https://attacker.example/cert.pem' }),
      x5c: await sign({ x5c: ['MIIB'] }),
      'crit with an extension': `${part({ alg: 'EdDSA', typ: 'at+jwt', kid, crit: ['exp'] })}.${payload}.${signature}`,
      'another algorithm than its key has': await sign({ alg: 'RS256' }, {}, rsa.privateKey),
      'another typ': await sign({ typ: 'JWT' }),
      'no typ': await sign({ typ: undefined }),
      'another issuer': await sign({}, { iss: 'https://attacker.example' }),
      'another audience': await sign({}, { aud: 'other' }),
      'several audiences': await sign({}, { aud: ['lab', 'other'] }),
      'another key': await sign({}, { jti: 'key_other' }),
      'another holder': await sign({}, { sub: 'eve' }),
      'no end': await sign({}, { exp: undefined }),
      'a payload that was changed': `${header}.${part({ ...claims, scope: 'admin' })}.${signature}`,
      'a signature that was changed': `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      'a signature that was cut': good.text.slice(0, -4),
      'no signature': `${header}.${payload}.`,
      'two parts': `${header}.${payload}`,
      'four parts': `${good.text}.e30`,
      'a header that is no JSON': `eyJhbGciOi.${payload}.${signature}`,
      'much too long': `${header}.${part({ ...claims, pad: 'x'.repeat(9000) })}.${signature}`,
    };
  }

  test('whatever we did not make is refused with 401, and in introspection is not active', async () => {
    const forged = Object.entries(await forgeries());
    for (const [what, text] of forged) {
      const { status, body } = await house.verify(text);
      expect([what, status, body.error]).toEqual([what, 401, 'invalid_token']);
      expect(body.error_description).toBe(isTokenForm(text) ? 'Invalid token' : 'Invalid API Key');
      expect((await house.introspect(text)).body, what).toEqual({ active: false });
    }
    expect(forged.filter(([, text]) => isTokenForm(text)).length).toBeGreaterThan(20);
  });

  test('and would be refused if it stood in our books', async () => {
    let stood = 0;
    for (const [what, text] of Object.entries(await forgeries())) {
      if (!isTokenForm(text)) continue;
      const put = house.put({ secret: new Secret(text) }).then(() => (stood += 1));
      // Without a kid or an end it is none that can be put there.
      await put.catch(() => {});
      expect(await house.keys.verify({ key: text }), what).toMatchObject({ code: 'NOT_FOUND' });
      expect(await house.keys.inspect(text), what).toBeUndefined();
    }
    expect(stood).toBeGreaterThan(15);
  });

  test('introspection tells what a key is good for, be it a token or not, and counts nothing', async () => {
    const quota = { limit: 1, per: 'reservation' as const };
    const token = await house.put({ quota });
    const opaque = await house.put({ tokenType: 'opaque', quota });
    const common = { active: true, scope: 'read write', username: 'ada', sub: 'ada', token_type: 'Bearer', aud: 'lab' };
    const times = { nbf: seconds(OPENS), exp: seconds(CLOSES) };
    for (let round = 0; round < 3; round += 1) {
      expect((await house.introspect(token.text)).body).toEqual({
        ...common,
        ...times,
        iss: tokenRules.issuer,
        iat: seconds(new Date(DURING)),
        jti: token.id,
        lease: token.lease,
        client_id: token.lease,
      });
      expect((await house.introspect(opaque.text)).body).toMatchObject({
        ...common,
        ...times,
        jti: opaque.id,
        lease: opaque.lease,
      });
    }
    for (const { text } of [token, opaque]) expect((await house.verify(text)).status).toBe(200);
    house.clock.set(after(CLOSES, 0));
    for (const { text } of [token, opaque]) expect((await house.introspect(text)).body).toEqual({ active: false });
    house.clock.set(after(OPENS, -1000));
    for (const { text } of [token, opaque]) expect((await house.introspect(text)).body).toEqual({ active: false });
    expect((await house.introspect('nothing of ours')).body).toEqual({ active: false });
  });

  test('introspection leaves out the end of a key that has none', async () => {
    const { text } = await house.put({
      tokenType: 'opaque',
      window: { opensAt: OPENS, closesAt: new Date('9999-12-31T00:00:00Z') },
    });
    const { body, headers } = await house.introspect(text);
    expect(body.active).toBe(true);
    expect(body).not.toHaveProperty('exp');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('introspection is for those who may verify', async () => {
    const { text } = await house.put();
    const body = new URLSearchParams({ token: text });
    expect((await house.ask('/oauth/introspect', { method: 'POST', body }, 'guarded')).status).toBe(403);
    const headers = { authorization: `Bearer ${OPERATOR}` };
    const answer = await house.ask('/oauth/introspect', { method: 'POST', body, headers }, 'guarded');
    expect([answer.status, answer.body.active]).toEqual([200, true]);
  });

  test('every door says in its own words what is wrong', async () => {
    const opaque = await house.put({ tokenType: 'opaque' });
    const token = await house.put();
    const [revoked, over] = [await house.put(), after(CLOSES, 0)];
    await house.keys.manager.remove(revoked.name);
    const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
    const cases: [string, RequestInit, number, string, string][] = [
      [DURING, {}, 401, 'invalid_token', 'Missing API Key'],
      [DURING, { headers: { authorization: 'Basic YTpi' } }, 401, 'invalid_token', 'No token provided'],
      [DURING, { headers: bearer('nothing') }, 401, 'invalid_token', 'Invalid API Key'],
      [DURING, { headers: bearer(`${token.text}x`) }, 401, 'invalid_token', 'Invalid token'],
      [DURING, { headers: bearer(revoked.text) }, 401, 'invalid_token', 'API key has been revoked'],
      [over, { headers: bearer(opaque.text) }, 401, 'invalid_token', 'API key has expired'],
      [over, { headers: { 'x-api-key': token.text } }, 401, 'invalid_token', 'Token expired'],
      [after(OPENS, -1), { headers: bearer(token.text) }, 401, 'invalid_token', 'Token is not valid yet'],
    ];
    for (const [at, init, status, error, error_description] of cases) {
      house.clock.set(at);
      const answer = await house.ask('/verify', init);
      expect([answer.status, answer.body]).toEqual([status, { error, error_description }]);
    }
    house.clock.set(DURING);
    const denied = await house.ask('/verify?method=DELETE', { headers: bearer(token.text) });
    expect([denied.status, denied.body]).toEqual([
      403,
      { error: 'insufficient_scope', error_description: 'API key does not have required permissions' },
    ]);
    for (const body of [
      new URLSearchParams(),
      new URLSearchParams([
        ['token', 'a'],
        ['token', 'b'],
      ]),
    ]) {
      const answer = await house.ask('/oauth/introspect', { method: 'POST', body });
      expect([answer.status, answer.body]).toEqual([400, { error: 'invalid_request', error_description: 'No token provided' }]);
    }
  });

  test('tokens of strangers cost no question to the ledger, also while that is out of reach', async () => {
    const apart = await openTokenHouse(engine);
    const stranger = await generateKeyPair('EdDSA');
    const { kid } = (await apart.tokens.published())[0]!;
    const header = { alg: 'EdDSA', typ: 'at+jwt', kid: kid! };
    const text = await new SignJWT({ jti: 'x' }).setProtectedHeader(header).sign(stranger.privateKey);
    const wish = { keyId: 'key_1', lease: 'lse_1', holder: 'ada', scopes: [], project: 'lab' };
    const ours = await apart.tokens.mint({ ...wish, window: { opensAt: OPENS, closesAt: CLOSES } });
    await apart.ledger.close();
    expect(await apart.keys.verify({ key: text })).toMatchObject({ code: 'NOT_FOUND' });
    await expect(apart.keys.verify({ key: ours.reveal() })).rejects.toThrow('given back');
    await apart.close();
  });
});
