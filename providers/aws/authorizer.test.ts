import nock from 'nock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

type Handler = (event: object) => Promise<Record<string, unknown>>;

const { handler } = (await import(new URL('authorizer.mjs', import.meta.url).href)) as { handler: Handler };

beforeEach(() => {
  vi.stubEnv('LATCHKEY_URL', 'https://latchkey.test');
  vi.stubEnv('LATCHKEY_TOKEN', 'operator-token');
});
afterEach(() => {
  vi.unstubAllEnvs();
  nock.cleanAll();
});

const ARN = 'arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/prod/POST/api/data';
const REQUEST = {
  type: 'REQUEST',
  methodArn: ARN,
  headers: { 'X-Api-Key': 'tempabc' },
  requestContext: { identity: { sourceIp: '192.0.2.7' } },
};
const TOKEN = { type: 'TOKEN', methodArn: ARN, authorizationToken: 'Bearer tempabc' };

/** Latchkey, answering one question. */
function latchkey(status: number, verdict: object) {
  const asked: unknown[] = [];
  nock('https://latchkey.test', { reqheaders: { authorization: 'Bearer operator-token' } })
    .post('/v1/verify')
    .reply(async (request: Request) => {
      asked.push(await request.json());
      return [status, verdict];
    });
  return asked;
}

test.for([
  [REQUEST, { key: 'tempabc', method: 'POST', path: '/api/data', ip: '192.0.2.7' }],
  [TOKEN, { key: 'tempabc', method: 'POST', path: '/api/data' }],
] as const)('a key that is good may do what it asks for: %o', async ([event, question]) => {
  const asked = latchkey(200, { valid: true, code: 'VALID', keyId: 'key_1' });
  expect(await handler(event)).toEqual({
    principalId: 'key_1',
    policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }] },
    usageIdentifierKey: 'tempabc',
    context: { keyId: 'key_1', code: 'VALID' },
  });
  expect(asked).toEqual([question]);
});

test('a key that may not do this is denied', async () => {
  latchkey(200, { valid: false, code: 'INSUFFICIENT_SCOPE', keyId: 'key_1' });
  expect(await handler(REQUEST)).toMatchObject({ policyDocument: { Statement: [{ Effect: 'Deny' }] } });
});

test.for(['NOT_FOUND', 'EXPIRED', 'REVOKED', 'SUSPENDED', 'NOT_YET_VALID'])('a key that is %s is nobody', async (code) => {
  latchkey(200, { valid: false, code });
  await expect(handler(REQUEST)).rejects.toThrow('Unauthorized');
});

test('without a key, or an answer, nothing is let in', async () => {
  await expect(handler({ ...REQUEST, headers: {} })).rejects.toThrow('Unauthorized');
  latchkey(403, {});
  await expect(handler(REQUEST)).rejects.toThrow('Latchkey answered 403');
});
