import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createOutgoing, type Post } from '../src/handover/outgoing.ts';
import { isReachable, parseRanges, type Resolver } from '../src/handover/target.ts';

interface Received {
  readonly at: string;
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly body: string;
}

const received: Received[] = [];
const servers: Server[] = [];
let port = 0;

/** The same port on two loopback addresses: which of them was reached tells which address the socket used. */
beforeAll(async () => {
  port = await listen('127.0.0.1', 0);
  await listen('127.0.0.2', port);
});

beforeEach(() => void received.splice(0));
afterAll(() => servers.forEach((server) => server.close()));

const now = () => new Date('2026-01-05T10:00:00Z');

function to(url: string, trusted: Post['trusted'] = 'untrusted'): Post {
  return { url, headers: { 'content-type': 'text/plain' }, body: Buffer.from('news'), timeoutMs: 2_000, trusted };
}

/** Answers with the next list each time; the last one stays. */
function names(...answers: string[][]): Resolver {
  let turn = 0;
  return async () =>
    (answers[Math.min(turn++, answers.length - 1)] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

describe('an untrusted target', () => {
  test.each([
    ['loopback', '127.0.0.1'],
    ['loopback by its short spelling', '127.1'],
    ['loopback in decimal', '2130706433'],
    ['loopback in hex', '0x7f000001'],
    ['loopback in octal', '0177.0.0.01'],
    ['loopback in full-width digits', '１２７.0.0.1'],
    ['zero', '0'],
    ['unspecified', '0.0.0.0'],
    ['loopback of IPv6', '[::1]'],
    ['unspecified of IPv6', '[::]'],
    ['mapped loopback', '[::ffff:127.0.0.1]'],
    ['mapped loopback in hex', '[::ffff:7f00:1]'],
    ['compatible loopback', '[::7f00:1]'],
    ['a metadata service', '169.254.169.254'],
    ['a metadata service of IPv6', '[fd00:ec2::254]'],
    ['a metadata service in CGNAT', '100.100.100.200'],
    ['a metadata service with a public address', '168.63.129.16'],
    ['a private network', '10.1.2.3'],
    ['another private network', '192.168.0.1'],
    ['a third private network', '172.16.0.1'],
    ['link-local of IPv6', '[fe80::1]'],
    ['unique local', '[fc00::1]'],
    ['IPv4 translated to IPv6', '[64:ff9b::7f00:1]'],
    ['IPv4 tunnelled in IPv6', '[2002:7f00:1::]'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
  ])('is refused when it is %s', async (_name, host) => {
    const outgoing = createOutgoing({ now });
    await expect(outgoing.post(to(`http://${host}:${port}/`))).rejects.toMatchObject({ code: 'forbidden' });
    expect(received).toEqual([]);
  });

  test('is refused when its name resolves to a private address, alone or beside a public one', async () => {
    for (const answer of [['127.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::1']]) {
      const outgoing = createOutgoing({ now, resolve: names(answer) });
      await expect(outgoing.post(to(`http://hook.example:${port}/`))).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(received).toEqual([]);
  });

  test('gets the socket to the checked address when its name changes between check and connect', async () => {
    const outgoing = createOutgoing({ now, resolve: names(['127.0.0.1'], ['127.0.0.2']), allowPrivate: ['127.0.0.1/32'] });
    await outgoing.post(to(`http://hook.example:${port}/a?b=1`));
    expect(received).toEqual([{ at: '127.0.0.1', host: `hook.example:${port}`, path: '/a?b=1', body: 'news' }]);
    await expect(outgoing.post(to(`http://hook.example:${port}/`))).rejects.toMatchObject({ code: 'forbidden' });
    expect(received).toHaveLength(1);
  });

  test('is not followed when it redirects', async () => {
    const outgoing = createOutgoing({ now, allowPrivate: ['127.0.0.1/32'] });
    expect(await outgoing.post(to(`http://127.0.0.1:${port}/redirect`))).toEqual({ status: 302 });
    expect(received.map((request) => request.path)).toEqual(['/redirect']);
  });

  test.each([
    ['a user', 'https://user:password@hook.example/'],
    ['another scheme', 'file:///etc/passwd'],
    ['no scheme', 'hook.example'],
  ])('is invalid with %s in its URL', async (_name, url) => {
    await expect(createOutgoing({ now }).post(to(url))).rejects.toMatchObject({ code: 'invalid' });
  });

  test('may be private within the listed networks, and a mistake in the list opens nothing', async () => {
    expect(isReachable('10.1.2.3', parseRanges(['10.1.0.0/16']))).toBe(true);
    expect(isReachable('10.2.2.3', parseRanges(['10.1.0.0/16']))).toBe(false);
    expect(isReachable('::ffff:10.1.2.3', parseRanges(['10.1.0.0/16']))).toBe(true);
    expect(isReachable('fd00::1', parseRanges(['fd00::/8']))).toBe(true);
    expect(() => createOutgoing({ now, allowPrivate: ['10.1.0.0'] })).toThrow(/10\.1\.0\.0/);
  });
});

test('the public internet is within reach', () => {
  for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::1'])
    expect(isReachable(address, [])).toBe(true);
});

test('a target of the operator may be private, by address or by name', async () => {
  const outgoing = createOutgoing({ now, resolve: names(['127.0.0.2']) });
  await outgoing.post(to(`http://127.0.0.1:${port}/`, 'operator'));
  await outgoing.post(to(`http://campus.internal:${port}/`, 'operator'));
  expect(received.map((request) => request.at)).toEqual(['127.0.0.1', '127.0.0.2']);
});

test('a name with several addresses is reached by the one that answers', async () => {
  const outgoing = createOutgoing({ now, resolve: names(['::1', '127.0.0.1']) });
  await outgoing.post(to(`http://campus.internal:${port}/`, 'operator'));
  expect(received.map((request) => request.at)).toEqual(['127.0.0.1']);
});

test('no proxy of the environment is used', async () => {
  const before = { ...process.env };
  Object.assign(process.env, { HTTP_PROXY: 'http://127.0.0.9:1', http_proxy: 'http://127.0.0.9:1', NODE_USE_ENV_PROXY: '1' });
  try {
    expect(await createOutgoing({ now }).post(to(`http://127.0.0.1:${port}/`, 'operator'))).toEqual({ status: 200 });
  } finally {
    process.env = before;
  }
});

test('Retry-After is read in seconds and as a date', async () => {
  const outgoing = createOutgoing({ now });
  expect(await outgoing.post(to(`http://127.0.0.1:${port}/busy?90`, 'operator'))).toEqual({ status: 503, retryAfterMs: 90_000 });
  const date = encodeURIComponent(new Date(now().getTime() + 120_000).toUTCString());
  expect(await outgoing.post(to(`http://127.0.0.1:${port}/busy?${date}`, 'operator'))).toEqual({
    status: 503,
    retryAfterMs: 120_000,
  });
  expect(await outgoing.post(to(`http://127.0.0.1:${port}/busy?soon`, 'operator'))).toEqual({ status: 503 });
});

test('what does not answer in time, or not at all, is unavailable', async () => {
  const outgoing = createOutgoing({ now });
  const silent = { ...to(`http://127.0.0.1:${port}/silent`, 'operator'), timeoutMs: 100 };
  await expect(outgoing.post(silent)).rejects.toMatchObject({ code: 'unavailable', message: 'no answer in time' });
  await expect(outgoing.post(to('http://127.0.0.1:1/', 'operator'))).rejects.toMatchObject({ code: 'unavailable' });
  const slow = createOutgoing({ now, resolve: () => new Promise(() => undefined) });
  await expect(slow.post({ ...to('http://hook.example/'), timeoutMs: 100 })).rejects.toMatchObject({ code: 'unavailable' });
});

test('an endless answer is cut off and nothing of it is returned', async () => {
  const closed = new Promise((resolve) => servers[0]?.once('cut', resolve));
  expect(await createOutgoing({ now }).post(to(`http://127.0.0.1:${port}/endless`, 'operator'))).toEqual({ status: 200 });
  await closed;
});

async function listen(address: string, wanted: number): Promise<number> {
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const path = request.url ?? '';
    received.push({ at: address, host: request.headers.host, path, body });
    if (path === '/silent') return;
    if (path === '/redirect') response.writeHead(302, { location: `http://127.0.0.2:${port}/stolen` }).end();
    else if (path.startsWith('/busy'))
      response.writeHead(503, { 'retry-after': decodeURIComponent(path.split('?')[1] ?? '') }).end();
    else if (path === '/endless') {
      const timer = setInterval(() => response.write(Buffer.alloc(32 * 1024)), 1);
      response.on('close', () => {
        clearInterval(timer);
        server.emit('cut');
      });
    } else response.end('a body that nobody keeps');
  }

  servers.push(server);
  await new Promise<void>((resolve) => server.listen(wanted, address, resolve));
  return (server.address() as AddressInfo).port;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
