import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openLedger } from '../src/ledger/database.ts';
import { bookingAt } from './campus.ts';
import { describeEngines } from './engines.ts';
import { filesIn, findIn, tablesOf, type Hay, type Needles } from './haystack.ts';
import { openLeaksHouse, type Answer, type LeaksHouse } from './leaks-house.ts';

/*
 * A whole life with all its mishaps at log level debug, and then a search: for the plain text of every key, link, code, token, secret and
 * password in everything that was printed, stored and answered.
 */

const soon = { timeout: 30_000, interval: 20 };

describeEngines('secrets', (engine) => {
  let house: LeaksHouse | undefined;
  afterEach(async () => await house?.close());

  test('are nowhere in the clear: not in logs, files, tables, metrics, news or answers', async () => {
    house = await openLeaksHouse(engine.name);
    const needles = new Map<string, string | Buffer>([
      ['the master key', house.made.masterKey],
      ['the master key, decoded', Buffer.from(house.made.masterKey, 'base64')],
      ['the admin token', house.made.adminToken],
      ['the webhook secret', house.made.webhookSecret],
      ['the management token', house.managementToken],
      ['the SMTP password', house.smtpPassword],
    ]);
    const revealing = await liveThroughAll(house, needles);
    const links = [...needles].filter(([name]) => name.startsWith('a link') || name.startsWith('a code'));

    const running = 'dataDir' in house.place ? filesIn(house.place.dataDir) : [];
    await house.stop();
    const stopped = 'dataDir' in house.place ? filesIn(house.place.dataDir) : [];
    const ledger = await openLedger({ ...house.place, now: () => new Date(), mac: () => '' });
    try {
      const told: Hay[] = house.answers
        .filter((answer) => !revealing.has(answer))
        .map(({ what, status, text }, index) => ({
          name: `answer ${index}: ${status} ${what.slice(0, 30)}`,
          bytes: Buffer.from(text),
        }));
      const printed = { name: 'the log', bytes: house.printed() };
      const hays = [printed, ...running, ...stopped, ...(await tablesOf(ledger.db)), ...told];
      expect(printed.bytes.includes('"level":"debug"')).toBe(true);
      expect(house.answers.filter(({ status }) => status >= 400).length).toBeGreaterThan(10);
      expect(findIn(hays, needles)).toEqual([]);

      // Links and codes go out by mail and callback, and nothing else does.
      const news = Buffer.from(JSON.stringify([house.mailbox.mails, house.api.accepted, house.api.answers]));
      const kept = new Map([...needles].filter(([name]) => !links.some(([link]) => link === name)));
      expect(findIn([{ name: 'the news', bytes: news }], kept)).toEqual([]);

      await assertFoundWhenPlanted({ ledger, house, needles });
    } finally {
      await ledger.close();
    }
  }, 180_000);
});

/** Returns the answers that were meant to show a secret, once. */
async function liveThroughAll(house: LeaksHouse, needles: Map<string, string | Buffer>): Promise<Set<Answer>> {
  const now = { now: () => new Date() };
  const revealing = new Set<Answer>();
  const shown = (answer: Answer, name: string, field: string): string => {
    revealing.add(answer);
    expect(answer.status, answer.what).toBeLessThan(300);
    const value = (JSON.parse(answer.text) as Record<string, string>)[field]!;
    needles.set(name, value);
    return value;
  };
  const email = (id: number) => `user-${id}@campus.example`;
  const linkTo = async (id: number, count = 1): Promise<string> => {
    await expect.poll(() => house.linksTo(email(id)).length, { ...soon, message: `link ${count} to ${email(id)}` }).toBe(count);
    const link = house.linksTo(email(id)).at(-1)!;
    needles.set(`a link of booking ${id}`, link.slice('/claim/'.length));
    return link;
  };

  // The key manager's keys: the first attempts fail, and its errors quote what they were sent.
  house.manager.fail({ on: 'issue', how: 'html' });
  house.manager.fail({ on: 'policy', how: '500' });
  house.manager.fail({ on: 'issue', how: 'lost-answer' });
  house.mailbox.failures.push(451);
  const campus = bookingAt(now, 1);
  await house.tell(campus.flat('EVENT_START'));
  const link = await linkTo(1);
  await house.ask(link, { headers: { accept: 'text/html' } }).then((page) => revealing.add(page));
  await house.ask(link, { body: { confirmation: 'somebody@else.example' } });
  await house.ask(link, {
    body: 'confirmation=nobody',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
  });
  await house.ask(`/claim/${randomBytes(32).toString('base64url')}`, { body: { confirmation: email(1) } });
  const first = await house.ask(link, { body: { confirmation: email(1) } });
  const key = shown(first, 'the key of booking 1', 'key');
  needles.set('the cookie of booking 1', /claim=([^;]+)/.exec(first.headers.get('set-cookie') ?? '')?.[1] ?? 'no cookie');
  await house.ask(link, { body: { confirmation: email(1) } });
  await house.ask(link);

  // Our own keys.
  await house.tell({ ...bookingAt(now, 2).flat('EVENT_START'), resourceName: 'Local API' });
  await expect.poll(() => inOneMessage(house), soon).toBeDefined();
  await expect.poll(() => inTheOther(house, email(2)), soon).toBeDefined();
  const [local, code] = [inOneMessage(house)!, inTheOther(house, email(2))!];
  needles.set('a link of booking 2', local.slice('/claim/'.length)).set('a code of booking 2', code);
  await house.ask(local, { body: { confirmation: 'WRONGCDE' } });
  const own = shown(await house.ask(local, { body: { confirmation: code } }), 'the key of booking 2', 'key');
  await house.ask('/v1/verify', { body: { key: own, method: 'GET', path: '/x' } });
  await house.ask('/v1/verify', { body: { key: own, method: 'DELETE', path: '/x' } });
  await house.ask('/v1/verify', { body: { key: `${own.slice(0, -1)}!` } });
  await house.ask('/verify', { headers: { 'x-api-key': own } });
  await house.ask('/verify', { headers: { authorization: `Bearer ${key}` } });
  await house.ask('/v1/verify', { body: `{"key":"${own}"` });

  // Operators: a rotation whose key is not claimed, a new link, a hook, another operator.
  const lease = await leaseOf(house, 1);
  await house.operate(`/leases/${lease}/rotate`, { overlap: '1h', reason: 'a test' });
  await linkTo(1, 2);
  const url = shown(await house.operate(`/leases/${lease}/claim-link`, {}), 'a link by an operator', 'url');
  needles.set('a link by an operator', url.slice(url.lastIndexOf('/') + 1));
  shown(await house.operate('/hooks', { url: house.hookUrl }), "a hook's secret", 'secret');
  const grace = shown(await house.operate('/operators', { name: 'grace', role: 'viewer' }), "an operator's token", 'token');
  expect((await house.operate('/leases', undefined, grace)).status).toBe(200);
  await house.operate(`/leases/${lease}/revoke`, { reason: 'not allowed' }, grace);
  await house.operate('/leases', undefined, `${grace}x`);
  await house.operate(`/leases/${key}/revoke`, { reason: key });

  // What is refused, rejected and put aside.
  await house.tell(campus.flat('EVENT_START'), 'another secret');
  await house.tell('{"eventType":');
  const stray = `stray-${randomBytes(12).toString('hex')}`;
  needles.set('what was put aside', stray);
  await house.tell({ eventType: 'EVENT_START', timestamp: new Date().toISOString(), eventId: '9', note: stray });
  house.manager.fail({ on: 'policy', how: '400' });
  await house.tell(bookingAt(now, 3).flat('EVENT_START'));
  await expect.poll(() => house.mailbox.mails.some(({ to }) => to.includes(email(3))), soon).toBe(true);

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
  return revealing;
}

async function readEverything(house: LeaksHouse, lease: string): Promise<void> {
  const lists = ['reservations', 'leases', 'keys', 'events', 'deliveries', 'debts', 'plans', 'providers?check=1', 'sources'];
  for (const list of [
    ...lists,
    'rotations',
    'audit',
    'hooks',
    'operators',
    `leases/${lease}`,
    'explain?source=default&booking=1',
  ])
    expect((await house.operate(`/${list}`)).status, list).toBe(200);
  await house.operate('/audit/verify', {});
  await house.operate('/config/reload', {});
  for (const path of ['/metrics', '/health', '/health/ready', '/docs', '/api/v1/openapi.json']) await house.ask(path);
}

async function leaseOf(house: LeaksHouse, id: number): Promise<string> {
  const { text } = await house.operate(`/leases?holder=user-${id}`);
  return (JSON.parse(text) as { items: { id: string }[] }).items[0]!.id;
}

/** Where a code is asked for, the first channel has the link and the second the code. */
function inOneMessage({ api }: LeaksHouse): string | undefined {
  return api.accepted.flatMap(({ fields }) => /\/claim\/[\w-]+/.exec(String(fields.message))?.[0] ?? []).at(-1);
}

function inTheOther({ mailbox }: LeaksHouse, email: string): string | undefined {
  return mailbox.mails.flatMap(({ to, text }) => (to.includes(email) ? (/Code: (\w{8})\b/.exec(text)?.[1] ?? []) : [])).at(-1);
}

/** Whoever finds nothing must be able to find something. */
async function assertFoundWhenPlanted(planted: {
  ledger: Awaited<ReturnType<typeof openLedger>>;
  house: LeaksHouse;
  needles: Needles;
}): Promise<void> {
  const { ledger, house, needles } = planted;
  const [name, needle] = [...needles].find(([candidate]) => candidate === 'the key of booking 2')!;
  const row = { provider: `x${String(needle)}x`, action: 'planted', nextAt: new Date() };
  await ledger.db.insertInto('pace').values(row).execute();
  expect(findIn(await tablesOf(ledger.db), needles)).toEqual([`${name} in table public.pace`]);
  for (const shift of ['', 'x', 'xx']) {
    const bytes = Buffer.from(Buffer.from(`${shift}${String(needle)} and more`).toString('base64'));
    expect(findIn([{ name: 'a header', bytes }], needles)).toEqual([`${name} in a header`]);
  }
  if (!('dataDir' in house.place)) return;
  writeFileSync(
    join(house.place.dataDir, 'core'),
    Buffer.concat([randomBytes(100), Buffer.from(String(needle)), randomBytes(100)]),
  );
  expect(findIn(filesIn(house.place.dataDir), needles)).toContain(`${name} in file core`);
}
