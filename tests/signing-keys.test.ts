import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { JWKS_AGE_MS, LEAD_MS } from '../src/keys/key-ring.ts';
import { openTokens, type Tokens } from '../src/keys/tokens.ts';
import { TOKEN_ALGORITHMS, type TokenRules } from '../src/reservation/tokens.ts';
import { createSealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import { openTokenHouse, type TokenHouse } from './tokens-house.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describeEngines('signing keys', (engine) => {
  let house: TokenHouse;
  beforeAll(async () => (house = await openTokenHouse(engine)));
  beforeEach(() => (house.state.rules = tokenRules));
  afterAll(() => house.close());

  const jwksOf = async (tokens: Tokens): Promise<JSONWebKeySet> => ({ keys: [...(await tokens.published())] });
  const kidOf = ({ text }: { text: string }): string => decodeProtectedHeader(text).kid!;
  const lasting = (ms: number) => ({ opensAt: house.clock.now(), closesAt: new Date(house.clock.now().getTime() + ms) });
  const states = async () => (await house.tokens.signingKeys.list()).filter(({ goneAt }) => goneAt === null).length;

  /** The next key signs, under these rules. */
  async function turnTo(rules: TokenRules): Promise<void> {
    house.state.rules = rules;
    await house.tokens.signingKeys.look();
    house.clock.forward(LEAD_MS);
    await house.tokens.signingKeys.look();
  }

  test('nodes that start together make one key, and whoever asks for the public keys gets it', async () => {
    const nodes = [house.node(), house.node(), house.node()];
    const sets = await Promise.all(nodes.map(jwksOf));
    expect(new Set(sets.map((set) => JSON.stringify(set))).size).toBe(1);
    expect(sets[0]!.keys).toHaveLength(1);
  });

  test('nodes that rotate together make one next key, and nobody can hurry it', async () => {
    const before = await states();
    const tries = await Promise.allSettled([house.node(), house.node()].map(({ signingKeys }) => signingKeys.rotate('grace')));
    expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(house.tokens.signingKeys.rotate('grace')).rejects.toMatchObject({ code: 'conflict' });
    expect(await states()).toBe(before + 1);
    house.clock.forward(LEAD_MS);
  });

  test.each(TOKEN_ALGORITHMS)('%s is made, and checked here and elsewhere', async (algorithm) => {
    await turnTo({ ...tokenRules, algorithm });
    const key = await house.put({ window: lasting(HOUR) });
    expect(decodeProtectedHeader(key.text).alg).toBe(algorithm);
    const currentDate = house.clock.now();
    await jwtVerify(key.text, createLocalJWKSet(await jwksOf(house.tokens)), { currentDate, audience: 'lab' });
    expect((await house.verify(key.text)).status).toBe(200);
  });

  test('the public keys have no private member, and may be kept for ten minutes', async () => {
    const { headers, body } = await house.ask('/.well-known/jwks.json');
    const { keys } = body as unknown as JSONWebKeySet;
    expect(new Set(keys.map(({ alg }) => alg))).toEqual(new Set(TOKEN_ALGORITHMS));
    const members = new Set(keys.flatMap((key) => Object.keys(key)));
    expect([...members].toSorted()).toEqual(['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y']);
    expect(headers.get('cache-control')).toBe('public, max-age=600');
    expect(headers.has('etag')).toBe(false);
    expect(headers.get('content-type')).toContain('application/jwk-set+json');
  });

  test('a changed issuer and audience are so for new tokens, and take no living one away', async () => {
    await turnTo(tokenRules);
    const old = await house.put({ window: lasting(HOUR) });
    await turnTo({ ...tokenRules, issuer: 'https://new.example', audience: 'everything' });
    const young = await house.put({ window: lasting(HOUR) });
    expect(decodeJwt(young.text)).toMatchObject({ iss: 'https://new.example', aud: 'everything' });
    for (const { text } of [old, young]) expect((await house.verify(text)).status).toBe(200);
    expect((await house.introspect(old.text)).body).toMatchObject({ active: true, iss: tokenRules.issuer, aud: 'lab' });
    await turnTo(tokenRules);
  });

  test('over rotations no good token is refused by whoever keeps the public keys for ten minutes, from any node', async () => {
    house.state.rules = { ...tokenRules, rotateEveryMs: 2 * HOUR };
    const nodes = [house.tokens, house.node()];
    /** Each took its copy of the public keys at another minute, and keeps it for as long as it may. */
    const checkers = [0, 3, 7, 9].map((minute) => ({ minute, takenAt: -Infinity, set: undefined as unknown as JSONWebKeySet }));
    const living: { text: string; until: number }[] = [];
    const kids = new Set<string>();
    let checks = 0;
    for (let minute = 0; minute < 5 * 60; minute += 1) {
      house.clock.forward(MINUTE);
      const at = house.clock.now().getTime();
      // Only one of them has a clock that still works.
      await nodes[0]!.signingKeys.look();
      if (minute % 5 === 0) {
        const key = await house.put({ window: lasting(70 * MINUTE), minter: nodes[minute % 2]! });
        living.push({ text: key.text, until: at + 70 * MINUTE });
        kids.add(kidOf(key));
      }
      for (const checker of checkers) {
        if (at - checker.takenAt >= JWKS_AGE_MS && minute >= checker.minute) {
          checker.set = await jwksOf(nodes[(minute + checker.minute) % 2]!);
          checker.takenAt = at;
        }
        const [newest, oldest] = [living.at(-1), living.find(({ until }) => until > at)];
        for (const key of [newest, oldest]) {
          if (!key || !checker.set) continue;
          await jwtVerify(key.text, createLocalJWKSet(checker.set), { currentDate: new Date(at), audience: 'lab' });
          checks += 1;
        }
      }
    }
    expect(kids.size).toBeGreaterThanOrEqual(3);
    expect(checks).toBeGreaterThan(2000);
  });

  test('an old key stays published until its last token is over, and can sign nothing meanwhile', async () => {
    await turnTo({ ...tokenRules, audience: 'long' });
    const long = await house.put({ window: lasting(40 * DAY) });
    await turnTo({ ...tokenRules, audience: 'short' });
    house.clock.forward(2 * DAY);
    await house.tokens.signingKeys.look();
    const rowOf = async () => (await house.tokens.signingKeys.list()).find(({ kid }) => kid === kidOf(long))!;
    const isPublished = async () => (await jwksOf(house.node())).keys.some(({ kid }) => kid === kidOf(long));
    expect(await rowOf()).toMatchObject({ goneAt: null, sealedPrivate: null });
    expect(await isPublished()).toBe(true);
    expect((await house.verify(long.text)).status).toBe(200);
    house.clock.forward(38 * DAY);
    await house.tokens.signingKeys.look();
    expect((await rowOf()).goneAt).toEqual(house.clock.now());
    expect(await isPublished()).toBe(false);
    expect((await house.verify(long.text)).body.error_description).toBe('Token expired');
  });

  test('every change of them is in the audit', async () => {
    const rows = await house.ledger.db
      .selectFrom('audit')
      .select(['action', 'actor'])
      .where('action', 'like', 'signing-key.%')
      .execute();
    const actions = new Set(rows.map(({ action, actor }) => `${action} by ${actor}`));
    expect(actions).toEqual(
      new Set([
        'signing-key.made by latchkey',
        'signing-key.rotated by grace',
        'signing-key.rotated by latchkey',
        'signing-key.gone by latchkey',
      ]),
    );
  });

  test('the private part opens under older master keys, and nowhere else', async () => {
    const rows = (await house.tokens.signingKeys.list()).filter(({ sealedPrivate }) => sealedPrivate !== null);
    const [row, other] = rows;
    const changed = (sealedPrivate: string | null) =>
      house.ledger.db.updateTable('signingKey').set({ sealedPrivate }).where('kid', '=', row!.kid).execute();
    const mint = (sealer = house.sealer) => {
      const tokens = openTokens({ ledger: house.ledger, sealer, rules: () => house.state.rules, now: house.clock.now });
      return tokens.mint({ keyId: 'key_1', lease: 'lse_1', holder: 'ada', scopes: [], project: 'lab', window: lasting(HOUR) });
    };
    await mint();
    const young = createSealer([new Secret(Buffer.alloc(32, 7).toString('base64'))]);
    await expect(mint(young)).rejects.toThrow('was sealed under master key');
    const text = row!.sealedPrivate!;
    const flipped = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');
    const moved = house.sealer.seal(house.sealer.open(text, `signing-key:${row!.kid}`), `signing-key:${other?.kid ?? 'other'}`);
    for (const wrong of [flipped, moved]) {
      await changed(wrong);
      await expect(mint()).rejects.toThrow('does not open');
    }
    await changed(text);
    await mint();
  });
});
