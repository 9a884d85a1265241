import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../src/http/app.ts';
import { claimRoutes } from '../src/http/claim.ts';
import { Fault } from '../src/reservation/fault.ts';
import { createSealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';
import type { Keeping } from '../src/handover/keeping.ts';
import { createLog } from '../src/observe/log.ts';
import { describeEngines, engines } from './engines.ts';
import { type Booking, CLOSES, OPENS, openHandover, OURS, type World } from './handover-world.ts';

const BROWSER = { accept: 'text/html', 'user-agent': 'Browser/1' };
const PROGRAM = { accept: 'application/json', 'user-agent': 'program/1' };
const FORM = { ...BROWSER, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };

describeEngines('a claim', (engine) => {
  let world: World;
  let server: Server;
  let base = '';
  const logged: string[] = [];

  beforeAll(async () => {
    world = await openHandover(engine);
    const stream = new Writable({ write: (line, _encoding, done) => (logged.push(String(line)), done()) });
    const log = createLog({ level: 'debug', now: world.now, stream });
    const { claims, now, publicUrl } = world;
    const routes = claimRoutes({ claims, now, publicUrl, limits: { failures: 10_000, requests: 10_000, perLink: 10_000 } });
    server = createServer(createApp({ log, trustProxy: ['loopback'], routers: [routes] }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.close();
    await world.close();
  });
  beforeEach(() => {
    world.settings.handover = { by: [], confirm: 'none' };
    world.settings.keeping = OURS;
    world.clock.set('2026-01-05T09:59:00Z');
  });

  /** An announced key and what its holder gets: the link's path, and the code if there is one. */
  async function claimable(booking: Booking = {}) {
    const booked = await world.book(booking);
    await world.tell('issued', booked);
    const { link, code } = await world.claims.reissueLink(booked.keyId, 'opr_1');
    return { ...booked, path: new URL(link.reveal()).pathname, code: code?.reveal() };
  }

  const countOf = async (about: string) =>
    (await world.metrics.alerts.get()).values.find(({ labels }) => labels.about === about)?.value ?? 0;
  const get = async (path: string, headers: Record<string, string> = BROWSER, method = 'GET') =>
    await fetch(base + path, { method, headers, redirect: 'manual' });
  const post = async (path: string, fields: Record<string, string> = {}, headers: Record<string, string> = FORM) =>
    await fetch(base + path, { method: 'POST', headers, body: new URLSearchParams(fields).toString(), redirect: 'manual' });
  const ask = async (path: string, body: unknown = {}, headers: Record<string, string> = PROGRAM) =>
    await fetch(base + path, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  describe('of a provider whose keys work as soon as they are there', () => {
    test('shows the key to nobody before its window opens, and says from when on it does', async () => {
      world.settings.keeping = { ...OURS, withholds: (provider) => provider === 'local' };
      const { path, secret, keyId } = await claimable();
      const page = await (await get(path)).text();
      expect(page).toContain('It is shown from');
      expect(page).not.toContain('<form');
      expect(await (await get(path, PROGRAM)).json()).toMatchObject({ state: 'waiting', withheldUntil: OPENS });
      const early = await ask(path);
      expect(early.status).toBe(409);
      expect(early.headers.get('retry-after')).toBe('60');
      expect(await early.text()).not.toContain(secret);
      expect((await post(path)).status).toBe(409);
      expect(await world.claimRow(keyId)).toMatchObject({ claimedAt: null, refusals: 0 });
      world.clock.set(OPENS);
      expect(await (await ask(path)).json()).toMatchObject({ key: secret });
    });
  });

  describe('of a provider that tells the value when it is asked', () => {
    const TOLD = 'AIzaTold-by-the-provider-alone-0123456';
    /** The key as activation leaves it: nothing of its value is ours. */
    async function told(ask: Keeping['ask']) {
      world.settings.keeping = { withholds: () => false, tells: () => true, ask };
      const claim = await claimable();
      await world.ledger.db.updateTable('key').set({ sealedSecret: null, hint: '…' }).where('id', '=', claim.keyId).execute();
      return claim;
    }

    test('is shown once, and again to the same browser only, and is kept nowhere', async () => {
      let asked = 0;
      const { path, keyId } = await told(async () => {
        asked += 1;
        return new Secret(TOLD);
      });
      const cookie = (await get(path)).headers.get('set-cookie')!.split(';')[0]!;
      const form = { ...FORM, cookie };
      expect(await (await post(path, {}, form)).text()).toContain(TOLD);
      expect(await world.ledger.db.selectFrom('key').selectAll().where('id', '=', keyId).executeTakeFirst()).toMatchObject({
        sealedSecret: null,
        hint: '…3456',
        revealedAt: world.now(),
      });
      expect(await (await post(path, {}, form)).text()).toContain(TOLD);
      expect((await ask(path)).status).toBe(410);
      expect(asked).toBe(2);
      const { sealedAgain } = await world.claimRow(keyId);
      expect(
        createSealer([new Secret(cookie.split('=')[1]!)])
          .open(sealedAgain!, `claim-again:${(await world.claimRow(keyId)).id}`)
          .reveal(),
      ).not.toBe(TOLD);
    });

    test('costs nothing while the provider does not answer: the link stays good', async () => {
      let answers = false;
      const { path, keyId } = await told(async () => {
        if (!answers) throw new Fault('unavailable', 'the key cannot be read now; the link stays good', { retryAfterMs: 30_000 });
        return new Secret(TOLD);
      });
      const out = await ask(path);
      expect(out.status).toBe(503);
      expect(out.headers.get('retry-after')).toBe('30');
      expect(await world.claimRow(keyId)).toMatchObject({ claimedAt: null, refusals: 0 });
      answers = true;
      expect(await (await ask(path)).json()).toMatchObject({ key: TOLD });
    });

    test('is asked for by nobody who cannot confirm', async () => {
      world.settings.handover = { by: [], confirm: 'email' };
      const { path } = await told(async () => expect.unreachable('nobody confirmed'));
      expect((await ask(path, { confirmation: 'eve@campus.example' })).status).toBe(403);
    });
  });

  describe('looked at', () => {
    test('shows who, what and until when, and is not consumed however often, by GET, HEAD or OPTIONS', async () => {
      const { path, secret, keyId } = await claimable();
      for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS', 'HEAD'])
        expect((await get(path, BROWSER, method)).status, method).toBe(200);
      const page = await (await get(path)).text();
      for (const shown of ['Ada', 'Lab API', 'Thesis', OPENS, CLOSES, '2026-01-05 12:00 UTC']) expect(page).toContain(shown);
      expect(page).not.toContain(secret);
      expect(await world.claimRow(keyId)).toMatchObject({ claimedAt: null, reveals: 0, refusals: 0 });
      expect(await (await get(path, PROGRAM)).json()).toMatchObject({ state: 'waiting', confirm: 'none', resource: 'Lab API' });
      expect((await ask(path)).status).toBe(200);
    });

    test('has nothing to run, load, frame, index, cache or leak, on any answer', async () => {
      const { path } = await claimable();
      const answers = [
        await get(path),
        await get(path, BROWSER, 'HEAD'),
        await get('/claim/unknown'),
        await post(path),
        await post(path),
      ];
      const nonces = new Set<string>();
      for (const answer of answers) {
        const policy = answer.headers.get('content-security-policy') ?? '';
        expect(policy).toMatch(
          /^default-src 'none'; style-src 'nonce-[\w+/=]{24}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
        );
        nonces.add(policy);
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
        expect(answer.headers.get('x-robots-tag')).toContain('noindex');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        const page = await answer.text();
        expect(page).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|\sstyle=|og:/i);
        const nonce = /nonce-([^']+)/.exec(policy)?.[1];
        for (const [, used] of page.matchAll(/<style nonce="([^"]*)"/g)) expect(used).toBe(nonce);
      }
      expect(nonces.size).toBe(answers.length);
    });

    test('is a page that a screen reader and a phone can use without scripts', async () => {
      world.settings.handover = { by: [], confirm: 'email' };
      const { path } = await claimable();
      const page = await (await get(path)).text();
      expect(page).toMatch(/^<!doctype html>\s*<html lang="en">/);
      expect(page).toContain('<meta name="viewport" content="width=device-width');
      expect(page.match(/<h1/g)).toHaveLength(1);
      expect(page).toContain('<main>');
      expect(page).toContain('<label for="confirmation">');
      expect(page).toMatch(/<input[^>]*\sid="confirmation"[^>]*aria-describedby="hint"/s);
      expect(page).toContain('<form method="post">');
      const wrong = await (await post(path, { confirmation: 'eve@evil.example' })).text();
      expect(wrong).toContain('<title>Error: ');
      expect(wrong).toMatch(/<p[^>]*id="wrong"[^>]*role="alert"/s);
      expect(wrong).toMatch(/aria-describedby="wrong hint"[^>]*aria-invalid="true"/s);
    });

    test('shows names from outside as text', async () => {
      const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`;
      const { path } = await claimable({ title: evil, resourceName: evil, holder: { id: 'x', name: evil } });
      for (const page of [await (await get(path)).text(), await (await post(path, { confirmation: evil })).text()]) {
        expect(page).not.toMatch(/<script|<img/);
        expect(page).toContain('&#60;script&#62;');
      }
    });

    test('knows no other link', async () => {
      const answer = await get('/claim/not-a-token');
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('There is no such link');
      expect((await ask('/claim/not-a-token')).headers.get('content-type')).toContain('application/problem+json');
    });
  });

  describe('revealed', () => {
    test('shows a person the key, how to send it, what it may do and until when', async () => {
      const { path, secret } = await claimable();
      const answer = await post(path);
      expect(answer.status).toBe(200);
      const page = await answer.text();
      for (const shown of [
        secret,
        'X-API-Key',
        'read',
        'GET',
        '/api/**',
        '1000 requests in all',
        '100 requests per hour',
        CLOSES,
      ])
        expect(page).toContain(shown);
      for (const shown of ['curl', 'Python', 'JavaScript', 'Nobody enforces the addresses', 'does not work yet'])
        expect(page).toContain(shown);
    });

    test('gives a program JSON', async () => {
      const { path, secret, leaseId, keyId } = await claimable();
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      const body = (await answer.json()) as { examples: Record<string, string> };
      expect(body).toMatchObject({
        key: secret,
        header: 'X-API-Key',
        open: false,
        opensAt: OPENS,
        closesAt: CLOSES,
        leaseId,
        keyId,
        scopes: ['read'],
        methods: ['GET'],
        endpoints: ['/api/**'],
        quota: { limit: 1000, per: 'reservation' },
      });
      expect(Object.keys(body.examples)).toEqual(['curl', 'python', 'javascript']);
      expect(JSON.stringify(body.examples)).not.toContain(secret);
    });

    test('wipes secret and token at once, and is written down', async () => {
      const { path, secret, keyId, leaseId } = await claimable();
      await ask(path, {}, { ...PROGRAM, 'x-forwarded-for': '203.0.113.77' });
      expect(await world.claimRow(keyId)).toMatchObject({
        sealedToken: null,
        sealedCode: null,
        claimedIp: '203.0.113.77',
        claimedAgent: 'program/1',
        reveals: 1,
        claimedAt: world.now(),
      });
      const key = await world.ledger.db.selectFrom('key').selectAll().where('id', '=', keyId).executeTakeFirstOrThrow();
      expect(key.sealedSecret).toBeNull();
      expect(await world.audited(leaseId)).toEqual(['claim.created', 'claim.renewed', 'claim.revealed']);
      const told = JSON.stringify(await world.ledger.db.selectFrom('audit').selectAll().execute()) + logged.join('');
      for (const hidden of [secret, path.slice('/claim/'.length)]) expect(told).not.toContain(hidden);
      expect(logged.join('')).toContain('/claim/[');
    });

    test('by two at once has one winner', async () => {
      const { path, secret } = await claimable();
      const answers = await Promise.all(Array.from({ length: 8 }, async () => await ask(path)));
      const bodies = await Promise.all(answers.map(async (answer) => await answer.text()));
      expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, ...Array<number>(7).fill(410)]);
      expect(bodies.filter((body) => body.includes(secret))).toHaveLength(1);
    });

    test('shows it again in the same browser for a minute, whether or not the first answer arrived', async () => {
      const { path, secret, keyId, leaseId } = await claimable();
      const [cookie = ''] = (await get(path)).headers.getSetCookie();
      expect(cookie).toContain(`Path=${path};`);
      for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Secure']) expect(cookie).toContain(attribute);
      const same = { ...FORM, cookie: cookie.split(';')[0] ?? '' };
      expect((await get(path, same)).headers.getSetCookie()).toEqual([]);
      // Nobody reads this answer.
      const lost = await post(path, {}, same);
      await lost.body?.cancel();
      expect(lost.headers.getSetCookie()).toEqual([]);
      const look = await get(path, same);
      expect(look.status).toBe(200);
      expect(await look.text()).toContain('Show it once more');
      expect((await get(path)).status).toBe(410);
      world.clock.forward(60_000);
      expect(await (await post(path, {}, same)).text()).toContain(secret);
      expect(await world.claimRow(keyId)).toMatchObject({ reveals: 2, refusals: 0, sealedToken: null });
      expect(await world.audited(leaseId)).toContain('claim.shown-again');
      world.clock.forward(1);
      expect((await get(path, same)).status).toBe(410);
      const late = await post(path, {}, same);
      expect(late.status).toBe(410);
      expect(await late.text()).not.toContain(secret);
    });

    test('is kept for that minute so that the database cannot open it, and then wiped by the next look or the sweep', async () => {
      const [looked, swept] = [await claimable(), await claimable()];
      const browser = new Map<string, string>();
      for (const { path } of [looked, swept]) {
        const cookie = (await get(path)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
        browser.set(path, cookie.slice('claim='.length));
        await post(path, {}, { ...FORM, cookie });
      }
      const kept = JSON.stringify(await world.ledger.db.selectFrom('claim').selectAll().execute());
      const [{ sealedAgain }, { id }] = [await world.claimRow(looked.keyId), await world.claimRow(looked.keyId)];
      expect(sealedAgain).not.toBeNull();
      for (const hidden of [looked.secret, swept.secret, ...browser.values()]) expect(kept).not.toContain(hidden);
      expect(() => world.sealer.open(sealedAgain!, `claim-again:${id}`)).toThrow('not configured');

      await world.claims.expire(world.now());
      expect((await world.claimRow(swept.keyId)).sealedAgain).not.toBeNull();
      world.clock.forward(60_001);
      await get(looked.path);
      expect((await world.claimRow(looked.keyId)).sealedAgain).toBeNull();
      await world.ledger.db.updateTable('claim').set({ sealedAgain }).where('id', '=', id).execute();
      await world.claims.expire(world.now());
      for (const { keyId } of [looked, swept]) expect((await world.claimRow(keyId)).sealedAgain).toBeNull();
    });

    test('never opens with the cookie of another claim, or once the key is being taken back', async () => {
      const [mine, other] = [await claimable(), await claimable()];
      const cookieFor = async (path: string) => (await get(path)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const [cookie, others] = [await cookieFor(mine.path), await cookieFor(other.path)];
      await post(mine.path, {}, { ...FORM, cookie });
      await post(other.path, {}, { ...FORM, cookie: others });
      const answer = await post(other.path, {}, { ...FORM, cookie });
      expect(answer.status).toBe(410);
      expect(await answer.text()).not.toMatch(new RegExp(`${mine.secret}|${other.secret}`));
      await world.ledger.db.updateTable('key').set({ state: 'revoking' }).where('id', '=', mine.keyId).execute();
      expect((await post(mine.path, {}, { ...FORM, cookie })).status).toBe(410);
    });

    test('a second time says when and from where, and alerts', async () => {
      const { path, leaseId, keyId } = await claimable();
      await post(path, {}, { ...FORM, 'x-forwarded-for': '203.0.113.77' });
      await world.ledger.db.deleteFrom('delivery').execute();
      world.settings.source = { callback: { log: 'http://127.0.0.1:1/log', timeoutMs: 100 } };
      const second = await post(path, {}, { ...FORM, 'x-forwarded-for': '198.51.100.5' });
      expect(second.status).toBe(410);
      const page = await second.text();
      expect(page).toContain('2026-01-05 09:59 UTC');
      expect(page).toContain('203.0.x.x');
      expect(page).not.toContain('203.0.113');
      const problem = (await (await ask(path)).json()) as { code: string; detail: string };
      expect(problem).toMatchObject({ code: 'gone', detail: expect.stringContaining('203.0.x.x') as string });
      const alerts = await world.deliveries(leaseId);
      expect(alerts.map(({ kind, channel }) => `${kind} ${channel}`)).toEqual(['alert log']);
      expect(await world.claimRow(keyId)).toMatchObject({ refusals: 2, reveals: 1 });
      world.settings.source = {};
    });

    test('a second time is a line in the log and a count, though nobody is there to be told', async () => {
      const { path, leaseId, keyId, secret } = await claimable();
      await post(path, {}, { ...FORM, 'x-forwarded-for': '203.0.113.77' });
      world.lines.splice(0);
      const before = await countOf('second-reveal');
      for (const _ of [1, 2]) await post(path, {}, { ...FORM, 'x-forwarded-for': '198.51.100.5' });
      expect(await world.deliveries(leaseId)).toEqual([]);
      expect(world.lines.map((line) => JSON.parse(line) as object)).toMatchObject([
        { level: 'warn', message: 'alert', lease: leaseId, key: keyId, about: 'second-reveal' },
      ]);
      expect(world.lines.join('')).not.toContain(secret);
      expect(await countOf('second-reveal')).toBe(before + 1);
    });

    test('is shown, and no alarm, when the one who claimed it clicks twice', async () => {
      const { path, leaseId, secret } = await claimable();
      const cookie = (await get(path)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
      await world.ledger.db.deleteFrom('delivery').execute();
      world.settings.source = { callback: { log: 'http://127.0.0.1:1/log', timeoutMs: 100 } };
      const answers = await Promise.all([1, 2].map(async () => await post(path, {}, { ...FORM, cookie })));
      for (const answer of answers) expect(await answer.text()).toContain(secret);
      // Without the cookie it is gone, also for the one who has it.
      expect((await post(path)).status).toBe(410);
      expect(await world.deliveries(leaseId)).toEqual([]);
      world.settings.source = {};
    });
  });

  describe('with a confirmation', () => {
    test('by email opens with the address of the booking, however it is written', async () => {
      world.settings.handover = { by: [], confirm: 'email' };
      const { path, secret } = await claimable();
      const wrong = await post(path, { confirmation: 'eve@evil.example' });
      expect(wrong.status).toBe(403);
      expect(await wrong.text()).toContain('4 tries left');
      expect((await post(path)).status).toBe(403);
      expect(await (await post(path, { confirmation: '  ada@CAMPUS.example ' })).text()).toContain(secret);
    });

    test('by code opens with the code, however it is grouped', async () => {
      world.settings.handover = { by: [], confirm: 'code' };
      const { path, secret, code = '' } = await claimable();
      expect((await ask(path, { confirmation: 'AAAAAAAA' })).status).toBe(403);
      expect((await ask(path, { confirmation: { code } })).status).toBe(403);
      const grouped = `${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `;
      expect(await (await ask(path, { confirmation: grouped })).json()).toMatchObject({ key: secret });
    });

    test('locks after five wrong tries, however many come at once, until its link is made anew', async () => {
      world.settings.handover = { by: [], confirm: 'email' };
      world.settings.source = { callback: { log: 'http://127.0.0.1:1/log', timeoutMs: 100 } };
      const { path, leaseId, keyId, secret } = await claimable();
      await world.ledger.db.deleteFrom('delivery').execute();
      await Promise.all(Array.from({ length: 12 }, async () => await ask(path, { confirmation: 'eve@evil.example' })));
      expect(await world.claimRow(keyId)).toMatchObject({ refusals: 5, claimedAt: null });
      expect((await post(path, { confirmation: 'ada@campus.example' })).status).toBe(403);
      expect(await (await get(path)).text()).toContain('This link is locked');
      expect((await world.deliveries(leaseId)).map(({ kind }) => kind)).toEqual(['alert']);
      world.settings.source = {};

      const { link } = await world.claims.reissueLink(leaseId, 'opr_1');
      expect((await get(path)).status).toBe(404);
      const renewed = new URL(link.reveal()).pathname;
      expect(await (await post(renewed, { confirmation: 'ada@campus.example' })).text()).toContain(secret);
      await expect(world.claims.reissueLink(leaseId, 'opr_1')).rejects.toMatchObject({ code: 'gone' });
    });

    test('that is locked opens again when its delivery is re-sent, with a new link', async () => {
      world.settings.handover = { by: ['callback'], confirm: 'email' };
      world.settings.source = { callback: { notifications: 'http://127.0.0.1:1/', timeoutMs: 100 } };
      const { path, leaseId, keyId } = await claimable();
      for (let tries = 0; tries < 5; tries += 1) await ask(path, { confirmation: 'no' });
      const [delivery] = await world.deliveries(leaseId);
      await world.deliverer.resend(delivery?.id ?? '', 'opr_1');
      expect(await world.claimRow(keyId)).toMatchObject({ refusals: 0 });
      expect((await get(path)).status).toBe(404);
      world.settings.source = {};
    });
  });

  describe('out of time', () => {
    test('is over with its window, and what was not claimed is wiped', async () => {
      const { path, keyId, leaseId } = await claimable();
      const claimed = await claimable();
      await ask(claimed.path);
      world.clock.set(CLOSES);
      expect((await ask(path)).status).toBe(410);
      expect(await (await get(path)).text()).toContain('This link is over');
      expect(await world.claims.expire(world.now())).toBeGreaterThan(0);
      expect(await world.claims.expire(world.now())).toBe(0);
      expect(await world.claimRow(keyId)).toMatchObject({ sealedToken: null, claimedAt: null });
      const key = await world.ledger.db.selectFrom('key').selectAll().where('id', '=', keyId).executeTakeFirstOrThrow();
      expect(key.sealedSecret).toBeNull();
      expect(await world.audited(leaseId)).toContain('claim.expired');
      expect(await world.audited(claimed.leaseId)).not.toContain('claim.expired');
    });

    test('lives longer when its window is extended', async () => {
      const { path, keyId, leaseId, secret } = await claimable();
      const later = new Date('2026-01-05T13:00:00Z');
      await world.ledger.db.updateTable('key').set({ closesAt: later }).where('id', '=', keyId).execute();
      await world.tell('extended', { leaseId, keyId });
      expect((await world.claimRow(keyId)).expiresAt).toEqual(later);
      world.clock.set('2026-01-05T12:30:00Z');
      await world.claims.expire(world.now());
      expect(await (await ask(path)).json()).toMatchObject({ key: secret, open: true });
    });

    test('of a key that is being taken back shows no key', async () => {
      const { path, keyId, secret } = await claimable();
      await world.ledger.db.updateTable('key').set({ state: 'revoking' }).where('id', '=', keyId).execute();
      expect(await (await get(path)).text()).toContain('This key was taken back');
      const answer = await ask(path);
      expect(answer.status).toBe(410);
      expect(await answer.text()).not.toContain(secret);
    });
  });

  describe('asked by others', () => {
    test('takes no form from another site, whatever its browser says of it', async () => {
      const { path, secret } = await claimable();
      const { 'sec-fetch-site': _site, ...old } = FORM;
      const foreign = [
        { ...FORM, 'sec-fetch-site': 'cross-site' },
        { ...FORM, 'sec-fetch-site': 'same-site' },
        { ...old, origin: 'https://evil.example' },
      ];
      for (const headers of foreign) expect((await post(path, {}, headers)).status).toBe(403);
      expect((await fetch(base + path, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })).status).toBe(
        400,
      );
      // With no referrer, an older browser names no origin for our own page.
      expect(await (await post(path, {}, { ...old, origin: 'null' })).text()).toContain(secret);
    });

    test('answers what it cannot read without quoting it', async () => {
      const { path } = await claimable();
      const broken = await fetch(base + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"<script>',
      });
      expect(broken.status).toBe(400);
      expect(await broken.text()).not.toContain('<script>');
      expect((await post(path, { confirmation: 'x'.repeat(10_000) })).status).toBe(400);
    });
  });
});

describe('a flood of requests', () => {
  let world: World;
  let server: Server;
  let base = '';
  beforeEach(async () => {
    world = await openHandover(engines[0]!);
    const log = createLog({ level: 'error', now: world.now });
    const routes = claimRoutes({ claims: world.claims, now: world.now, publicUrl: world.publicUrl });
    server = createServer(createApp({ log, trustProxy: ['loopback'], routers: [routes] }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.close();
    await world.close();
  });

  const from = async (address: string, path: string, init: RequestInit = {}) =>
    await fetch(base + path, { ...init, headers: { ...BROWSER, ...init.headers, 'x-forwarded-for': address } });
  const typed = (confirmation: string): RequestInit => ({
    method: 'POST',
    headers: FORM,
    body: new URLSearchParams({ confirmation }).toString(),
  });
  const link = async () => {
    const booked = await world.book();
    await world.tell('issued', booked);
    return new URL((await world.claims.reissueLink(booked.keyId, 'opr_1')).link.reveal()).pathname;
  };

  test('for links that nobody has is answered 429 with Retry-After, for each address by itself', async () => {
    for (let count = 0; count < 30; count += 1) expect((await from('2001:db8::1', `/claim/x${count}`)).status).toBe(404);
    const refused = await from('2001:db8::2', '/claim/x');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect((await from('2001:db8::1', await link())).status).toBe(429);
    expect((await from('2001:db8:0:1::1', '/claim/x')).status).toBe(404);
  });

  test('with wrong confirmations is one of guesses, over however many links', async () => {
    world.settings.handover = { by: [], confirm: 'email' };
    const links = await Promise.all(Array.from({ length: 8 }, link));
    const statuses = [];
    for (const path of links)
      for (let tries = 0; tries < 4; tries += 1)
        statuses.push((await from('203.0.113.7', path, typed('eve@evil.example'))).status);
    expect(statuses).toEqual([...Array<number>(30).fill(403), 429, 429]);
  });

  test('is none when a class behind one address opens its links, but one link has its end', async () => {
    world.settings.handover = { by: [], confirm: 'email' };
    const links = await Promise.all(Array.from({ length: 60 }, link));
    const opened = async (path: string) => [
      (await from('203.0.113.7', path)).status,
      (await from('203.0.113.7', path, typed('ada@campus.example'))).status,
    ];
    const statuses = await Promise.all(links.map(opened));
    expect(statuses.flat()).toEqual(Array<number>(120).fill(200));
    for (let count = 0; count < 58; count += 1) await from(`198.51.100.${count}`, links[0]!);
    expect((await from('192.0.2.1', links[0]!)).status).toBe(429);
  });
});
