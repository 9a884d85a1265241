import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalKey } from '../providers/key-manager.ts';
import { createApp } from '../src/http/app.ts';
import { introspectRoutes } from '../src/http/introspect.ts';
import { verifyAccess, type VerifyAccess } from '../src/http/front/access.ts';
import { createFront } from '../src/http/front/front.ts';
import { wellKnownRoutes } from '../src/http/well-known.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys } from '../src/keys/open.ts';
import { openTokens, type Tokens } from '../src/keys/tokens.ts';
import { newId } from '../src/ledger/ids.ts';
import { silentLog } from '../src/observe/log.ts';
import type { TokenRules } from '../src/reservation/tokens.ts';
import type { TestEngine } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import { clockAt } from './workshop.ts';

/** The key manager with tokens, and its doors over real HTTP; only the clock is ours. */

export const OPENS = new Date('2026-03-01T09:00:00Z');
export const CLOSES = new Date('2026-03-01T17:00:00Z');
export const DURING = '2026-03-01T12:00:00Z';
export const OPERATOR = 'operator-token';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export async function openTokenHouse(engine: TestEngine) {
  const clock = clockAt(DURING);
  const store = await engine.open({ now: clock.now });
  const { ledger, sealer } = store;
  const state: { rules: TokenRules } = { rules: tokenRules };
  const parts = { ledger, sealer, rules: () => state.rules, now: clock.now };
  const tokens = openTokens(parts);
  const keys = await openKeys({ ledger, now: clock.now, log: () => {}, checkToken: tokens.check });
  const listed = verifyAccess({ allowFrom: ['127.0.0.0/8'], isOperatorToken: () => false });
  const guarded = verifyAccess({ allowFrom: ['192.0.2.0/24'], isOperatorToken: (token) => token === OPERATOR });
  const servers: Server[] = [];

  async function serve(access: VerifyAccess): Promise<string> {
    const routers = [introspectRoutes({ inspect: keys.inspect, access, rules: () => state.rules }), wellKnownRoutes(tokens)];
    const otherwise = createApp({ log: silentLog, trustProxy: [], routers });
    const front = { verify: keys.verify, access, trustProxy: [], log: silentLog, logsRequests: false };
    const server = createServer(createFront({ ...front, otherwise })).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const urls = { open: await serve(listed), guarded: await serve(guarded) };

  async function ask(path: string, init: RequestInit = {}, door: keyof typeof urls = 'open'): Promise<Answer> {
    const response = await fetch(urls[door] + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  }

  const grant = { holder: 'ada', scopes: ['read', 'write'], methods: ['GET'], endpoints: ['/**'], project: 'lab' };
  let made = 0;

  /** A key in the books, as a driver or an API puts it there. */
  async function put(changes: Partial<LocalKey> & { minter?: Tokens } = {}) {
    const n = ++made;
    const { minter = tokens, ...asked } = changes;
    const wish = { id: newId('key'), lease: `lse_${n}`, window: { opensAt: OPENS, closesAt: CLOSES }, ...asked };
    const key = { ...grant, name: `lk-${n}`, tokenType: 'jwt' as const, ...wish };
    const said = {
      keyId: key.id,
      lease: key.lease,
      holder: key.holder,
      scopes: key.scopes,
      project: key.project,
      window: key.window,
    };
    const secret = asked.secret ?? (key.tokenType === 'jwt' ? await minter.mint(said) : mintKey('temp'));
    await keys.manager.put({ ...key, secret });
    return { ...key, text: secret.reveal() };
  }

  return {
    clock,
    urls,
    ...store,
    state,
    tokens,
    keys,
    put,
    ask,
    /** Another process on the same database. */
    node: () => openTokens(parts),
    verify: (key: string) => ask('/verify', { headers: { authorization: `Bearer ${key}` } }),
    introspect: (token: string) => ask('/oauth/introspect', { method: 'POST', body: new URLSearchParams({ token }) }),
    async close() {
      for (const server of servers) server.close();
      await keys.close();
      await store.close();
    },
  };
}

export type TokenHouse = Awaited<ReturnType<typeof openTokenHouse>>;
