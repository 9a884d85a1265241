import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintKey } from '../../src/keys/key.ts';
import { openCampus, SECRET, type Campus } from '../campus.ts';
import { closeAll, closing, start } from './acts.ts';
import { clusters, openCluster } from './cluster.ts';

/* What goes wrong at the door: a database that is gone, and requests that nobody means well. */

const ADMIN = { authorization: 'Bearer lko_admin-token-of-the-campus-for-tests' };
const ROUTES = [
  'GET /health',
  'GET /healthz',
  'GET /health/live',
  'GET /health/ready',
  'GET /verify',
  'GET /claim/somebody',
  'GET /metrics',
  'GET /docs',
  'GET /api/v1/openapi.json',
  'GET /api/v1/leases',
  'GET /nothing/here',
  'POST /webhook',
  'POST /webhooks/default',
  'POST /v1/verify',
  'POST /claim/somebody',
  'POST /api/v1/rotations',
];
const POSTS = ROUTES.filter((route) => route.startsWith('POST')).map((route) => route.slice('POST '.length));

/** Nothing of our own making: no stack, file, statement, host or driver's saying. */
const INTERNALS = /\bat [\w.<>]+ \(|\.(ts|js)\b|\b(select|insert|update|delete) |ECONN|postgres|pglite|kysely|127\.0\.0\.1:\d/i;

describe('scenario 47: with the database gone', () => {
  afterAll(closeAll);

  test.runIf(clusters)(
    'every answer is generic and has an id, ready says no and live says yes, and all is well when it is back',
    async () => {
      const cluster = await openCluster();
      closing.push(() => cluster.remove());
      const service = await start({ databaseUrl: cluster.url, env: { API_MANAGEMENT_ENDPOINT: '' } });
      await cluster.stop('immediate');
      const statuses: Record<string, number> = {};
      for (const route of ROUTES) {
        const [method = '', path = ''] = route.split(' ');
        // Well-formed, so that it gets as far as the database.
        const body = path.includes('verify') ? { key: UNKNOWN_KEY } : path.includes('webhook') ? EVENT : {};
        const headers = { ...service.operator, 'x-api-key': UNKNOWN_KEY, ...sign(body) };
        const reply =
          method === 'GET'
            ? await service.get(path, path === '/verify' ? { 'x-api-key': UNKNOWN_KEY } : headers)
            : await service.json(method, path, body, headers);
        statuses[route] = reply.status;
        if (path === '/docs' || path.endsWith('openapi.json') || path === '/metrics') continue;
        expect(`${route} ${reply.text}`).not.toMatch(INTERNALS);
        expect(reply.headers['x-request-id']).toMatch(/^[\w.:-]+$/);
        if (reply.status < 500) continue;
        expect(`${route} ${reply.status} ${reply.headers['retry-after']}`).toMatch(/ 503 \d+$/);
        if (path.startsWith('/claim')) continue;
        expect(reply.headers['content-type']).toContain('application/problem+json');
        expect(JSON.parse(reply.text)).toMatchObject({
          status: 503,
          code: 'unavailable',
          requestId: reply.headers['x-request-id'],
        });
      }
      expect(statuses).toEqual({
        'GET /health': 200,
        'GET /healthz': 200,
        'GET /health/live': 200,
        'GET /health/ready': 503,
        'GET /verify': 503,
        'GET /claim/somebody': 503,
        'GET /metrics': 200,
        'GET /docs': 200,
        'GET /api/v1/openapi.json': 200,
        'GET /api/v1/leases': 503,
        'GET /nothing/here': 404,
        'POST /webhook': 503,
        'POST /webhooks/default': 503,
        'POST /v1/verify': 503,
        'POST /claim/somebody': 503,
        'POST /api/v1/rotations': 503,
      });
      await cluster.start();
      await expect.poll(async () => (await service.get('/health/ready')).status, { timeout: 10_000 }).toBe(200);
    },
  );
});

describe('scenario 30: a request that nobody means well', () => {
  let campus: Campus;
  beforeAll(async () => {
    // Each request comes from an address of its own, so that none is turned away for the many before it.
    campus = await openCampus({
      env: {
        LATCHKEY_TRUST_PROXY: '127.0.0.0/8',
        API_MANAGEMENT_ENDPOINT: '',
        NOTIFICATION_ENDPOINT: '',
        WEBHOOK_LOG_ENDPOINT: '',
        SMTP_URL: '',
      },
    });
  });
  afterAll(async () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await fetch(`${campus.url()}/health/ready`)).status).toBe(200);
    await campus.close();
  });
  const at = () => new URL(campus.url());
  let last = 0;
  const somewhere = () => `10.0.${Math.floor((last += 1) / 250)}.${last % 250}`;

  test.each([
    ['two keys', ['X-API-Key: temp_a', 'X-API-Key: temp_b']],
    ['a list of keys', ['X-API-Key: temp_a, temp_b']],
    ['a key of 15 KB', [`X-API-Key: ${'x'.repeat(15 * 1024)}`]],
    ['a key of 16 KB', [`X-API-Key: ${'x'.repeat(16 * 1024)}`]],
    ['a key with a carriage return', ['X-API-Key: a\rX-Admin: yes']],
    ['a key with a line feed', ['X-API-Key: a\nX-Admin: yes']],
    ['a folded header', ['X-API-Key: a', ' b']],
    ['a key with NUL', ['X-API-Key: a\0b']],
    ['a key of bytes that are no text', ['X-API-Key: \xff\xfe\x80']],
    ['a name with a space', ['X-API Key: a']],
    ['names of prototypes', ['__proto__: a', 'constructor: b', 'prototype: c']],
    ['two tokens', ['Authorization: Bearer a', 'Authorization: Bearer b']],
    ['a token of 10 KB', [`Authorization: Bearer ${'x'.repeat(10 * 1024)}`]],
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3']],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['an odd encoding of transfer', ['Transfer-Encoding: chunked, identity']],
    ['a request id that breaks out', ['X-Request-Id: a"b<script>']],
    ['a hundred odd headers', Array.from({ length: 100 }, (_, n) => `X-${n}: ${n}`)],
  ])('with %s is refused or harmless on every route', async (_, headers) => {
    for (const route of ROUTES) {
      const answer = await talk(
        at(),
        `${route} HTTP/1.1\r\nHost: keys\r\nConnection: close\r\nX-Forwarded-For: ${somewhere()}\r\n${headers.join('\r\n')}\r\n\r\n`,
      );
      expect(`${route} ${answer.status}`).toMatch(/ [234]\d\d$/);
      expect(answer.text).not.toContain('<script>');
      if (answer.status >= 400) expect(answer.text).not.toMatch(INTERNALS);
    }
  });

  test.each([
    ['without a host', 'GET /health HTTP/1.1\r\n\r\n'],
    ['in another protocol', 'HELO keys\r\n\r\n'],
    ['with a path of 20 KB', `GET /${'x'.repeat(20 * 1024)} HTTP/1.1\r\nHost: keys\r\n\r\n`],
    [
      'followed by another smuggled in',
      'POST /webhook HTTP/1.1\r\nHost: keys\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n',
    ],
  ])('%s is refused', async (_, request) => {
    const answer = await talk(at(), request);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  const tower = (depth: number) => `${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`;
  test.each<[string, string | Buffer]>([
    ['a prototype', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"key":"x"}'],
    ['a tower of 10,000', tower(5000)],
    ['a number beyond all', '{"key":"x","cost":1e309,"confirmation":1e309}'],
    ['the same name twice', '{"key":"x","key":"y"}'],
    ['NUL', '{"key":"\\u0000"}'],
    ['half a surrogate pair', '{"key":"\\ud800"}'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[[],[]]'],
    ['a text', '"key"'],
    ['half a document', '{"key":'],
  ])('with %s in its body is refused on every route that takes one, signed or not, with a token or without', async (_, body) => {
    const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain; charset=klingon'];
    for (const path of POSTS)
      for (const type of types)
        for (const more of [{}, ADMIN, { 'x-webhook-signature': signature(body) }] as Record<string, string>[]) {
          const sent = typeof body === 'string' ? body : new Uint8Array(body);
          const response = await fetch(campus.url() + path, {
            method: 'POST',
            headers: { 'content-type': type, 'x-forwarded-for': somewhere(), ...more },
            body: sent,
          });
          const text = await response.text();
          const said = `${path} ${type} ${Object.keys(more).join()} ${response.status}`;
          // A verdict on what is no key is an answer; an event that says nothing we know is kept aside; everything else is refused.
          if (response.status === 200) expect(`${said} ${text}`).toContain('"valid":false');
          else if (response.status === 202) expect(`${said} ${text}`).toMatch(/quarantined|duplicate|ignored/);
          else expect(said).toMatch(/ 4\d\d$/);
          expect(text).not.toMatch(INTERNALS);
        }
  });

  test('of 1 MB and a byte is too large for every route that takes a body', async () => {
    const body = new Uint8Array(Buffer.alloc(1024 * 1024 + 1, ' '));
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': somewhere(), ...ADMIN };
    // A link that nobody has asked for yet: too many requests for one are refused for that.
    const paths = POSTS.map((path) => path.replace('somebody', 'another'));
    const statuses = await Promise.all(
      paths.map(async (path) => (await fetch(campus.url() + path, { method: 'POST', headers, body })).status),
    );
    expect(statuses).toEqual(POSTS.map(() => 413));
  });

  test('whose body never ends is answered as soon as it is too large, and its connection is cut', async () => {
    const { hostname, port } = at();
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    let heard = '';
    socket.on('data', (data: Buffer) => (heard += data.toString()));
    const cut = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write('POST /webhook HTTP/1.1\r\nHost: keys\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    for (let sent = 0; sent <= 256 * 1024; sent += 0x4000) socket.write(chunk);
    const drip = setInterval(() => socket.write('1\r\nx\r\n'), 20);
    await expect.poll(() => heard, { timeout: 10_000 }).toMatch(/^HTTP\/1\.1 413 /);
    await cut;
    clearInterval(drip);
    expect(heard).toContain('too_large');
  });

  test('that claims to be larger than it may is refused before it is sent', async () => {
    const answer = await talk(at(), 'POST /webhook HTTP/1.1\r\nHost: keys\r\nContent-Length: 262145\r\n\r\n');
    expect(answer.status).toBe(413);
  });
});

/** Well made, but nobody's. */
const UNKNOWN_KEY = mintKey('temp').reveal();
const EVENT = { eventType: 'ALL', timestamp: new Date().toISOString(), webhookId: 7, data: 'test' };

function sign(body: object): Record<string, string> {
  return { 'x-webhook-signature': signature(JSON.stringify(body)) };
}

function signature(body: string | Buffer): string {
  return createHmac('sha256', SECRET).update(body).digest('base64');
}

/** Sends exactly these bytes and hears everything until the connection ends, or the answer is there. */
function talk({ hostname, port }: URL, bytes: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(bytes, 'latin1')));
    const done = () => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
    };
    // Whoever keeps the connection open has said all there is when it falls silent.
    socket.setTimeout(1000, done);
    socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
    socket.on('close', done);
    socket.on('error', done);
  });
}
