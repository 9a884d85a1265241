import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLog } from '../src/observe/log.ts';
import { sourceOf } from './fixtures/source.ts';
import { describeEngines } from './engines.ts';
import { openHouse, type House } from './intake-house.ts';

/** What is answered before a body is read or believed: counted by its source, told to the log, and without what it brought. */

const NOW = '2026-01-01T10:00:00Z';
const SECRET = 'a-token-of-the-lab-93ad';
const map = [{ action: 'created', fields: { reservationId: 'id', version: '`1`' } }];
const entry = (auth: object, more: object = {}) => ({ auth, secrets: [SECRET], map, ...more });

const ENTRIES: Record<string, object> = {
  bearer: entry({ bearer: {} }, { body: { largest: 100 } }),
  basic: entry({ basic: { username: 'lab' } }),
  token: entry({ token: { header: 'X-Auth-Token' } }),
  signed: entry({ hmac: { header: 'x-sig', signed: '{url}{body}' } }),
  asked: entry(
    { query: { parameter: 'key' } },
    { handshake: [{ echo: { query: 'challenge' } }, { options: { origins: ['*'] } }] },
  ),
  read: { poll: { url: 'https://lab.example/bookings', every: '5m' }, map: [{ ...map[0], forEach: 'items' }] },
};

describeEngines('requests that are answered unread', (engine) => {
  let house: House;
  let lines: string[] = [];
  beforeAll(async () => {
    const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
    house = await openHouse(engine, NOW, { log: createLog({ level: 'debug', now: () => new Date(NOW), stream }) });
    house.setPolicy({
      sources: Object.fromEntries(Object.entries(ENTRIES).map(([name, one]) => [name, sourceOf(one, { name })])),
    });
  });
  beforeEach(() => {
    lines = [];
    house.metrics.acks.reset();
  });
  afterAll(() => house.close());

  const counted = async () =>
    Object.fromEntries(
      (await house.metrics.acks.get()).values.map(({ labels, value }) => [`${labels.source} ${labels.status}`, value]),
    );
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) =>
    await fetch(house.url + path, { method, headers });
  const bearer = { Authorization: `Bearer ${SECRET}` };

  test.each([
    ['basic', 'Basic realm="basic", charset="UTF-8"'],
    ['bearer', 'Bearer realm="bearer"'],
    ['token', 'Webhook realm="token"'],
    ['signed', 'Webhook realm="signed"'],
    ['asked', 'Webhook realm="asked"'],
  ])('a 401 of a source with %s names its own scheme', async (name, challenge) => {
    const answer = await house.post(`/webhooks/${name}`, '{}');
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, challenge]);
    expect(await counted()).toEqual({ [`${name} refused`]: 1 });
  });

  test('handshakes that nobody signs are counted, and what they bring is in no log', async () => {
    expect(await (await ask('POST', `/webhooks/asked?challenge=c-7f3a&key=${SECRET}`)).text()).toBe('c-7f3a');
    expect(await (await ask('GET', '/webhooks/asked?challenge=c-7f3a')).text()).toBe('c-7f3a');
    expect((await ask('OPTIONS', '/webhooks/asked', { 'WebHook-Request-Origin': 'o.example' })).status).toBe(200);
    expect(await counted()).toEqual({ 'asked handshake': 3 });
    expect(lines.join('')).toMatch(/handshake answered/);
    expect(lines.join('')).not.toMatch(/c-7f3a|93ad|o\.example/);
  });

  test('a body that is too large, encoded or broken off is counted, and the log says so', async () => {
    const zipped = new Uint8Array(gzipSync('{}'));
    expect((await house.post('/webhooks/bearer', 'x'.repeat(101), bearer)).status).toBe(413);
    expect((await house.post('/webhooks/bearer', zipped, { ...bearer, 'Content-Encoding': 'gzip' })).status).toBe(415);
    await new Promise<void>((resolve) => {
      const headers = { ...bearer, 'Transfer-Encoding': 'chunked' };
      const sent = httpRequest(`${house.url}/webhooks/bearer`, { method: 'POST', headers });
      sent.once('error', () => resolve()).write('{"id":', () => setImmediate(() => sent.destroy(new Error('gone'))));
    });
    await expect.poll(counted).toEqual({ 'bearer refused': 3 });
    const said = lines.filter((line) => line.includes('webhook refused')).join('');
    for (const reason of ['too large', 'encoded', 'broke off']) expect(said).toContain(reason);
    expect(said).not.toContain('93ad');
  });

  test('what is for no source is counted nowhere, and a source that is read takes no method', async () => {
    for (const method of ['POST', 'GET', 'OPTIONS', 'PUT'])
      for (const name of ['nobody', 'read']) expect((await ask(method, `/webhooks/${name}`)).status).toBe(404);
    expect((await ask('PUT', '/webhooks/bearer')).status).toBe(405);
    expect(await counted()).toEqual({});
  });

  test('an address is signed as it was sent', async () => {
    const at = 'https://keys.example.org/webhooks/signed/a%20b/%C3%A9';
    const body = '{"id":"s-1"}';
    const sign = (text: string) => ({ 'x-sig': createHmac('sha256', SECRET).update(text).digest('hex') });
    expect((await house.post('/webhooks/signed/a%20b/%C3%A9', body, sign(at + body))).status).toBe(202);
    expect((await house.post('/webhooks/signed/a%20b/%c3%a9', body, sign(at + body))).status).toBe(401);
    expect((await house.post('/webhooks/signed', body, sign(at + body))).status).toBe(401);
  });

  test('a configuration that changes while a body is sent is the one that it is judged by', async () => {
    const sendWhile = (change: () => void) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { ...bearer, 'Transfer-Encoding': 'chunked' };
        const sent = httpRequest(`${house.url}/webhooks/bearer`, { method: 'POST', headers }, (response) =>
          resolve(response.resume().statusCode),
        );
        sent.once('error', reject).write('{"id":', () => {
          change();
          sent.end('"r-1"}');
        });
      });
    const changed = (secret: string) => ({ bearer: sourceOf({ ...ENTRIES['bearer'], secrets: [secret] }, { name: 'bearer' }) });
    expect(await sendWhile(() => house.setPolicy({ sources: changed('another-secret') }))).toBe(401);
    expect(await sendWhile(() => house.setPolicy({ sources: changed(SECRET) }))).toBe(202);
    expect(await sendWhile(() => house.setPolicy({ sources: {} }))).toBe(404);
    expect(await house.db.selectFrom('event').select('externalId').where('source', '=', 'bearer').execute()).toEqual([
      { externalId: 'r-1' },
    ]);
  });
});
