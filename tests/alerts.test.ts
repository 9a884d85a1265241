import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateAlerts, type AlertOptions } from '../src/alerts/evaluate.ts';
import { suspendOwed, type SuspendOptions } from '../src/alerts/suspend.ts';
import { addRule, type RuleAsked } from '../src/alerts/rules.ts';
import { COOLDOWN_MS } from '../src/alerts/rule.ts';
import { subscribeHook } from '../src/handover/hooks.ts';
import { openHandover, type Handover } from '../src/handover/open.ts';
import { startJobs, type Jobs } from '../src/ledger/jobs.ts';
import { holdBudgets, noteReached } from '../src/ledger/budgets.ts';
import { addUsage } from '../src/ledger/usage.ts';
import { Fault } from '../src/reservation/fault.ts';
import { silentLog } from '../src/observe/log.ts';
import { Secret } from '../src/secret/secret.ts';
import { verifyMessage } from '../src/secret/standard-webhooks.ts';
import { describeEngines, type TestLedger } from './engines.ts';
import { startMailbox, type Mailbox } from './mailbox.ts';
import { OURS } from './handover-world.ts';
import { ofDefault, plan, projects, scopes, tokenRules } from './fixtures/plan.ts';
import { clockAt } from './workshop.ts';

const soon = { timeout: 30_000, interval: 20 };
const MINUTE = 60_000;

describeEngines('alerts', (engine) => {
  const clock = clockAt('2026-03-01T10:05:00Z');
  const now = () => clock.now();
  let open: TestLedger;
  let jobs: Jobs;
  let handover: Handover;
  let mailbox: Mailbox;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  const suspended: string[] = [];
  const stubborn = new Set<string>();
  const logged: unknown[] = [];
  let options: AlertOptions;
  let holding: SuspendOptions;

  beforeAll(async () => {
    open = await engine.open({ now });
    [mailbox, receiver, jobs] = await Promise.all([startMailbox(), startReceiver(now), startJobs(open.ledger)]);
    handover = openHandover({
      ledger: open.ledger,
      sealer: open.sealer,
      jobs,
      policy: () => ({ projects, sources: {}, providers: {}, scopes, ...ofDefault, tokens: tokenRules, plans: [plan] }),
      now,
      log: silentLog,
      unenforced: () => [],
      keeping: OURS,
      settings: {
        publicUrl: 'https://keys.example.org',
        smtpUrl: new Secret(mailbox.url),
        smtpFrom: 'keys@example.org',
        allowPrivateTargets: ['127.0.0.0/8'],
      },
      metrics: { deliveryFailures: { inc() {} }, alerts: { inc() {} } },
    });
    await jobs.work('deliver', { concurrency: 4 }, (id) => handover.wake(id));
    receiver.secret = (
      await subscribeHook({ ...open, now }, { url: receiver.url, kinds: ['alert'], actor: 'ada' })
    ).secret.reveal();
    options = {
      ledger: open.ledger,
      projects: () => ['default', 'other'],
      announce: handover.alertByRule,
    };
    holding = {
      ledger: open.ledger,
      suspend: async (subject) => {
        if (subject === 'pky_gone') return 'dead';
        if (stubborn.has(subject)) throw new Fault('unavailable', 'its provider is away');
        suspended.push(subject);
        return 'done';
      },
      log: (_message, fields) => void logged.push(fields?.['attempts']),
    };
  });
  afterAll(async () => {
    await jobs.stop();
    await handover.drain(5000);
    handover.close();
    await Promise.all([mailbox.close(), receiver.close()]);
    await open.close();
  });

  const look = () => evaluateAlerts(options, now());
  const hour = () => new Date(Math.floor(now().getTime() / 3_600_000) * 3_600_000);
  const told = async (subject: string) =>
    (
      await open.ledger.db.selectFrom('alert').select(['type', 'detail']).where('subject', '=', subject).orderBy('id').execute()
    ).map(({ type, detail }) => [type, detail['value']]);
  const rule = (asked: Partial<RuleAsked> & Pick<RuleAsked, 'type' | 'operator' | 'threshold'>, project = 'default') =>
    addRule(
      { ledger: open.ledger, now },
      {
        project,
        actor: 'ada',
        asked: {
          name: 'a rule',
          channels: [],
          cooldownMs: COOLDOWN_MS,
          severity: 'critical',
          autoSuspend: false,
          disabled: false,
          ...asked,
        },
      },
    );
  const uses = (leaseId: string, code: string, count: number) =>
    open.ledger.transact((tx) => addUsage(tx.db, [{ leaseId, keyId: `${leaseId}-1`, hour: hour(), code, count }]));
  const key = async (leaseId: string, more: { project?: string; lastIp?: string } = {}) =>
    void (await open.ledger.db
      .insertInto('localKey')
      .values({
        id: `${leaseId}-1`,
        name: `${leaseId}-1`,
        hash: leaseId,
        leaseId,
        holder: 'ada',
        rights: JSON.stringify({ scopes: [], methods: [], endpoints: [] }),
        opensAt: now(),
        closesAt: new Date(now().getTime() + 86_400_000),
        lastUsedAt: now(),
        createdAt: now(),
        ...more,
      })
      .execute());
  const usedFrom = (leaseId: string, lastIp: string) =>
    open.ledger.db.updateTable('localKey').set({ lastIp, lastUsedAt: now() }).where('leaseId', '=', leaseId).execute();

  test('a crossing is told once, over restarts and nodes that look at the same time, to who subscribed, signed', async () => {
    await key('lse_busy');
    await uses('lse_busy', 'VALID', 1000);
    expect(await look(), 'a thousand is usual').toBe(0);
    await uses('lse_busy', 'VALID', 1);
    const counts = await Promise.all([look(), look(), look()]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    await uses('lse_busy', 'VALID', 500);
    expect(await look()).toBe(0);
    expect(await told('lse_busy')).toEqual([['USAGE_ANOMALY', 1001]]);
    await expect.poll(() => receiver.got.length, soon).toBe(1);
    expect(receiver.got[0]).toMatchObject({
      type: 'alert.raised',
      data: { project: 'default', type: 'USAGE_ANOMALY', subject: 'lse_busy', value: 1001, threshold: 1000, severity: 'warning' },
    });
    expect(await open.ledger.db.selectFrom('audit').select('subject').where('action', '=', 'alert.raised').execute()).toEqual([
      { subject: 'lse_busy' },
    ]);
  });

  test('in the next hour it is another crossing, told when the cooldown is over', async () => {
    clock.set('2026-03-01T11:00:00Z');
    await key('lse_late');
    await uses('lse_late', 'RATE_LIMITED', 11);
    expect(await look()).toBe(1);
    clock.set('2026-03-01T11:20:00Z');
    await uses('lse_late', 'QUOTA_EXCEEDED', 50);
    expect(await look(), 'the same hour').toBe(0);
    clock.set('2026-03-01T12:00:01Z');
    await uses('lse_late', 'RATE_LIMITED', 11);
    expect(await look()).toBe(1);
    clock.set('2026-03-01T12:50:00Z');
    await key('lse_edge');
    await uses('lse_edge', 'RATE_LIMITED', 11);
    expect(await look()).toBe(1);
    clock.set('2026-03-01T13:10:00Z');
    await uses('lse_edge', 'RATE_LIMITED', 11);
    expect(await look(), 'another hour, within the cooldown').toBe(0);
    clock.forward(11 * MINUTE);
    expect(await look()).toBe(1);
  });

  test('a rule of its own takes the place of the default one in its project and nowhere else, also when it is disabled', async () => {
    clock.set('2026-03-01T14:00:00Z');
    await key('lse_mine');
    await key('lse_theirs', { project: 'other' });
    await rule({ type: 'SUSPICIOUS_ACTIVITY', operator: 'gte', threshold: 3 });
    await rule({ type: 'SUSPICIOUS_ACTIVITY', operator: 'gt', threshold: 0, disabled: true }, 'other');
    for (const lease of ['lse_mine', 'lse_theirs']) await uses(lease, 'EXPIRED', 3);
    await uses('lse_theirs', 'REVOKED', 100);
    expect(await look()).toBe(1);
    expect([await told('lse_mine'), await told('lse_theirs')]).toEqual([[['SUSPICIOUS_ACTIVITY', 3]], []]);
  });

  test('a rule may hold back what it found, once, and only what it is for; and tell people by mail', async () => {
    clock.set('2026-03-01T15:00:00Z');
    const channels = [{ kind: 'email', to: ['ops@example.org'] }] as const;
    const subjects = ['pky_bad', 'pky_gone', 'pky_stuck'];
    await rule({ type: 'SCOPE_VIOLATION', operator: 'gt', threshold: 5, autoSuspend: true, channels, subjects });
    for (const subject of [...subjects, 'pky_good']) {
      await key(subject);
      await uses(subject, 'INSUFFICIENT_SCOPE', 6);
    }
    await look();
    stubborn.add('pky_stuck');
    const hold = () => suspendOwed(holding, now());
    await Promise.all([hold(), hold()]);
    expect(suspended).toEqual(['pky_bad']);
    const states = async () => {
      const of = open.ledger.db.selectFrom('alert').select(['subject', 'suspend', 'suspendAttempts', 'suspendError']);
      const rows = await of.where('type', '=', 'SCOPE_VIOLATION').execute();
      return Object.fromEntries(
        rows.map(({ subject, suspend, suspendAttempts, suspendError }) => [subject, [suspend, suspendAttempts, suspendError]]),
      );
    };
    const settled = { pky_bad: ['done', 1, null], pky_gone: ['dead', 1, null] };
    expect(await states()).toEqual({ ...settled, pky_stuck: ['owed', 1, 'its provider is away'] });

    // It is a promise: it is tried for as long as it takes, after growing pauses.
    const [tries, pauses] = [[] as unknown[], [15, 30, 60, 120, 240, 480, 600, 600, 600]];
    logged.splice(0);
    for (const pause of pauses) {
      clock.forward(pause * 1000 - 1);
      await hold();
      tries.push(logged.splice(0));
      clock.forward(1);
      await hold();
      tries.push(logged.splice(0));
    }
    expect(tries).toEqual(pauses.flatMap((_, place) => [[], [place + 2]]));
    stubborn.clear();
    clock.forward(600_000);
    await hold();
    expect(await states()).toEqual({ ...settled, pky_stuck: ['done', 11, null] });
    expect(suspended).toEqual(['pky_bad', 'pky_stuck']);
    await expect.poll(() => mailbox.mails.length, soon).toBe(3);
    const mail = mailbox.mails.find(({ raw }) => raw.includes('pky_bad'));
    expect(mail).toMatchObject({ to: ['ops@example.org'] });
    expect(mail?.raw).toContain('used 6 times in an hour for what its scopes do not allow');
  });

  test('an address is news when others are known, and is known then', async () => {
    clock.set('2026-03-01T16:00:00Z');
    await key('lse_roams', { lastIp: '192.0.2.1' });
    expect(await look(), 'the first one').toBe(0);
    await usedFrom('lse_roams', '192.0.2.2');
    expect(await look()).toBe(1);
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      clock.forward(COOLDOWN_MS + MINUTE);
      await usedFrom('lse_roams', address);
      expect(await look(), address).toBe(0);
    }
  });

  test('each threshold of a budget is told, of a lease and of what a project shares', async () => {
    clock.set('2026-03-01T20:00:00Z');
    await key('lse_quota');
    const reached = (id: string, percent: number) =>
      open.ledger.transact(async (tx) => {
        // The budget may be old when it reaches something.
        await holdBudgets(tx.db, [id], new Date(now().getTime() - 30 * 86_400_000));
        await noteReached(tx.db, id, { reached: { quota: { percent, start: 1 } }, at: now() });
      });
    await reached('lse_quota', 50);
    expect(await look(), 'below the rule').toBe(0);
    await reached('lse_quota', 80);
    await reached('project:default', 80);
    expect(await look()).toBe(2);
    clock.forward(COOLDOWN_MS + MINUTE);
    await reached('lse_quota', 100);
    expect(await look()).toBe(1);
    expect(await told('lse_quota')).toEqual([
      ['RATE_LIMIT_THRESHOLD', 80],
      ['RATE_LIMIT_THRESHOLD', 100],
    ]);
    clock.forward(COOLDOWN_MS + MINUTE);
    await reached('lse_quota', 100);
    expect(await look(), 'the same').toBe(0);
    await open.ledger.db.updateTable('budget').set({ quotaExtra: 10 }).where('id', '=', 'lse_quota').execute();
    expect(await look(), 'of a larger quota').toBe(1);
  });

  test('a note for one person is one mail, however often it is said', async () => {
    const note = { id: 'rotated:pky_1:2', to: 'bob@example.org', reason: 'your API key has a new value' };
    for (let time = 0; time < 2; time++) await open.ledger.transact((tx) => handover.note(tx, note));
    const mails = () => mailbox.mails.filter(({ raw }) => raw.includes('your API key has a new value'));
    await expect.poll(mails, soon).toHaveLength(1);
    expect(mails()[0]!.raw).toContain('bob@example.org');
    await expect
      .poll(() => open.ledger.db.selectFrom('delivery').select('state').where('target', '=', note.to).execute(), soon)
      .toEqual([{ state: 'delivered' }]);
  });

  test('a key without a booking that ends soon is told once; one that lives for some hours only is not', async () => {
    // What one project asks for changes nothing for others.
    await rule({ type: 'EXPIRY_WARNING', operator: 'lte', threshold: 1e12 }, 'other');
    clock.set('2026-03-02T08:00:00Z');
    const at = (hours: number) => new Date(now().getTime() + hours * 3_600_000);
    const row = (id: string, opensAt: Date, closesAt: Date) => ({
      id,
      project: 'default',
      name: id,
      budget: id,
      owner: 'ada',
      opensAt,
      closesAt,
      prefix: 'temp',
      hint: 'temp_',
      tokenType: 'opaque' as const,
      metadata: '{}',
      rights: '{}',
      generation: 1,
      createdBy: 'ada',
      createdAt: opensAt,
      updatedAt: opensAt,
    });
    await open.ledger.db
      .insertInto('projectKey')
      .values([
        row('pky_ends', at(-1000), at(71)),
        row('pky_lasts', at(-1000), at(100)),
        row('pky_brief', at(-1), at(2)),
        row('pky_endless', at(-1000), new Date('9999-12-31T00:00:00Z')),
      ])
      .execute();
    expect(await look()).toBe(1);
    clock.forward(2 * COOLDOWN_MS);
    expect(await look()).toBe(0);
    expect(await told('pky_ends')).toEqual([['EXPIRY_WARNING', 71]]);
  });
});

async function startReceiver(now: () => Date) {
  const got: Record<string, unknown>[] = [];
  const receiver = { got, secret: '', url: '', close: async () => {} };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const header = (name: string) => String(request.headers[`webhook-${name}`]);
      const message = {
        id: header('id'),
        timestamp: header('timestamp'),
        signature: header('signature'),
        body: Buffer.from(body),
      };
      const { ok } = verifyMessage(message, [new Secret(receiver.secret)], now());
      if (ok) got.push(JSON.parse(body) as Record<string, unknown>);
      response.writeHead(ok ? 204 : 401).end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`;
  receiver.close = async () => void (await new Promise((resolve) => server.close(resolve)));
  return receiver;
}
