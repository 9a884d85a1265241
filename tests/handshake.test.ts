import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source } from '../src/reservation/source.ts';
import { sourceOf } from './fixtures/source.ts';
import { describeEngines } from './engines.ts';
import { openHouse, type House } from './intake-house.ts';

/** What is answered beside events, over HTTP: handshakes, methods, statuses, bodies of other kinds. */

const NOW = '2026-01-01T10:00:00Z';
const SECRET = 'secretValueTest';
const seconds = String(Date.parse(NOW) / 1000);
const map = [
  { match: { expr: 'kind', in: ['made'] }, action: 'created', fields: { reservationId: 'id', version: '`1`' } },
  { match: { expr: 'kind', in: ['other'] }, action: 'ignore' },
];

const ENTRIES: Record<string, object> = {
  zoom: { preset: 'zoom', secrets: [SECRET, 'the older one'] },
  graph: { auth: { bearer: {} }, secrets: [SECRET], map, handshake: [{ echo: { query: 'validationToken' } }] },
  events: {
    auth: { bearer: {} },
    secrets: [SECRET],
    map,
    handshake: [{ options: { origins: ['eventgrid.example.net'], rate: 120 } }],
  },
  anybody: { auth: { bearer: {} }, secrets: [SECRET], map, handshake: [{ options: { origins: ['*'] } }] },
  chat: {
    auth: { bearer: {} },
    secrets: [SECRET],
    map,
    handshake: [
      { echo: { field: 'challenge', match: { expr: 'kind', in: ['hello'] } } },
      { ping: { match: { expr: 'kind', in: ['ping'] } } },
    ],
    answers: { accepted: 204, duplicate: 200, ignored: 204, quarantined: 201 },
  },
  plain: { auth: { bearer: {} }, secrets: [SECRET], map },
  small: { auth: { bearer: {} }, secrets: [SECRET], map, body: { largest: 60, deepest: 3, contentEncoding: 'gzip' } },
  form: { auth: { token: { field: 'token' } }, secrets: [SECRET], map, body: { kind: 'form' } },
  paths: {
    auth: { bearer: {} },
    secrets: [SECRET],
    map: [{ action: 'created', fields: { reservationId: 'request.path', version: '`1`' } }],
  },
  proxied: {
    auth: { clientCertificate: { header: 'X-Fingerprint', allowed: ['ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89'] } },
    map,
  },
};

const zipped = (text: string) => new Uint8Array(gzipSync(text));

describeEngines('requests of reservation systems', (engine) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(engine, NOW);
    const sources: Record<string, Source> = {};
    for (const [name, entry] of Object.entries(ENTRIES)) sources[name] = sourceOf(entry, { name });
    house.setPolicy({ sources });
  });
  afterAll(() => house.close());

  const bearer = { Authorization: `Bearer ${SECRET}` };
  const ask = async (
    method: string,
    path: string,
    { body, headers = {} }: { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(house.url + path, { method, headers, body });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const send = (source: string, body: object | string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = bearer) =>
    ask('POST', `/webhooks/${source}`, {
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      headers,
    });
  const events = async (source: string) => await house.db.selectFrom('event').selectAll().where('source', '=', source).execute();

  describe('the challenge of Zoom', () => {
    const validation = (plainToken: unknown) => JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } });
    const signed = (body: string, secret = SECRET) => ({
      'x-zm-request-timestamp': seconds,
      'x-zm-signature': `v0=${createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex')}`,
    });

    test('is answered with the digest of its text, and not recorded', async () => {
      const body = validation('qgg8vlvZRS6UYooatFL8Aw');
      const answer = await send('zoom', body, signed(body));
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toEqual({
        plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
        encryptedToken: '70c1f2e2e6ca2d39297490d1f9142c7d701415ea8e6151f6562a08fa657a40ff',
      });
      expect(await events('zoom')).toEqual([]);
    });

    test('is answered under the secret that it was signed with', async () => {
      const body = validation('abc');
      const { text } = await send('zoom', body, signed(body, 'the older one'));
      expect(JSON.parse(text).encryptedToken).toBe(createHmac('sha256', 'the older one').update('abc').digest('hex'));
    });

    test('is answered to nobody who does not sign', async () => {
      const body = validation('qgg8vlvZRS6UYooatFL8Aw');
      for (const headers of [{}, signed(body, 'another'), signed(`${body} `)]) {
        const answer = await send('zoom', body, headers);
        expect(answer.status).toBe(401);
        expect(answer.text).not.toContain('70c1f2e2');
      }
    });

    test('never signs what could be a message', async () => {
      for (const token of [`v0:${seconds}:{"event":"meeting.created"}`, '', 'x'.repeat(201), 7, null, ['a'], 'a b']) {
        const body = validation(token);
        const answer = await send('zoom', body, signed(body));
        expect(answer.text).not.toContain('encryptedToken');
        expect(answer.status).toBe(200);
      }
    });
  });

  describe('the echo of Microsoft Graph', () => {
    const token = 'Validation: Testing client application reachability for subscription Request-Id: 1-2<script>';

    test.each(['POST', 'GET'])('%s is sent back as a text that no browser takes for a page', async (method) => {
      const answer = await ask(method, `/webhooks/graph?validationToken=${encodeURIComponent(token)}`);
      expect([answer.status, answer.text]).toEqual([200, token]);
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    });

    test('is sent back only where it is configured, and only what can be printed on a line', async () => {
      expect((await ask('POST', '/webhooks/plain?validationToken=x')).status).toBe(401);
      expect((await ask('GET', '/webhooks/plain?validationToken=x')).status).toBe(405);
      for (const text of ['%00', '%0d%0aX: y', '%C3%A9', 'x'.repeat(1025), ''])
        expect((await ask('POST', `/webhooks/graph?validationToken=${text}`)).status).toBe(401);
      expect((await ask('POST', '/webhooks/graph?validationToken=a&validationToken=b')).status).toBe(401);
      expect(await events('graph')).toEqual([]);
    });
  });

  describe('OPTIONS of CloudEvents', () => {
    const options = (source: string, headers: Record<string, string>) => ask('OPTIONS', `/webhooks/${source}`, { headers });

    test('permits a listed origin, with the rate that is configured', async () => {
      const { status, headers } = await options('events', {
        'WebHook-Request-Origin': 'EventGrid.example.net',
        'WebHook-Request-Rate': '5',
      });
      expect(status).toBe(200);
      expect(headers.get('webhook-allowed-origin')).toBe('EventGrid.example.net');
      expect(headers.get('webhook-allowed-rate')).toBe('120');
      expect(headers.get('allow')).toBe('POST, OPTIONS');
      const any = await options('anybody', { 'WebHook-Request-Origin': 'a.example.org' });
      expect([any.headers.get('webhook-allowed-origin'), any.headers.get('webhook-allowed-rate')]).toEqual([
        'a.example.org',
        '*',
      ]);
    });

    test.each<[string, Record<string, string>]>([
      ['events', { 'WebHook-Request-Origin': 'evil.example.org' }],
      ['events', {}],
      ['plain', { 'WebHook-Request-Origin': 'eventgrid.example.net' }],
    ])('of %s with %j is no consent', async (source, headers) => {
      const answer = await options(source, headers);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('webhook-allowed-origin')).toBe(null);
    });
  });

  test('other methods are refused with those that are taken, and unknown sources are not found', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await ask(method, '/webhooks/plain');
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
      if (method !== 'HEAD') expect(JSON.parse(answer.text)).toMatchObject({ code: 'not_allowed' });
      expect((await ask(method, '/webhooks/nobody')).status).toBe(404);
    }
    expect((await ask('GET', '/webhooks/graph')).headers.get('allow')).toBe('POST, GET');
  });

  test('a signed ping and a signed challenge are answered and not recorded; unsigned they are nothing', async () => {
    expect((await send('chat', { kind: 'ping' })).status).toBe(204);
    const echo = await send('chat', { kind: 'hello', challenge: 'abc' });
    expect([echo.status, echo.text, echo.headers.get('content-type')]).toEqual([200, 'abc', 'text/plain; charset=utf-8']);
    expect(await events('chat')).toEqual([]);
    for (const body of [{ kind: 'ping' }, { kind: 'hello', challenge: 'abc' }])
      expect((await send('chat', body, {})).status).toBe(401);
    expect((await send('chat', { kind: 'other', challenge: 'abc' })).status).toBe(204);
    expect(await events('chat')).toHaveLength(1);
  });

  test('each outcome is answered with its status, 204 without a body', async () => {
    const made = { kind: 'made', id: 'chat-1' };
    expect(await send('chat', made)).toMatchObject({ status: 204, text: '' });
    const again = await send('chat', made);
    expect([again.status, JSON.parse(again.text).status]).toEqual([200, 'duplicate']);
    expect((await send('chat', { kind: 'unheard of' })).status).toBe(201);
    const usual = await send('plain', { kind: 'made', id: 'plain-1' });
    expect([usual.status, JSON.parse(usual.text).status]).toEqual([202, 'accepted']);
    // What is refused is refused everywhere alike.
    expect((await send('chat', made, {})).status).toBe(401);
    expect((await send('chat', '{')).status).toBe(400);
  });

  test('size, depth and compression are bounded by source', async () => {
    expect((await send('small', { kind: 'made', id: 'small-1' })).status).toBe(202);
    expect((await send('small', { kind: 'made', id: 'x'.repeat(60) })).status).toBe(413);
    expect((await send('small', '[[[[1]]]]')).status).toBe(400);
    const gzip = { ...bearer, 'Content-Encoding': 'gzip' };
    expect((await send('small', zipped('{"kind":"made","id":"small-2"}'), gzip)).status).toBe(202);
    expect((await send('small', zipped(' '.repeat(1000)), gzip)).status).toBe(413);
    expect((await send('small', 'x', { ...bearer, 'Content-Encoding': 'br' })).status).toBe(415);
    expect((await send('plain', zipped('{}'), gzip)).status).toBe(415);
  });

  test('a form that holds its secret is read, and the secret is not kept with what cannot be mapped', async () => {
    expect((await send('form', `kind=made&id=form-1&token=${SECRET}`, {})).status).toBe(202);
    expect((await send('form', 'kind=made&id=form-2&token=wrong', {})).status).toBe(401);
    const answer = await send('form', `kind=unheard&token=${SECRET}`, {});
    expect(JSON.parse(answer.text).status).toBe('quarantined');
    const kept = (await events('form')).find(({ outcome }) => outcome === 'quarantined')!;
    const { openKept } = await import('../src/intake/kept.ts');
    expect(openKept(house.sealer, kept.id, kept.sealedBody!)?.document).toEqual({ kind: 'unheard' });
  });

  test('what stands behind the name of a source is its path', async () => {
    const answer = await ask('POST', '/webhooks/paths/a/b%20c', { body: '{}', headers: bearer });
    expect(JSON.parse(answer.text)).toMatchObject({ status: 'accepted', reservations: ['a/b c'] });
    for (const path of ['a%00b', 'x'.repeat(501)])
      expect((await ask('POST', `/webhooks/paths/${path}`, { body: '{}', headers: bearer })).status).toBe(404);
  });

  test('a certificate is believed from a proxy that is trusted, and from nobody else', async () => {
    const headers = { 'X-Fingerprint': 'ABCDEF0123456789ABCDEF0123456789' };
    expect((await send('proxied', { kind: 'other' }, headers)).status).toBe(401);
    const behind = await openHouse(engine, NOW, { trustProxy: ['127.0.0.1'] });
    behind.setPolicy({ sources: { proxied: sourceOf(ENTRIES['proxied']!, { name: 'proxied' }) } });
    expect((await behind.post('/webhooks/proxied', '{"kind":"other"}', headers)).status).toBe(202);
    expect((await behind.post('/webhooks/proxied', '{"kind":"other"}')).status).toBe(401);
    await behind.close();
  });

  test('a header that decides is refused when it comes twice over the wire', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = [
        'Host',
        'x',
        'Authorization',
        bearer.Authorization,
        'authorization',
        bearer.Authorization,
        'Content-Length',
        '2',
      ];
      const sent = httpRequest(`${house.url}/webhooks/plain`, { method: 'POST', headers }, (response) =>
        resolve(response.resume().statusCode),
      );
      sent.once('error', reject).end('{}');
    });
    expect(status).toBe(401);
  });
});
