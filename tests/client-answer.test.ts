import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refuse, refuseUnasked, setLimitHeaders } from '../client/answer.ts';
import { keyOf } from '../client/credential.ts';
import { answerGateway } from '../src/http/front/answer.ts';
import { keyOf as keyAsLatchkeyReads } from '../src/http/front/presented.ts';
import { VERIFY_CODES, type Verdict } from '../src/keys/verdict.ts';
import { ask } from './gateways/request.ts';

/* What the client says of a verdict, and which key it finds in a request, is what Latchkey itself says and finds: word for word. */

const CODES = VERIFY_CODES.filter((code) => code !== 'VALID');
const TOLD = [
  'content-type',
  'cache-control',
  'www-authenticate',
  'retry-after',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'ratelimit',
  'ratelimit-policy',
];

let verdict: Verdict;
const found: unknown[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/latchkey')
      answerGateway({ response, requestId: '1', isTraced: true, knowsOnly403: false, reads: 'all' }, verdict);
    else if (request.url === '/client') answerAsClient(response);
    else find(request, response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

function answerAsClient(response: ServerResponse): void {
  setLimitHeaders(response, verdict);
  refuse(response, verdict);
}

function find(request: IncomingMessage, response: ServerResponse): void {
  const ours = keyAsLatchkeyReads(request);
  const theirs = keyOf(request);
  found.push([typeof ours === 'string' ? { key: ours } : ours, theirs]);
  if ('problem' in theirs) refuseUnasked(response, theirs.problem);
  else response.end();
}

async function heard(path: string): Promise<object> {
  const { status, headers, text } = await ask(url, path);
  return { status, text, ...Object.fromEntries(TOLD.map((name) => [name, headers[name]])) };
}

const count = fc.nat(10_000);
const state = fc.record({
  limit: count,
  remaining: count,
  used: count,
  resetAt: fc.option(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })),
});
const left = fc.record({
  name: fc.constantFrom('minute', 'month', 'reservation', 'project:hour'),
  limit: count,
  remaining: count,
  windowSeconds: fc.option(count),
  resetMs: fc.option(fc.nat()),
});
const verdicts = fc.record(
  {
    valid: fc.constant(false),
    code: fc.constantFrom(...CODES),
    tokenType: fc.constant('jwt' as const),
    frozen: fc.constant(true as const),
    rateLimit: state,
    quota: state,
    limits: fc.array(left, { maxLength: 3 }),
    retryAfterMs: fc.nat(100_000),
  },
  { requiredKeys: ['valid', 'code'] },
);

test('every refusal', async () => {
  const all = CODES.flatMap((code) => [
    { valid: false, code },
    { valid: false, code, tokenType: 'jwt' as const },
    { valid: false, code, retryAfterMs: 1 },
  ]);
  for (const one of [...all, ...fc.sample(verdicts, 100)]) {
    verdict = one;
    expect([one, await heard('/client')]).toEqual([one, await heard('/latchkey')]);
  }
});

test('a refusal that a later Latchkey may make is one all the same', async () => {
  verdict = { valid: false, code: 'OF_NEXT_YEAR' as 'REVOKED' };
  expect(await heard('/client')).toMatchObject({
    status: 403,
    text: '{"error":"insufficient_scope","error_description":"API key was refused"}',
  });
});

test('every way to send a key', async () => {
  const values = [
    'temp_one',
    'temp_two',
    'Bearer temp_one',
    'Bearer temp_two',
    'bearer  temp_one',
    'Bearer a, Bearer b',
    'Basic dTpw',
    'Bearer ',
    'x y',
  ];
  const some = fc.array(fc.constantFrom(...values), { maxLength: 2 });
  for (const [own, bearers] of fc.sample(fc.tuple(some, some), 150)) {
    const headers = { ...(own.length > 0 && { 'X-API-Key': own }), ...(bearers.length > 0 && { Authorization: bearers }) };
    await ask(url, '/find', { headers });
    const [ours, theirs] = found.at(-1) as [unknown, unknown];
    expect([headers, theirs]).toEqual([headers, ours]);
  }
});
