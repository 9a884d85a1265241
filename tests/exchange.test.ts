import { expect, test } from 'vitest';
import type { Exchange } from '../providers/driver.ts';
import { masker } from '../src/lease/exchange.ts';
import { Secret } from '../src/secret/secret.ts';

const key = 'temp_aB3+/x7Qa=';
const shown = (exchange: Partial<Exchange>) =>
  masker([new Secret(key), new Secret('')])({ method: 'POST', url: 'api.example/keys', ms: 1.6, ...exchange });

test.each<[string, Partial<Exchange>, Partial<Exchange>]>([
  [
    'the key in a path, however it is written',
    { url: `api.example/keys/${encodeURIComponent(key)}/usage?value=${key}` },
    { url: 'api.example/keys/***/usage?value=***' },
  ],
  [
    'the key deep in a body, and as the name of a field',
    { body: { a: [{ b: `is ${key}` }], [key]: 1, n: 5, ok: true, none: null } },
    { body: { a: [{ b: 'is ***' }], '***': 1, n: 5, ok: true, none: null } },
  ],
  ['the key in a body that is text', { body: `<value>${key}</value>` }, { body: '<value>***</value>' }],
  [
    'the key in base64',
    { body: { basic: Buffer.from(key).toString('base64'), safe: Buffer.from(key).toString('base64url') } },
    { body: { basic: '***', safe: '***' } },
  ],
  [
    'fields that are called after secrets',
    {
      body: {
        client_secret: 'x',
        Authorization: 'y',
        primaryKey: 'z',
        api_key: { v: 1 },
        password: 7,
        hasToken: true,
        keyId: 'key_1',
      },
    },
    {
      body: {
        client_secret: '***',
        Authorization: '***',
        primaryKey: '***',
        api_key: '***',
        password: '***',
        hasToken: true,
        keyId: 'key_1',
      },
    },
  ],
  ['the same in a body that was written out', { body: '{"token":"x","n":1}' }, { body: '{"token":"***","n":1}' }],
  ['what begins like JSON and is none', { body: `{ ${key}` }, { body: '{ ***' }],
  [
    'what looks like a token',
    { body: ['Bearer abcdef123', 'aZ0'.repeat(12), 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.aZ0'] },
    { body: ['Bearer ***', '***', '***'] },
  ],
  [
    'passwords and tokens in an address',
    { url: 'https://eve:pw@api.example/?token=abc&X-Amz-Security-Token=d/e&n=1' },
    { url: 'https://***@api.example/?token=***&X-Amz-Security-Token=***&n=1' },
  ],
  ['a Secret', { body: { value: new Secret('anything') } }, { body: { value: '***' } }],
  ['bytes', { body: new TextEncoder().encode(key) }, { body: `(${key.length} bytes)` }],
])('%s', (_, given, expected) => {
  expect(shown(given)).toEqual({ method: 'POST', url: 'api.example/keys', ms: 2, ...expected });
});

test('what is no secret stays readable: names, ids, counts', () => {
  const url =
    'management.azure.com/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/subscriptions/lk-0192f0a1b2c3d4e5f60718293a4b5c6d-1';
  const body = {
    name: 'lk-test-0123456789ab',
    quota: { limit: 1000, per: 'month' },
    id: `key_${'0a'.repeat(16)}`,
    until: '2026-01-01T10:00:00.000Z',
  };
  expect(shown({ url, body, status: 201 })).toMatchObject({ url, body, status: 201 });
});
