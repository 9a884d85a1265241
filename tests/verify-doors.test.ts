import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGuard } from '../src/access/guard.ts';
import { bootstrapAdmin, findOperator } from '../src/access/operators.ts';
import { mintToken } from '../src/access/tokens.ts';
import { apiRoutes } from '../src/http/api/api.ts';
import type { ApiDeps } from '../src/http/api/deps.ts';
import type { OpenApi } from '../src/http/api/document.ts';
import { createApp } from '../src/http/app.ts';
import { verifyAccess } from '../src/http/front/access.ts';
import { createFront } from '../src/http/front/front.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import type { VerifyRequest } from '../src/keys/verdict.ts';
import { openLedger } from '../src/ledger/database.ts';
import { silentLog } from '../src/observe/log.ts';
import { Secret } from '../src/secret/secret.ts';
import { freshDatabase, freshFolder } from './databases.ts';
import { describeEngines, type TestLedger } from './engines.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const WINDOW = { opensAt: new Date('2026-03-01T09:00:00Z'), closesAt: new Date('2026-03-01T17:00:00Z') };

describeEngines('the doors of verify', (engine) => {
  let store: TestLedger;
  let keys: Keys;
  const servers: Server[] = [];
  const warnings: { message: string; address?: unknown }[] = [];
  const admin = mintToken();
  const key = mintKey('temp');
  const slow = mintKey('temp');

  beforeAll(async () => {
    store = await engine.open({ now: () => NOW });
    await bootstrapAdmin(store.ledger, admin, () => NOW);
    keys = await openKeys({ ledger: store.ledger, now: () => NOW, log() {} });
    const grant = { holder: 'ada', scopes: ['read'], methods: ['GET'], endpoints: ['/api/**'], window: WINDOW };
    await keys.manager.put({ ...grant, name: 'lk-1', lease: 'lse_1', secret: key });
    await keys.manager.put({ ...grant, name: 'lk-2', lease: 'lse_2', secret: slow, rateLimit: { limit: 1, per: 'hour' } });
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await keys.close();
    await store.close();
  });

  async function serve(allowFrom: readonly string[]): Promise<string> {
    const log = { ...silentLog, warn: (message: string, fields?: object) => void warnings.push({ message, ...fields }) };
    const guard = createGuard({ find: (token) => findOperator(store.ledger, token), log });
    const access = verifyAccess({ allowFrom, isOperatorToken: (token, from) => guard.knows(new Secret(token), from) });
    const deps = { publicUrl: 'https://keys.example.org', version: '1.2.3', guard } as unknown as ApiDeps;
    const otherwise = createApp({ log, trustProxy: [], routers: [apiRoutes(deps)] });
    const verify = (asked: VerifyRequest) => keys.verify(asked);
    const server = createServer(createFront({ verify, access, trustProxy: [], log, logsRequests: false, otherwise }));
    server.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** With a database that answers no more. */
  async function inOutage(work: () => Promise<void>): Promise<void> {
    const { place, remove } = engine.name === 'embedded' ? await freshFolder() : await freshDatabase();
    const ledger = await openLedger({ ...place, now: () => NOW, mac: () => '' });
    const { verify, close } = await openKeys({ ledger, now: () => NOW, log() {} });
    await close();
    await ledger.close();
    const before = keys;
    keys = { ...keys, verify };
    await work().finally(() => {
      keys = before;
    });
    await remove();
  }

  type Sent = { readonly query?: string; readonly headers?: Record<string, string>; readonly body?: string };

  /** `200 application/json` */
  async function answerOf(url: string, method: string, path: string, { query = '', headers, body }: Sent): Promise<string> {
    const response = await fetch(`${url}${path}${query}`, { method, headers, body });
    await response.text();
    return `${response.status} ${response.headers.get('content-type')!.split(';', 1)[0]}`;
  }

  async function declared(url: string, method: string, path: string): Promise<string[]> {
    const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApi;
    const { responses } = document.paths[path]![method]!;
    return Object.entries(responses).flatMap(([status, answer]) =>
      Object.keys('content' in answer ? (answer.content ?? {}) : {}).map((type) => `${status} ${type}`),
    );
  }

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const body = JSON.stringify({ key: key.reveal() });
  const gateway = { 'x-api-key': key.reveal() };

  test('what they answer is what the document says, and nothing else', async () => {
    const near = await serve(['127.0.0.0/8']);
    const far = await serve([]);
    const programs: Sent[] = [
      { body },
      { body: '{' },
      { body: JSON.stringify({ key: 'a'.repeat(17_000) }) },
      { body, headers: { 'content-encoding': 'klingon' } },
    ];
    const gateways: Sent[] = [
      { headers: gateway },
      { headers: gateway, query: '?path=/api&path=/other' },
      {},
      { headers: gateway, query: '?path=/other' },
      ...Array.from({ length: 2 }, () => ({ headers: { 'x-api-key': slow.reveal() } })),
    ];
    const program = new Set<string>();
    for (const sent of programs) program.add(await answerOf(near, 'POST', '/v1/verify', sent));
    for (let guess = 0; guess < 22; guess += 1)
      program.add(await answerOf(far, 'POST', '/v1/verify', { body, headers: bearer(`guess${guess}`) }));
    const forGateways = new Set<string>();
    for (const sent of gateways) forGateways.add(await answerOf(near, 'GET', '/verify', sent));
    const elsewhere = await serve([]);
    for (let guess = 0; guess < 22; guess += 1) {
      const headers = { ...gateway, 'x-latchkey-token': `guess${guess}` };
      forGateways.add(await answerOf(elsewhere, 'GET', '/verify', { headers }));
    }
    await inOutage(async () => {
      const unheard = mintKey('temp').reveal();
      program.add(await answerOf(near, 'POST', '/v1/verify', { body: JSON.stringify({ key: unheard }) }));
      forGateways.add(await answerOf(near, 'GET', '/verify', { headers: { 'x-api-key': unheard } }));
    });
    expect([...program].sort()).toEqual((await declared(near, 'post', '/v1/verify')).sort());
    expect([...forGateways].sort()).toEqual((await declared(near, 'get', '/verify')).sort());
  });

  test('an operator asks from anywhere: a program by Authorization, a gateway by a header of its own', async () => {
    const far = await serve([]);
    const token = admin.reveal();
    expect(await answerOf(far, 'POST', '/v1/verify', { body, headers: bearer(token) })).toMatch(/^200 /);
    expect(await answerOf(far, 'GET', '/verify', { headers: { ...gateway, 'x-latchkey-token': token } })).toMatch(/^200 /);
    expect(await answerOf(far, 'GET', '/verify', { headers: { ...gateway, ...bearer(token) } })).toMatch(/^403 /);
  });

  test('who guesses operator tokens is logged, has to wait, and locks no operator out who was here before', async () => {
    const far = await serve([]);
    const ask = (token: string) => answerOf(far, 'POST', '/v1/verify', { body, headers: bearer(token) });
    expect(await ask(admin.reveal())).toMatch(/^200 /);
    warnings.length = 0;
    const answers: string[] = [];
    for (let guess = 0; guess < 40; guess += 1) answers.push((await ask(`guess${guess}`)).slice(0, 3));
    expect(answers).toEqual([...Array.from({ length: 20 }, () => '403'), ...Array.from({ length: 20 }, () => '429')]);
    expect(warnings).toHaveLength(20);
    expect(warnings[0]).toEqual({ message: 'operator token refused', address: '127.0.0.1' });
    expect(JSON.stringify(warnings)).not.toContain('guess');
    expect(await ask(admin.reveal())).toMatch(/^200 /);
  });
});
