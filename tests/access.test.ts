import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { Router } from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createGuard, operatorOf, type Guard } from '../src/access/guard.ts';
import { bootstrapAdmin, findOperator, PERMISSIONS, ROLES, type Permission, type Role } from '../src/access/operators.ts';
import { hashToken, mintToken, sameHash } from '../src/access/tokens.ts';
import { createApp } from '../src/http/app.ts';
import { putOperator } from '../src/ledger/operators.ts';
import { createLog } from '../src/observe/log.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines, type TestLedger } from './engines.ts';

const NOW = new Date('2026-01-31T12:00:00Z');

describe('a token', () => {
  test('is long, random and known by its prefix', () => {
    const tokens = new Set(Array.from({ length: 200 }, () => mintToken().reveal()));
    expect(tokens.size).toBe(200);
    for (const token of tokens) expect(token).toMatch(/^lko_[0-9A-Za-z]{43}$/);
  });

  test('is kept as a hash, which equals itself and nothing else', () => {
    const hash = hashToken(new Secret('lko_x'));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(sameHash(hash, hash)).toBe(true);
    for (const other of [hashToken(new Secret('lko_y')), hash.slice(2), '']) expect(sameHash(hash, other)).toBe(false);
  });
});

test('each role may what its table says: all, all but the house, only look', () => {
  expect(ROLES.admin).toEqual(PERMISSIONS);
  expect(ROLES.operator).toEqual(PERMISSIONS.filter((permission) => permission !== 'config' && permission !== 'operators'));
  expect(ROLES.viewer).toEqual(['read']);
});

describeEngines('operators', (engine) => {
  let opened: TestLedger;
  const servers: Server[] = [];
  const tokens = { admin: mintToken(), operator: mintToken(), viewer: mintToken(), disabled: mintToken() };

  beforeAll(async () => {
    opened = await engine.open({ now: () => NOW });
    await bootstrapAdmin(opened.ledger, tokens.admin, () => NOW);
    await Promise.all([add('operator', tokens.operator), add('viewer', tokens.viewer), add('viewer', tokens.disabled, NOW)]);
  });
  afterAll(() => opened.close());
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function add(role: Role, token: Secret, disabledAt: Date | null = null): Promise<void> {
    const id = `opr_${hashToken(token)}`;
    await opened.ledger.transact(async ({ db }) => {
      await putOperator(db, { id, name: id, role, project: null, tokenHash: hashToken(token), createdAt: NOW, disabledAt });
    });
  }

  async function serve(guessesPerMinute = 1000) {
    const lines: string[] = [];
    const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
    const log = createLog({ level: 'debug', now: () => NOW, stream });
    const guard = createGuard({ find: (token) => findOperator(opened.ledger, token), log, guessesPerMinute });
    const server = createApp({ log, trustProxy: ['127.0.0.1'], routers: [routes(guard)] }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = (path: string, authorization?: string, from = '198.51.100.1') =>
      fetch(`http://127.0.0.1:${port}/${path}`, {
        headers: { 'x-forwarded-for': from, ...(authorization === undefined ? {} : { authorization }) },
      });
    return { ask, logged: () => lines.join('') };
  }

  function routes(guard: Guard): Router {
    const router = Router();
    for (const permission of PERMISSIONS)
      router.get(`/${permission}`, guard.needs(permission), (_request, response) => void response.json(operatorOf(response)));
    router.get('/open', async (request, response) => void response.json(await guard.admits(request, 'act')));
    return router;
  }

  const bearer = (token: Secret): string => `Bearer ${token.reveal()}`;
  const every = (statuses: Record<Permission, number>) => statuses;
  const none = every({ read: 401, act: 401, config: 401, operators: 401 });

  test.each<[string, string | undefined, Record<Permission, number>]>([
    ['nobody', undefined, none],
    ['an empty header', '', none],
    ['another scheme', `Basic ${tokens.admin.reveal()}`, none],
    ['a token with no scheme', tokens.admin.reveal(), none],
    ['a token that is not known', 'Bearer lko_00000000000000000000000000000000000000000000', none],
    ["a token's hash", `Bearer ${hashToken(tokens.admin)}`, none],
    ['two tokens', `${bearer(tokens.admin)} ${tokens.admin.reveal()}`, none],
    ['a disabled operator', bearer(tokens.disabled), none],
    ['a viewer', bearer(tokens.viewer), every({ read: 200, act: 403, config: 403, operators: 403 })],
    ['an operator', bearer(tokens.operator), every({ read: 200, act: 200, config: 403, operators: 403 })],
    ['an admin', bearer(tokens.admin), every({ read: 200, act: 200, config: 200, operators: 200 })],
    [
      'an admin who writes bearer small',
      `bearer ${tokens.admin.reveal()}`,
      every({ read: 200, act: 200, config: 200, operators: 200 }),
    ],
  ])('%s gets what the role allows on every route, and no data beside it', async (_, authorization, want) => {
    const { ask } = await serve();
    for (const permission of PERMISSIONS) {
      const response = await ask(permission, authorization);
      const body = await response.text();
      expect([permission, response.status]).toEqual([permission, want[permission]]);
      if (response.status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer');
      if (response.status !== 200)
        expect(JSON.parse(body)).toMatchObject({ code: response.status === 401 ? 'unauthorized' : 'forbidden' });
      expect(body).not.toContain('tokenHash');
    }
  });

  test('the token of the environment is admin’s from the start, an older one no longer, and only the change is audited', async () => {
    const newer = mintToken();
    await bootstrapAdmin(opened.ledger, newer, () => NOW);
    await bootstrapAdmin(opened.ledger, newer, () => NOW);
    expect(await findOperator(opened.ledger, newer)).toMatchObject({ name: 'admin', role: 'admin' });
    expect(await findOperator(opened.ledger, tokens.admin)).toBeUndefined();
    await bootstrapAdmin(opened.ledger, tokens.admin, () => NOW);
    const rows = await opened.ledger.db.selectFrom('audit').selectAll().where('action', '=', 'operator.token').execute();
    expect(rows).toHaveLength(3);
    const admins = await opened.ledger.db.selectFrom('operator').selectAll().where('name', '=', 'admin').execute();
    expect(admins).toHaveLength(1);
    expect(JSON.stringify([rows, admins])).not.toContain(tokens.admin.reveal());
  });

  test('an address that guesses has to wait, in a burst too; others and proven tokens do not', async () => {
    const { ask, logged } = await serve(5);
    expect((await ask('read', bearer(tokens.viewer))).status).toBe(200);
    const guesses = await Promise.all(Array.from({ length: 12 }, (_, n) => ask('read', `Bearer lko_guess${n}`)));
    const statuses = guesses.map((response) => response.status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
    expect(Number(guesses.find((response) => response.status === 429)?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('read', bearer(tokens.operator))).status).toBe(429);
    expect((await ask('read', bearer(tokens.viewer))).status).toBe(200);
    expect((await ask('read', bearer(tokens.operator), '203.0.113.9')).status).toBe(200);
    expect(logged()).toContain('operator token refused');
    expect(logged()).not.toContain('lko_guess');
  });

  test('one customer’s IPv6 network is one address', async () => {
    const { ask } = await serve(2);
    const guess = async (from: string) => (await ask('read', 'Bearer lko_guess', from)).status;
    expect([
      await guess('2001:db8::1'),
      await guess('2001:db8::2'),
      await guess('2001:db8::3'),
      await guess('2001:db8:1::1'),
    ]).toEqual([401, 401, 429, 401]);
  });

  test('good tokens cost no guesses', async () => {
    const { ask } = await serve(3);
    for (let n = 0; n < 6; n++) expect((await ask('read', bearer(tokens.viewer))).status).toBe(200);
    expect((await ask('read', 'Bearer lko_guess')).status).toBe(401);
  });

  test('a path that is open to some asks quietly', async () => {
    const { ask } = await serve();
    const answers = await Promise.all([
      ask('open'),
      ask('open', 'Bearer lko_guess'),
      ask('open', bearer(tokens.viewer)),
      ask('open', bearer(tokens.operator)),
    ]);
    expect(await Promise.all(answers.map((response) => response.json()))).toEqual([false, false, false, true]);
  });
});
