import { Writable } from 'node:stream';
import { expect } from 'vitest';
import { createAlarm } from '../src/handover/alarm.ts';
import { createAlert } from '../src/handover/alert.ts';
import { createCallback } from '../src/handover/channels/callback.ts';
import { createMailer } from '../src/handover/channels/email.ts';
import { createWebhook } from '../src/handover/channels/webhook.ts';
import { createClaims } from '../src/handover/claim.ts';
import { createDeliverer } from '../src/handover/deliver.ts';
import type { Unenforced } from '../src/handover/facts.ts';
import { createAnnouncer } from '../src/handover/notify.ts';
import type { Keeping } from '../src/handover/keeping.ts';
import { createOutgoing } from '../src/handover/outgoing.ts';
import type { Resolver } from '../src/handover/target.ts';
import { dueDeliveries } from '../src/ledger/deliveries.ts';
import type { Jobs } from '../src/ledger/jobs.ts';
import { newId } from '../src/ledger/ids.ts';
import { createLog } from '../src/observe/log.ts';
import { createMetrics } from '../src/observe/metrics.ts';
import type { Holder } from '../src/reservation/event.ts';
import { emptyReservation, fold } from '../src/reservation/fold.ts';
import type { Grant } from '../src/reservation/lease.ts';
import type { Notice, NoticeKind, ProviderAlert } from '../src/reservation/notice.ts';
import type { Plan } from '../src/reservation/plan.ts';
import type { Policy } from '../src/reservation/policy.ts';
import type { Source } from '../src/reservation/source.ts';
import { fingerprintOf } from '../src/secret/hmac.ts';
import { Secret } from '../src/secret/secret.ts';
import type { TestEngine } from './engines.ts';
import { ofDefault, plan as lab, scopes, projects, tokenRules } from './fixtures/plan.ts';
import { clockAt } from './workshop.ts';
import { sourceOf } from './fixtures/source.ts';

export const HOOK = { id: 7, secret: 'c2VjcmV0LXVzZWQtYXMtdGV4dA==', resources: [12] };
export const OPENS = '2026-01-05T10:00:00.000Z';
export const CLOSES = '2026-01-05T12:00:00.000Z';
const GRANT: Grant = {
  scopes: ['read'],
  methods: ['GET'],
  endpoints: ['/api/**'],
  quota: { limit: 1000, per: 'reservation' },
  rateLimit: { limit: 100, per: 'hour' },
};

export interface WorldOptions {
  source?: Partial<Source>;
  handover?: Plan['handover'];
  smtpUrl?: string;
  publicUrl?: string;
  resolve?: Resolver;
  allowPrivate?: string[];
  keeping?: Keeping;
}

/** Values of our own, in keys that open nothing before their window. */
export const OURS: Keeping = { withholds: () => false, tells: () => false, ask: async () => expect.unreachable() };

export interface Booking {
  holder?: Holder;
  resourceName?: string;
  title?: string;
  webhookId?: string;
  /** The secret that its last event was signed with. */
  signedWith?: Secret;
}

/** Hand-over with a real ledger and real channels; reservations, leases and keys are put in as the other folders would leave them. */
export async function openHandover(engine: TestEngine, options: WorldOptions = {}) {
  const clock = clockAt('2026-01-05T09:59:00Z');
  const now = () => clock.now();
  const open = await engine.open({ now });
  const { ledger, sealer } = open;
  const woken: string[] = [];
  const list: Pick<Jobs, 'enqueue'> = { enqueue: async (_tx, _queue, ids) => void woken.push(...ids) };
  /** Tests may change them as they go. */
  const settings = { handover: lab.handover, source: {} as Partial<Source>, jobs: list, keeping: OURS, ...options };
  const jobs: Pick<Jobs, 'enqueue'> = { enqueue: async (...job) => await settings.jobs.enqueue(...job) };
  const policy = (): Policy => ({
    projects,
    sources: { default: { ...SOURCE, ...settings.source } },
    providers: {},
    scopes,
    ...ofDefault,
    tokens: tokenRules,
    plans: [{ ...lab, handover: settings.handover }],
  });
  const publicUrl = options.publicUrl ?? 'https://keys.campus.example';
  const unenforced: Unenforced = (provider, asked) => [
    `Nobody enforces the addresses it is used from: ${provider} was asked for ${asked.map(({ quota }) => quota?.limit).join(' or ')}.`,
  ];
  const outgoing = createOutgoing({ now, resolve: options.resolve, allowPrivate: options.allowPrivate });
  const mailer = options.smtpUrl
    ? createMailer({ smtpUrl: new Secret(options.smtpUrl), publicUrl, from: 'Lab keys <keys@campus.example>' })
    : undefined;
  const lines: string[] = [];
  const stream = new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) });
  const metrics = createMetrics();
  const alarm = createAlarm({ log: createLog({ level: 'warn', now, stream }), metrics });
  const announce = createAnnouncer({ policy, sealer, now, jobs, smtp: mailer !== undefined, alarm });
  const { notify: callback, log } = createCallback(outgoing);
  const webhook = createWebhook({ db: ledger.db, sealer, outgoing });
  const channels = { callback, log, webhook: webhook.send, email: mailer?.send };
  const keeping: Keeping = {
    withholds: (provider) => settings.keeping.withholds(provider),
    tells: (provider) => settings.keeping.tells(provider),
    ask: (key) => settings.keeping.ask(key),
  };
  const shared = { ledger, sealer, policy, now, announce, publicUrl, unenforced, keeping };
  const deliverer = createDeliverer({ ...shared, jobs, channels, alert: webhook.alert, random: () => 0.5 });
  const claims = createClaims(shared);

  /** A booking with its lease and an active key. */
  async function book(booking: Booking = {}) {
    const holder = booking.holder ?? { id: 'kc-ada', name: 'Ada', email: 'Ada@Campus.example' };
    const [rsv, leaseId, keyId] = [newId('rsv'), newId('lse'), newId('key')];
    const secret = new Secret(`temp_${keyId}`);
    const externalId = rsv.slice(-9);
    const state = fold(emptyReservation('default', externalId), {
      type: 'started',
      reservationId: externalId,
      version: 1,
      title: booking.title ?? 'Thesis',
      resource: { id: '12', name: booking.resourceName ?? 'Lab API', type: 'API Key' },
      holders: [holder],
      reply: {
        eventType: 'EVENT_START',
        ...(booking.signedWith && { signedWith: fingerprintOf(booking.signedWith) }),
        ...(booking.webhookId === '' ? {} : { webhookId: booking.webhookId ?? String(HOOK.id) }),
      },
    });
    const [opensAt, closesAt, at] = [new Date(OPENS), new Date(CLOSES), now()];
    const times = { createdAt: at, updatedAt: at };
    await ledger.transact(async ({ db }) => {
      await db
        .insertInto('reservation')
        .values({ id: rsv, source: 'default', externalId, state: JSON.stringify(state), ...times })
        .execute();
      const about = { plan: 'lab', provider: 'local', resourceId: '12', state: 'active' as const, opensAt, closesAt };
      const grant = JSON.stringify({ grant: GRANT, asked: '' });
      await db
        .insertInto('lease')
        .values({ id: leaseId, reservationId: rsv, holderId: holder.id, ...about, grant, ...times })
        .execute();
      const sealedSecret = sealer.seal(secret, `key:${keyId}`);
      const key = {
        leaseId,
        generation: 1,
        name: keyId,
        provider: 'local',
        state: 'active' as const,
        opensAt,
        closesAt,
        createdAt: at,
      };
      await db
        .insertInto('key')
        .values({ id: keyId, ...key, sealedSecret, hint: 'temp_…x7Qa', confirmedAt: at })
        .execute();
    });
    return { leaseId, keyId, secret: secret.reveal(), externalId };
  }

  async function tell(kind: NoticeKind, about: { leaseId: string; keyId?: string }, more: Partial<Notice> = {}): Promise<void> {
    const notice: Notice = { kind, leaseId: about.leaseId, keyId: about.keyId, id: `${kind}:1`, ...more };
    await ledger.transact(async (tx) => await announce(tx, notice));
  }

  /** What concerns a provider and no lease. */
  const warn = createAlert({ now, jobs, alarm });
  async function warnOf(alert: ProviderAlert): Promise<void> {
    await ledger.transact(async (tx) => await warn(tx, alert));
  }

  /** Sends everything that is due. */
  async function deliverDue(): Promise<void> {
    for (const id of await dueDeliveries(ledger.db, now(), 1000)) await deliverer.deliver(id);
  }

  const deliveries = async (leaseId: string) =>
    await ledger.db.selectFrom('delivery').selectAll().where('leaseId', '=', leaseId).orderBy('id').execute();
  const audited = async (subject: string) =>
    (await ledger.db.selectFrom('audit').select('action').where('subject', '=', subject).orderBy('seq').execute()).map(
      (row) => row.action,
    );
  const claimRow = async (keyId: string) =>
    await ledger.db.selectFrom('claim').selectAll().where('keyId', '=', keyId).executeTakeFirstOrThrow();

  async function close(): Promise<void> {
    mailer?.close();
    await open.close();
  }

  return {
    ...shared,
    clock,
    settings,
    woken,
    lines,
    metrics,
    deliverer,
    claims,
    book,
    tell,
    warnOf,
    deliverDue,
    deliveries,
    audited,
    claimRow,
    close,
  };
}

export type World = Awaited<ReturnType<typeof openHandover>>;

const SOURCE: Source = sourceOf({
  preset: 'cloud-resource-reservation',
  secrets: [{ secret: 'an old one', notAfter: '2026-01-01T00:00:00Z' }, HOOK.secret],
});
