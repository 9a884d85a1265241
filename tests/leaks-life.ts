import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { bookingAt } from './campus.ts';
import type { Answer, LeaksHouse } from './leaks-house.ts';

/** What a life is given, and what came to light in it. */
interface Life {
  readonly house: LeaksHouse;
  readonly needles: Map<string, string | Buffer>;
  /** The answers that were meant to show a secret, once. */
  readonly revealing: Set<Answer>;
}

const soon = { timeout: 30_000, interval: 20 };
const clock = { now: () => new Date() };
const emailOf = (id: number) => `user-${id}@campus.example`;

/** Three bookings with every mishap on the way. Adds what must be nowhere to `needles`; returns the answers that may show it. */
export async function liveThroughAll(house: LeaksHouse, needles: Life['needles']): Promise<Set<Answer>> {
  const life: Life = { house, needles, revealing: new Set() };
  const campus = bookingAt(clock, 1);
  const key = await claimAtTheManager(life, campus);
  await claimOurOwn(life, key);
  const lease = await leaseOf(house, 1);
  await operate(life, lease, key);
  await beRefused(life, campus);
  for (const request of house.manager.requests) {
    const value = (request.body as { api_key?: string } | undefined)?.api_key;
    if (value) needles.set(`a key at the manager, ${value.slice(-4)}`, value);
  }
  await readEverything(house, lease);
  house.manager.fail({ on: 'revoke', how: '500' });
  await house.tell(campus.flat('EVENT_END'));
  await house.operate(`/leases/${await leaseOf(house, 2)}/revoke`, { reason: 'leak' });
  await expect.poll(() => house.manager.keys(), soon).toEqual([]);
  await readEverything(house, lease);
  return life.revealing;
}

/** The first attempts fail, and the manager's errors quote what they were sent. */
async function claimAtTheManager(life: Life, campus: ReturnType<typeof bookingAt>): Promise<string> {
  const { house, needles, revealing } = life;
  house.manager.fail({ on: 'issue', how: 'html' });
  house.manager.fail({ on: 'policy', how: '500' });
  house.manager.fail({ on: 'issue', how: 'lost-answer' });
  house.mailbox.failures.push(451);
  await house.tell(campus.flat('EVENT_START'));
  const link = await linkTo(life, 1, 1);
  revealing.add(await house.ask(link, { headers: { accept: 'text/html' } }));
  await house.ask(link, { body: { confirmation: 'somebody@else.example' } });
  const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
  await house.ask(link, { body: 'confirmation=nobody', headers: form });
  await house.ask(`/claim/${randomBytes(32).toString('base64url')}`, { body: { confirmation: emailOf(1) } });
  const claimed = await house.ask(link, { body: { confirmation: emailOf(1) } });
  const key = shown(life, claimed, { field: 'key', name: 'the key of booking 1' });
  const cookie = /claim=([^;]+)/.exec(claimed.headers.get('set-cookie') ?? '')?.[1];
  expect(cookie).toBeDefined();
  needles.set('the cookie of booking 1', cookie!);
  await house.ask(link, { body: { confirmation: emailOf(1) } });
  await house.ask(link);
  return key;
}

async function claimOurOwn(life: Life, otherKey: string): Promise<void> {
  const { house, needles } = life;
  await house.tell({ ...bookingAt(clock, 2).flat('EVENT_START'), resourceName: 'Local API' });
  await expect.poll(() => linkInCallback(house), soon).toBeDefined();
  await expect.poll(() => codeInMail(house, emailOf(2)), soon).toBeDefined();
  const [link, code] = [linkInCallback(house)!, codeInMail(house, emailOf(2))!];
  needles.set('a link of booking 2', link.slice('/claim/'.length)).set('a code of booking 2', code);
  await house.ask(link, { body: { confirmation: 'WRONGCDE' } });
  const key = shown(life, await house.ask(link, { body: { confirmation: code } }), {
    field: 'key',
    name: 'the key of booking 2',
  });
  await house.ask('/v1/verify', { body: { key, method: 'GET', path: '/x' } });
  await house.ask('/v1/verify', { body: { key, method: 'DELETE', path: '/x' } });
  await house.ask('/v1/verify', { body: { key: `${key.slice(0, -1)}!` } });
  await house.ask('/v1/verify', { body: `{"key":"${key}"` });
  await house.ask('/verify', { headers: { 'x-api-key': key } });
  await house.ask('/verify', { headers: { authorization: `Bearer ${otherKey}` } });
}

/** A rotation whose key nobody claims, a new link, a hook, another operator, and a key pasted where an id belongs. */
async function operate(life: Life, lease: string, key: string): Promise<void> {
  const { house, needles } = life;
  await house.operate(`/leases/${lease}/rotate`, { overlap: '1h', reason: 'a test' });
  await linkTo(life, 1, 2);
  const renewed = await house.operate(`/leases/${lease}/claim-link`, {});
  const url = shown(life, renewed, { field: 'url', name: 'the address of a link by an operator' });
  needles.set('a link by an operator', url.slice(url.lastIndexOf('/') + 1));
  shown(life, await house.operate('/hooks', { url: house.hookUrl }), { field: 'secret', name: "a hook's secret" });
  const added = await house.operate('/operators', { name: 'grace', role: 'viewer' });
  const grace = shown(life, added, { field: 'token', name: "an operator's token" });
  expect((await house.operate('/leases', undefined, grace)).status).toBe(200);
  await house.operate(`/leases/${lease}/revoke`, { reason: 'not allowed' }, grace);
  await house.operate('/leases', undefined, `${grace}x`);
  await house.operate(`/leases/${key}/revoke`, { reason: key });
}

/** Refused, rejected, put aside. */
async function beRefused({ house, needles }: Life, campus: ReturnType<typeof bookingAt>): Promise<void> {
  await house.tell(campus.flat('EVENT_START'), 'another secret');
  await house.tell('{"eventType":');
  const stray = `stray-${randomBytes(12).toString('hex')}`;
  needles.set('what was put aside', stray);
  const unreadable = { eventType: 'EVENT_CREATED', timestamp: new Date().toISOString(), data: stray };
  expect((await house.tell(unreadable)).text).toContain('quarantined');
  house.manager.fail({ on: 'policy', how: '400' });
  await house.tell(bookingAt(clock, 3).flat('EVENT_START'));
  await expect.poll(() => house.mailbox.mails.some(({ to }) => to.includes(emailOf(3))), soon).toBe(true);
}

async function readEverything(house: LeaksHouse, lease: string): Promise<void> {
  const paths = ['reservations', 'leases', 'keys', 'events', 'deliveries', 'debts', 'plans', 'providers?check=1', 'sources'];
  paths.push('rotations', 'audit', 'hooks', 'operators', `leases/${lease}`, 'explain?source=default&booking=1');
  for (const path of paths) expect((await house.operate(`/${path}`)).status, path).toBe(200);
  await house.operate('/audit/verify', {});
  await house.operate('/config/reload', {});
  for (const path of ['/metrics', '/health', '/health/ready', '/docs', '/api/v1/openapi.json']) await house.ask(path);
}

function shown({ needles, revealing }: Life, answer: Answer, { field, name }: { field: string; name: string }): string {
  revealing.add(answer);
  expect(answer.status, answer.what).toBeLessThan(300);
  const value = (JSON.parse(answer.text) as Record<string, string>)[field]!;
  needles.set(name, value);
  return value;
}

async function linkTo({ house, needles }: Life, id: number, count: number): Promise<string> {
  await expect.poll(() => house.linksTo(emailOf(id)).length, { ...soon, message: `link ${count} to ${emailOf(id)}` }).toBe(count);
  const link = house.linksTo(emailOf(id)).at(-1)!;
  needles.set(`a link of booking ${id}, number ${count}`, link.slice('/claim/'.length));
  return link;
}

async function leaseOf(house: LeaksHouse, id: number): Promise<string> {
  const { text } = await house.operate(`/leases?holder=user-${id}`);
  return (JSON.parse(text) as { items: { id: string }[] }).items[0]!.id;
}

/** Where a code is asked for, the first channel has the link and the second the code. */
function linkInCallback({ api }: LeaksHouse): string | undefined {
  const messages = api.accepted.map(({ fields }) => String(fields.message));
  return messages.filter((message) => message.includes('Local API')).map((message) => /\/claim\/[\w-]+/.exec(message)?.[0])[0];
}

function codeInMail({ mailbox }: LeaksHouse, email: string): string | undefined {
  return mailbox.mails.flatMap(({ to, text }) => (to.includes(email) ? (/Code: (\w{8})\b/.exec(text)?.[1] ?? []) : []))[0];
}
