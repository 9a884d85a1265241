import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { JITTER, RETRIES_MS, TURN_MS } from '../src/handover/schedule.ts';
import { finishDelivery, restartDelivery, takeDelivery } from '../src/ledger/deliveries.ts';
import { insertHook } from '../src/ledger/hooks.ts';
import { newId } from '../src/ledger/ids.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { NOTICE_KINDS } from '../src/reservation/notice.ts';
import { Secret } from '../src/secret/secret.ts';
import { verifyMessage } from '../src/secret/standard-webhooks.ts';
import { describeEngines } from './engines.ts';
import { HOOK, openHandover, OPENS, type World } from './handover-world.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';
import { type NotificationApi, startNotificationApi } from './notification-api.ts';

const LINK = /https:\/\/keys\.campus\.example\/claim\/[\w-]{43}/;
const WEBHOOK_SECRET = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');

describeEngines('hand-over', (engine) => {
  let world: World;
  let api: NotificationApi;
  let mailbox: Mailbox;
  let receiver: Receiver;

  beforeAll(async () => {
    [api, mailbox, receiver] = await Promise.all([startNotificationApi(HOOK), startMailbox(), startReceiver()]);
    world = await openHandover(engine, { smtpUrl: mailbox.url, allowPrivate: ['127.0.0.1/32'] });
  });
  afterAll(async () => await Promise.all([world.close(), api.close(), mailbox.close(), receiver.close()]));
  beforeEach(async () => {
    for (const list of [
      api.accepted,
      api.answers,
      api.failures,
      mailbox.mails,
      mailbox.failures,
      receiver.received,
      receiver.statuses,
    ])
      list.splice(0);
    await world.ledger.db.deleteFrom('delivery').execute();
    await world.ledger.db.deleteFrom('hook').execute();
    world.clock.set('2026-01-05T09:59:00Z');
    world.settings.handover = { by: ['callback', 'email', 'webhook'], confirm: 'email' };
    world.settings.source = { callback: { notifications: api.notifications, log: api.log, timeoutMs: 2_000 } };
  });

  const messages = () => api.accepted.filter(({ path }) => !path.endsWith('/log')).map(({ fields }) => String(fields.message));
  const states = async (leaseId: string) => (await world.deliveries(leaseId)).map(({ channel, state }) => `${channel} ${state}`);

  async function subscribe(url: string, kinds: string[] = []): Promise<string> {
    const id = newId('hok');
    const sealedSecret = world.sealer.seal(WEBHOOK_SECRET, `hook:${id}`);
    await insertHook(world.ledger.db, { id, url, sealedSecret, kinds: JSON.stringify(kinds), createdAt: world.now() });
    return id;
  }

  test('an issued key reaches its holder as a link, by every configured channel', async () => {
    const booking = await world.book();
    await world.tell('issued', booking);
    expect(world.woken).toHaveLength(3);
    await world.deliverDue();
    expect(api.answers.map(({ status }) => status)).toEqual([200, 201]);
    expect(api.accepted[0]?.fields).toMatchObject({
      webhookId: 7,
      userId: 'kc-ada',
      type: 'SUCCESS',
      eventId: booking.externalId,
      resourceId: '12',
    });
    const message = messages()[0] ?? '';
    for (const said of [
      'Ada',
      'Lab API',
      'temp_…x7Qa',
      '2026-01-05 10:00 UTC',
      '2026-01-05 12:00 UTC',
      'read',
      '1000 requests in all',
      '100 requests per hour',
    ])
      expect(message).toContain(said);
    expect(message).toContain('Nobody enforces the addresses it is used from: local was asked for 1000.');
    const link = LINK.exec(message)?.[0] ?? '';
    const [mail] = mailbox.mails;
    expect(mail).toMatchObject({ from: 'keys@campus.example', to: ['Ada@campus.example'] });
    for (const text of [mail?.text, mail?.html]) for (const said of [link, 'temp_…x7Qa']) expect(text).toContain(said);
    expect(mail?.headers).toContain('Auto-Submitted: auto-generated');
    expect(mail?.html).not.toMatch(/<img|https?:\/\/(?!keys\.campus\.example)/);
    expect(await states(booking.leaseId)).toEqual(['callback delivered', 'email delivered', 'log delivered']);
    expect(await world.audited(booking.leaseId)).toEqual(['claim.created', ...Array<string>(3).fill('delivery.delivered')]);
    expect(await world.claims.look(link.slice(-43))).toMatchObject({ state: 'waiting' });
  });

  test('neither the key nor the link is in the log of the booking system, and nothing secret is in our database', async () => {
    const booking = await world.book();
    world.settings.handover = { by: ['callback', 'email'], confirm: 'code' };
    await world.tell('issued', booking);
    await world.deliverDue();
    const token = LINK.exec(messages()[0] ?? '')?.[0].slice(-43) ?? 'none';
    const code = /Code: (\w{8})/.exec(mailbox.mails[0]?.text ?? '')?.[1] ?? 'none';
    const sent = JSON.stringify([api.accepted, mailbox.mails]);
    expect(sent).toContain(token);
    expect(sent).not.toContain(booking.secret);
    const { fields } = api.accepted.find(({ path }) => path.endsWith('/log')) ?? { fields: {} };
    expect(fields).toMatchObject({ eventType: 'EVENT_START', success: true, statusCode: 200, resourceId: 12, retryCount: 0 });
    for (const table of ['claim', 'delivery', 'key', 'lease', 'audit'] as const) {
      const kept = JSON.stringify([fields, await world.ledger.db.selectFrom(table).selectAll().execute()]);
      for (const secret of [token, code, booking.secret]) expect(kept).not.toContain(secret);
    }
  });

  test('the same notice twice makes one claim and one delivery for each channel', async () => {
    const booking = await world.book();
    await world.tell('issued', booking);
    const first = await world.deliveries(booking.leaseId);
    await world.tell('issued', booking);
    await Promise.all([world.tell('issued', booking), world.tell('issued', booking)]);
    expect(await world.deliveries(booking.leaseId)).toEqual(first);
    expect(await world.ledger.db.selectFrom('claim').selectAll().where('keyId', '=', booking.keyId).execute()).toHaveLength(1);
  });

  test('a transaction that does not commit announces nothing', async () => {
    const booking = await world.book();
    const failing = world.ledger.transact(async (tx) => {
      await world.announce(tx, { kind: 'issued', leaseId: booking.leaseId, keyId: booking.keyId, id: 'issued:1' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await world.deliverDue();
    expect(api.answers).toEqual([]);
    expect(await world.deliveries(booking.leaseId)).toEqual([]);
  });

  test('an alert goes to hooks and the log, never to the holder', async () => {
    await subscribe(receiver.url);
    const booking = await world.book();
    await world.tell('alert', booking, { reason: 'a debt' });
    await world.deliverDue();
    expect(await states(booking.leaseId)).toEqual(['log delivered', 'webhook delivered']);
    expect(mailbox.mails).toEqual([]);
    expect(messages()).toEqual([]);
    expect(api.accepted[0]?.fields).toMatchObject({ success: false });
  });

  test('an alert about a provider goes once to hooks that want alerts, signed, and to nobody else', async () => {
    await subscribe(receiver.url, ['alert']);
    await subscribe(receiver.url, ['issued']);
    const alert = { provider: 'far', id: 'stray:far:1', reason: '3 keys are not in our books' };
    for (let again = 0; again < 2; again += 1) await world.warnOf(alert);
    await world.deliverDue();
    expect(receiver.received.map(({ body }) => JSON.parse(body))).toEqual([
      {
        type: 'provider.alert',
        timestamp: '2026-01-05T09:59:00.000Z',
        data: { provider: 'far', reason: alert.reason, message: alert.reason },
      },
    ]);
    const sent = await world.ledger.db.selectFrom('delivery').selectAll().execute();
    expect(sent).toMatchObject([{ leaseId: null, kind: 'alert', state: 'delivered' }]);
    expect([mailbox.mails, messages()]).toEqual([[], []]);
    expect(world.lines.filter((line) => line.includes('3 keys are not'))).toHaveLength(1);
  });

  test('every kind of news is accepted by the booking system and mailed, with its reason', async () => {
    for (const kind of NOTICE_KINDS) {
      const booking = await world.book();
      await world.tell(kind, booking, { reason: 'the reason for it' });
      await world.deliverDue();
      expect(await states(booking.leaseId), kind).not.toContainEqual(expect.stringMatching(/pending|failed/));
    }
    expect(messages()).toHaveLength(NOTICE_KINDS.length - 1);
    for (const word of ['refused', 'failed', 'revoked'])
      expect(api.accepted.some(({ fields }) => fields.eventType === `KEY_${word.toUpperCase()}`)).toBe(true);
    expect(messages().filter((message) => message.includes('the reason for it'))).toHaveLength(3);
  });

  test('a message stays within 500 characters whatever the booking is called, and its link stays whole', async () => {
    const booking = await world.book({
      resourceName: '😀'.repeat(300),
      holder: { id: 'kc-ada', name: 'x'.repeat(900), email: 'ada@campus.example' },
      title: 'y'.repeat(1000),
    });
    await world.tell('issued', booking);
    await world.deliverDue();
    const [message = ''] = messages();
    expect(message.length).toBeLessThanOrEqual(500);
    expect(message.isWellFormed()).toBe(true);
    expect(message).toMatch(LINK);
    expect(message).toContain('temp_…x7Qa');
  });

  test('after a rotation the older key is promised to the end of the overlap or to its own, whichever comes first', async () => {
    world.settings.handover = { by: ['callback'], confirm: 'none' };
    const lives = [
      { overlapUntil: '2026-01-05T11:00:00Z', olderCloses: '2026-01-05T12:00:00Z', says: 'works until 2026-01-05 11:00 UTC.' },
      { overlapUntil: '2026-01-06T10:00:00Z', olderCloses: '2026-01-05T11:30:00Z', says: 'works until 2026-01-05 11:30 UTC.' },
      { overlapUntil: '2026-01-06T10:00:00Z', olderCloses: undefined, says: 'stops working.' },
    ];
    for (const { overlapUntil, olderCloses, says } of lives) {
      const booking = await world.book();
      const { db } = world.ledger;
      const key = await db.selectFrom('key').selectAll().where('id', '=', booking.keyId).executeTakeFirstOrThrow();
      await db.updateTable('key').set({ generation: 2 }).where('id', '=', booking.keyId).execute();
      const lease = { generation: 2, overlapUntil: new Date(overlapUntil) };
      await db.updateTable('lease').set(lease).where('id', '=', booking.leaseId).execute();
      const { id, handle: _handle, proof: _proof, drift: _drift, ...rest } = key;
      const older = { ...rest, id: `${id}-1`, name: `${id}-1`, closesAt: new Date(olderCloses ?? 0) };
      if (olderCloses) await db.insertInto('key').values(older).execute();
      await world.tell('rotated', booking);
      await world.deliverDue();
      expect(messages().at(-1)).toContain(`The one you have ${says}`);
    }
  });

  test('an address that is more than one address, or a name with a line break, reaches nobody else', async () => {
    const evil = await world.book({ holder: { id: 'a', name: 'Ada', email: 'ada@campus.example, eve@evil.example' } });
    await world.tell('revoked', evil);
    expect(await states(evil.leaseId)).toEqual(['callback pending', 'log pending']);
    const breaks = { id: 'b', name: 'Ada\r\nBcc: eve@evil.example', email: 'ada@campus.example' };
    const split = await world.book({
      holder: breaks,
      resourceName: 'Lab\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>',
    });
    await world.tell('revoked', split);
    await world.deliverDue();
    expect(mailbox.mails.map((mail) => mail.to)).toEqual([['ada@campus.example']]);
    expect(mailbox.mails[0]?.headers).not.toMatch(/^bcc:/im);
    expect(mailbox.mails[0]?.html).not.toContain('<script>');
  });

  test('with a code, the first channel carries the link and the second the code', async () => {
    world.settings.handover = { by: ['email', 'callback'], confirm: 'code' };
    const booking = await world.book();
    await world.tell('issued', booking);
    await world.deliverDue();
    const [mail] = mailbox.mails;
    expect(mail?.text).toMatch(LINK);
    expect(mail?.text).not.toMatch(/Code: /);
    expect(messages()[0]).toMatch(/Code: [2-9A-Z]{8}$/);
    expect(messages()[0]).not.toMatch(LINK);
    expect(await world.claimRow(booking.keyId)).toMatchObject({ confirm: 'code' });
  });

  test('an email confirmation for a holder without an address becomes a code, never nothing', async () => {
    world.settings.source = { ...world.settings.source, webhook: { url: receiver.url, secret: WEBHOOK_SECRET } };
    const holder = { id: 'kc-bob', name: 'Bob' };
    const two = await world.book({ holder });
    await world.tell('issued', two);
    await world.deliverDue();
    expect(messages()[0]).toMatch(LINK);
    const { data } = JSON.parse(receiver.received[0]?.body ?? '{}') as { data: Record<string, unknown> };
    expect(data.confirmationCode).toMatch(/^[2-9A-Z]{8}$/);
    expect(data.claimUrl).toBeUndefined();
    expect(await world.claimRow(two.keyId)).toMatchObject({ confirm: 'code' });

    world.settings.source = { callback: world.settings.source.callback };
    const one = await world.book({ holder });
    await world.tell('issued', one);
    await world.deliverDue();
    expect(messages()[1]).toContain('the operator gives you');
    expect(await world.claimRow(one.keyId)).toMatchObject({ confirm: 'code' });
    const told = await world.deliveries(one.leaseId);
    expect(told.map(({ channel, kind }) => `${channel} ${kind}`)).toEqual(['callback issued', 'log issued', 'log alert']);
  });

  test('with no channel the link waits for an operator, who hears of it', async () => {
    world.settings.source = {};
    world.settings.handover = { by: ['callback', 'webhook'], confirm: 'none' };
    await subscribe(receiver.url);
    const booking = await world.book();
    await world.tell('issued', booking);
    await world.deliverDue();
    const kinds = receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
    expect(kinds).toEqual(['key.issued', 'key.alert']);
    const { link } = await world.claims.reissueLink(booking.leaseId, 'opr_1');
    expect(link.reveal()).toMatch(LINK);
  });

  test("a source's webhook is signed and hands the link over; a subscribed hook gets no link and no address", async () => {
    world.settings.source = { webhook: { url: receiver.url, secret: WEBHOOK_SECRET } };
    world.settings.handover = { by: ['webhook'], confirm: 'none' };
    await subscribe(receiver.url, ['issued']);
    await subscribe(receiver.url, ['revoked']);
    const booking = await world.book();
    await world.tell('issued', booking);
    await world.deliverDue();
    expect(receiver.received).toHaveLength(2);
    for (const { headers, body } of receiver.received) {
      const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
        String(headers[name]),
      );
      const message = { id: id ?? '', timestamp: timestamp ?? '', signature: signature ?? '', body: Buffer.from(body) };
      expect(verifyMessage(message, [WEBHOOK_SECRET], world.now())).toMatchObject({ ok: true });
      expect(JSON.parse(body)).toMatchObject({
        type: 'key.issued',
        data: { leaseId: booking.leaseId, opensAt: OPENS, holder: { id: 'kc-ada' } },
      });
    }
    const [source, hook] = receiver.received.map(({ body }) => body);
    expect(source).toMatch(LINK);
    expect(hook).not.toMatch(LINK);
    expect(hook).not.toContain('Campus.example');
  });

  test('a hook that answers 410 gets nothing any more; one in a private network gets nothing at all', async () => {
    receiver.statuses.push(410);
    const gone = await subscribe(receiver.url);
    const hidden = await subscribe('http://10.0.0.1/');
    const booking = await world.book();
    await world.tell('revoked', booking);
    await world.deliverDue();
    const outcome = (await world.deliveries(booking.leaseId)).filter(({ target }) => target.startsWith('hook:'));
    expect(outcome.map(({ target, state, lastStatus }) => ({ target, state, lastStatus }))).toEqual([
      { target: `hook:${gone}`, state: 'failed', lastStatus: 410 },
      { target: `hook:${hidden}`, state: 'pending', lastStatus: null },
      { target: `hook:${hidden}`, state: 'pending', lastStatus: null },
    ]);
    expect(outcome[1]?.lastError).toContain('LATCHKEY_ALLOW_PRIVATE_TARGETS');
    await world.tell('ending', booking);
    await world.deliverDue();
    expect(receiver.received).toHaveLength(1);
    expect(await world.audited(gone)).toEqual(['hook.disabled']);
  });

  test('what fails is tried again on the published schedule, and then failed, audited and alerted', async () => {
    world.settings.handover = { by: ['email'], confirm: 'none' };
    world.settings.source = {};
    mailbox.failures.push(...Array<number>(20).fill(451));
    await subscribe(receiver.url, ['alert']);
    const booking = await world.book();
    await world.tell('revoked', booking);
    const started = world.now().getTime();
    let at = started;
    for (const wait of RETRIES_MS) {
      await world.deliverDue();
      const [waiting] = await world.deliveries(booking.leaseId);
      const next = at + wait * (1 + JITTER / 2);
      expect(waiting).toMatchObject({ state: 'pending', lastStatus: 451, nextAt: new Date(next) });
      world.clock.forward(next - at - 1);
      await world.deliverDue();
      expect((await world.deliveries(booking.leaseId))[0]?.attempts).toBe(waiting?.attempts);
      world.clock.forward(1);
      at = next;
    }
    await world.deliverDue();
    const [failed, alert] = await world.deliveries(booking.leaseId);
    expect(failed).toMatchObject({ state: 'failed', attempts: RETRIES_MS.length + 1, nextAt: null });
    expect(alert).toMatchObject({ kind: 'alert', channel: 'webhook' });
    expect(await world.audited(booking.leaseId)).toEqual(['delivery.failed']);
    await world.deliverDue();
    expect(receiver.received[0]?.body).toContain('could not be delivered by email');

    mailbox.failures.splice(0);
    await world.deliverer.resend(failed?.id ?? '', 'opr_1');
    await world.deliverDue();
    expect(mailbox.mails).toHaveLength(1);
    expect((await world.deliveries(booking.leaseId))[0]).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(await world.audited(booking.leaseId)).toContain('delivery.resent');
    await expect(world.deliverer.resend('dlv_unknown', 'opr_1')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an alert that cannot be delivered does not make another alert', async () => {
    await subscribe(receiver.url);
    receiver.statuses.push(410);
    world.settings.source = {};
    const booking = await world.book();
    await world.tell('alert', booking);
    await world.deliverDue();
    expect(await states(booking.leaseId)).toEqual(['webhook failed']);
  });

  test('Retry-After is honoured', async () => {
    world.settings.handover = { by: ['callback'], confirm: 'none' };
    world.settings.source = { callback: { notifications: api.notifications, timeoutMs: 2_000 } };
    api.failures.push({ status: 429, headers: { 'retry-after': '3600' } });
    const booking = await world.book();
    await world.tell('revoked', booking);
    await world.deliverDue();
    const [waiting] = await world.deliveries(booking.leaseId);
    expect(waiting).toMatchObject({ state: 'pending', nextAt: new Date(world.now().getTime() + 3_600_000) });
  });

  test('a sender that died in the middle is followed by another attempt, and its late answer changes nothing', async () => {
    world.settings.source = { callback: { notifications: api.notifications, timeoutMs: 2_000 } };
    world.settings.handover = { by: ['callback'], confirm: 'none' };
    const booking = await world.book();
    await world.tell('revoked', booking);
    const [delivery] = await world.deliveries(booking.leaseId);
    const id = delivery?.id ?? '';
    const turn = { now: world.now(), until: new Date(world.now().getTime() + TURN_MS) };
    await takeDelivery(world.ledger.db, id, turn);
    await world.deliverDue();
    expect(api.answers).toEqual([]);
    world.clock.forward(TURN_MS);
    expect(await world.deliverer.sweep()).toBe(1);
    expect(await world.deliverer.sweep()).toBe(0);
    await Promise.all([world.deliverer.deliver(id), world.deliverer.deliver(id)]);
    expect(api.answers).toHaveLength(1);
    expect((await world.deliveries(booking.leaseId))[0]).toMatchObject({ state: 'delivered', attempts: 2 });
    await restartDelivery(world.ledger.db, id, world.now());
    const late = { state: 'failed', status: null, error: 'too late' } as const;
    expect(await finishDelivery(world.ledger.db, { id, attempts: 2 }, late)).toBe(false);
    expect((await world.deliveries(booking.leaseId))[0]).toMatchObject({ state: 'pending' });
  });

  test('a callback is signed with the secret of the event it answers while that is in force, else with the first that is', async () => {
    world.settings.handover = { by: ['callback'], confirm: 'none' };
    const [mine, another] = [new Secret(HOOK.secret), new Secret('of another registration')];
    const until = new Date(world.now().getTime() + 60_000);
    const cases = [
      { secrets: [{ secret: another }, { secret: mine }], signedWith: mine, status: 200 },
      { secrets: [{ secret: mine }, { secret: another }], signedWith: another, status: 401 },
      { secrets: [{ secret: another, notAfter: world.now() }, { secret: mine }], signedWith: another, status: 200 },
      { secrets: [{ secret: another }, { secret: mine, notAfter: until }], signedWith: mine, status: 200 },
      { secrets: [{ secret: mine }], signedWith: another, status: 200 },
      { secrets: [{ secret: mine }, { secret: another }], signedWith: undefined, status: 200 },
    ];
    for (const { secrets, signedWith } of cases) {
      world.settings.source = { secrets, callback: { notifications: api.notifications, timeoutMs: 2_000 } };
      await world.tell('revoked', await world.book({ signedWith }));
      await world.deliverDue();
    }
    expect(api.answers.map(({ status }) => status)).toEqual(cases.map(({ status }) => status));
  });

  test('a booking without a webhook id cannot be answered: it fails at once, with the reason', async () => {
    const booking = await world.book({ webhookId: '' });
    world.settings.handover = { by: ['callback'], confirm: 'none' };
    await world.tell('revoked', booking);
    await world.deliverDue();
    const [callback] = await world.deliveries(booking.leaseId);
    expect(callback).toMatchObject({ state: 'failed', attempts: 1 });
    expect(callback?.lastError).toContain('no webhook id');
    expect(api.answers).toEqual([]);
  });

  test('a log line outlives its resource', async () => {
    HOOK.resources.splice(0);
    const booking = await world.book();
    await world.tell('alert', booking);
    await world.deliverDue();
    HOOK.resources.push(12);
    world.clock.forward(60_000);
    HOOK.resources.splice(0);
    await world.deliverDue();
    HOOK.resources.push(12);
    expect(api.answers.map(({ status }) => status)).toEqual([404, 201]);
  });

  test('a link is not sent any more once its key was claimed', async () => {
    world.settings.handover = { by: ['callback', 'email'], confirm: 'none' };
    mailbox.failures.push(451);
    const booking = await world.book();
    await world.tell('issued', booking);
    await world.deliverDue();
    await world.claims.reveal(LINK.exec(messages()[0] ?? '')?.[0].slice(-43) ?? '', { ip: '203.0.113.5', agent: 'test' });
    world.clock.forward(60_000);
    await world.deliverDue();
    expect(mailbox.mails).toEqual([]);
    const email = (await world.deliveries(booking.leaseId)).find(({ channel }) => channel === 'email');
    expect(email).toMatchObject({ state: 'failed' });
    expect(email?.lastError).toContain('claimed');
    expect((await world.deliveries(booking.leaseId)).map(({ kind }) => kind)).not.toContain('alert');
  });

  test('a job sends it right after the commit', async () => {
    const jobs = await startJobs(world.ledger);
    await jobs.work('deliver', { concurrency: 2 }, async (id) => await world.deliverer.deliver(id));
    world.settings.jobs = jobs;
    await world.tell('issued', await world.book());
    await vi.waitFor(() => expect(mailbox.mails).toHaveLength(1), { timeout: 10_000 });
    await jobs.stop();
  });
});

interface Receiver {
  readonly url: string;
  readonly received: { headers: IncomingHttpHeaders; body: string }[];
  /** The next statuses; then 204. */
  readonly statuses: number[];
  close(): Promise<void>;
}

async function startReceiver(): Promise<Receiver> {
  const received: Receiver['received'] = [];
  const statuses: number[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(statuses.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, statuses, close };
}
