import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import express, { Router } from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { createApp } from '../src/http/app.ts';
import { healthRoutes } from '../src/http/health.ts';
import { metricsRoutes } from '../src/http/metrics.ts';
import { requestIdOf } from '../src/http/request-id.ts';
import { createLog } from '../src/observe/log.ts';
import { createMetrics } from '../src/observe/metrics.ts';
import { Fault, FAULT_CODES } from '../src/reservation/fault.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(
    open.splice(0).map(async (server) => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }),
  );
});

interface Parts {
  trustProxy?: string[];
  ready?: () => Promise<void>;
  allow?: () => boolean;
}

async function serve({ trustProxy = [], ready = async () => {}, allow = () => true }: Parts = {}) {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  const routers = [healthRoutes({ ready }), metricsRoutes({ metrics: createMetrics(), allow }), failing()];
  const app = createApp({ log: createLog({ level: 'debug', now: () => new Date(), stream }), trustProxy, routers });
  const server = app.listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, logged: () => lines.join('') };
}

/** Routes that fail in every way there is. */
function failing(): Router {
  const router = Router();
  router.get('/fault/:code', (request) => {
    throw new Fault(request.params.code as 'invalid', 'what is wrong and what to do', { at: 'body.field', retryAfterMs: 1500 });
  });
  router.get('/unavailable', () => {
    throw new Fault('unavailable', 'later');
  });
  router.get('/bug', async () => {
    throw new Error('hunter2 leaked from /srv/app/secret.ts');
  });
  router.get('/thrown-text', () => {
    // oxlint-disable-next-line typescript/only-throw-error -- the point of the test
    throw 'hunter2';
  });
  router.get('/half', (_request, response) => {
    response.write('half ');
    throw new Error('too late');
  });
  router.post('/json', express.json({ limit: '1kb' }), (request, response) => void response.json(request.body));
  router.get('/ip', (request, response) => void response.json({ ip: request.ip, requestId: requestIdOf(response) }));
  router.get('/claim/:token', (_request, response) => void response.json({}));
  return router;
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({
    type: 'about:blank',
    status: response.status,
    title: expect.any(String),
    requestId: response.headers.get('x-request-id'),
  });
  return problem;
}

describe('an error', () => {
  test.each([
    ['invalid', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['conflict', 409],
    ['gone', 410],
    ['too_many', 429],
    ['unavailable', 503],
  ])('of code %s is a problem document with status %d', async (code, status) => {
    expect(FAULT_CODES).toContain(code);
    const { url } = await serve();
    const response = await fetch(`${url}/fault/${code}`);
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
    expect(await problemOf(response)).toMatchObject({ code, detail: 'what is wrong and what to do', at: 'body.field' });
  });

  test('of an outage says when to come again, also where nobody knows', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/unavailable`)).headers.get('retry-after')).toBe('5');
  });

  test.each(['/bug', '/thrown-text'])('that nobody foresaw (%s) is a bare 500, and the log knows it by the id', async (path) => {
    const { url, logged } = await serve();
    const response = await fetch(url + path);
    expect(response.status).toBe(500);
    const text = JSON.stringify(await problemOf(response));
    expect(text).not.toMatch(/hunter2|\.ts|at .*\(/);
    expect(JSON.parse(text)).toMatchObject({ code: 'internal' });
    expect(logged()).toContain(`"message":"request failed","requestId":"${response.headers.get('x-request-id')}"`);
    expect(logged()).toContain('hunter2');
  });

  test('after half an answer breaks the connection, so that nobody takes the half for the whole', async () => {
    const { url } = await serve();
    await expect(fetch(`${url}/half`).then((response) => response.text())).rejects.toThrow();
  });

  test.each([
    ['a body that is no JSON', { body: '{"hunter2"', headers: { 'content-type': 'application/json' } }, 400, 'invalid'],
    [
      'a body that is too large',
      { body: JSON.stringify('x'.repeat(2000)), headers: { 'content-type': 'application/json' } },
      413,
      'too_large',
    ],
    [
      'a charset nobody speaks',
      { body: '{}', headers: { 'content-type': 'application/json; charset=klingon' } },
      415,
      'unsupported',
    ],
    [
      'an encoding nobody speaks',
      { body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'klingon' } },
      415,
      'unsupported',
    ],
  ])('for %s does not quote it', async (_, init, status, code) => {
    const { url, logged } = await serve();
    const response = await fetch(`${url}/json`, { method: 'POST', ...init });
    expect(response.status).toBe(status);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code });
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|klingon|position/);
    expect(logged()).not.toContain('request failed');
  });

  test('for a path that cannot be decoded is the caller’s', async () => {
    const { url } = await serve();
    expect(await problemOf(await fetch(`${url}/fault/%E0%A4%A`))).toMatchObject({ status: 400, code: 'invalid' });
  });

  test('for a path nobody serves is a problem document too', async () => {
    const { url } = await serve();
    expect(await problemOf(await fetch(`${url}/nothing/here`))).toMatchObject({ status: 404, code: 'not_found' });
    expect(await problemOf(await fetch(`${url}/health`, { method: 'DELETE' }))).toMatchObject({ status: 404 });
  });
});

describe('every answer', () => {
  test("carries the request's id, the caller's where it is plain", async () => {
    const { url } = await serve();
    const ids = await Promise.all([fetch(`${url}/health`), fetch(`${url}/health`)]);
    expect(new Set(ids.map((response) => response.headers.get('x-request-id'))).size).toBe(2);
    const given = await fetch(`${url}/ip`, { headers: { 'x-request-id': 'trace-7.a:b' } });
    expect(await given.json()).toMatchObject({ requestId: 'trace-7.a:b' });
    for (const odd of ['a b', '<x>', 'x'.repeat(65)]) {
      const response = await fetch(`${url}/health`, { headers: { 'x-request-id': odd } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-\d+$/);
    }
  });

  test('has the headers that browsers need and none that tell what we are made of', async () => {
    const { url } = await serve();
    const { headers } = await fetch(`${url}/health`);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  test('leaves one line at debug, with neither query nor token', async () => {
    const { url, logged } = await serve();
    await fetch(`${url}/claim/Zm9vYmFy?code=hunter2`).then((response) => response.text());
    await expect.poll(logged).toContain('"message":"request"');
    expect(logged()).toContain('"path":"/claim/[secret]"');
    expect(logged()).not.toMatch(/hunter2|Zm9vYmFy/);
  });

  test('sees the address of the connection, and a forwarded one only from a trusted proxy', async () => {
    const forwarded = { headers: { 'x-forwarded-for': '198.51.100.7' } };
    const plain = await serve();
    expect(await (await fetch(`${plain.url}/ip`, forwarded)).json()).toMatchObject({ ip: '127.0.0.1' });
    const proxied = await serve({ trustProxy: ['127.0.0.0/8'] });
    expect(await (await fetch(`${proxied.url}/ip`, forwarded)).json()).toMatchObject({ ip: '198.51.100.7' });
    const chain = { headers: { 'x-forwarded-for': '203.0.113.1, 198.51.100.7' } };
    expect(await (await fetch(`${proxied.url}/ip`, chain)).json()).toMatchObject({ ip: '198.51.100.7' });
  });
});

describe('health', () => {
  const down = async () => {
    throw new Error('postgresql://latchkey:hunter2@db is out of reach');
  };

  test.each(['/health', '/healthz', '/health/live', '/health/ready'])('%s says healthy', async (path) => {
    const { url } = await serve();
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'healthy', service: 'latchkey' });
  });

  test('only ready depends on the database, and does not say where it is', async () => {
    const { url } = await serve({ ready: down });
    for (const path of ['/health', '/healthz', '/health/live']) expect((await fetch(url + path)).status).toBe(200);
    const response = await fetch(`${url}/health/ready`);
    expect(response.status).toBe(503);
    expect(JSON.stringify(await problemOf(response))).not.toContain('hunter2');
  });
});

describe('metrics', () => {
  test('are text for those who may read them, and a 403 for the others', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await response.text()).toContain('nodejs_eventloop_lag_seconds');
    const closed = await serve({ allow: () => false });
    expect((await problemOf(await fetch(`${closed.url}/metrics`)))['code']).toBe('forbidden');
  });
});
