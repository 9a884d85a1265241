import { createHmac, randomBytes } from 'node:crypto';
import { startFakeManager, type FakeManagerOptions } from '../providers/generic/fake.ts';
import { firstStart } from '../src/first-start.ts';
import { startLatchkey } from '../src/main.ts';
import { silentLog, type Log } from '../src/observe/log.ts';
import { readSettings } from '../src/settings.ts';
import { freshDatabase, freshFolder } from './databases.ts';
import type { EngineName } from './lending.ts';
import { startMailbox } from './mailbox.ts';
import { startNotificationApi } from './notification-api.ts';

/*
 * A campus as the seed document knows it: a booking system that posts signed events, a key manager behind an API, a mail server, and
 * Latchkey between them, started from the seed's own environment variables. Everything talks HTTP or SMTP; only the clock is ours.
 */

export const SECRET = 'uQm0n0J9mTn3m3y0b9p2mJtq7o0v1x3y5z7A9C1E3G4=';
const TOKEN = 'management-token-of-the-campus';
const ADMIN = 'lko_admin-token-of-the-campus-for-tests';

export interface CampusOptions {
  readonly engine?: EngineName;
  readonly env?: Readonly<Record<string, string>>;
  readonly manager?: Partial<FakeManagerOptions>;
  readonly log?: Log;
}

export interface Answer {
  readonly status: number;
  readonly body: { status: string; eventId: string; reservations: string[] };
}

export async function openCampus(options: CampusOptions = {}) {
  let offsetMs = 0;
  const now = () => new Date(Date.now() + offsetMs);
  const { place, remove } = options.engine === 'postgres' ? await freshDatabase() : await freshFolder();
  const [mailbox, api] = await Promise.all([startMailbox(), startNotificationApi({ id: 7, secret: SECRET, resources: [1, 2] })]);
  const manager = await startFakeManager({ repeats: 'upsert', ...options.manager, token: TOKEN, now });
  const env: Record<string, string> = {
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://keys.campus.example',
    LATCHKEY_CONFIG: '/dev/null',
    LATCHKEY_ADMIN_TOKEN: ADMIN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_SECRET: SECRET,
    API_MANAGEMENT_ENDPOINT: manager.url,
    API_MANAGEMENT_TOKEN: TOKEN,
    NOTIFICATION_ENDPOINT: api.notifications,
    WEBHOOK_LOG_ENDPOINT: api.log,
    SMTP_URL: mailbox.url,
    ...('dataDir' in place ? { DATA_DIR: place.dataDir } : { DATABASE_URL: place.databaseUrl.reveal() }),
    ...options.env,
  };
  const start = async () => {
    const read = readSettings(env);
    if (!read.ok) throw new Error(read.problems.join('\n'));
    const first = await firstStart(read.settings);
    if (!first.ok) throw new Error(first.problems.join('\n'));
    return await startLatchkey(first.settings, { now, log: options.log ?? silentLog, env: () => env });
  };
  let latchkey = await start();

  const post = async (event: object, changes: { secret?: string; path?: string } = {}): Promise<Answer> => {
    const body = JSON.stringify(event);
    const signature = createHmac('sha256', changes.secret ?? SECRET)
      .update(body)
      .digest('base64');
    const response = await fetch(`${latchkey.url}${changes.path ?? '/webhook'}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-webhook-signature': signature },
      body,
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const adminApi = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${latchkey.url}/api/v1${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as T;
  };

  return {
    now,
    mailbox,
    api,
    manager,
    env,
    post,
    adminApi,
    url: () => latchkey.url,
    reload: () => latchkey.reload(),
    forward: (ms: number) => void (offsetMs += ms),
    restart: async () => {
      await latchkey.close();
      latchkey = await start();
    },
    /** The link in the last mail to somebody, as a path on the running service. */
    linkFor: (email: string): string | undefined => {
      const mail = mailbox.mails.findLast(({ to, text }) => to.includes(email) && text.includes('/claim/'));
      return mail && /\/claim\/[\w-]+/.exec(mail.text)?.[0];
    },
    claim: async (path: string, confirmation: string) => {
      const response = await fetch(`${latchkey.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ confirmation }),
      });
      return {
        status: response.status,
        body: (await response.json()) as { key: string; scopes: string[]; closesAt: string; detail?: string },
      };
    },
    /** Keys that open the gateway's door now for a plain GET. */
    opens: (apiKey: string, method = 'GET', path = '/api/x') => manager.opensTheDoor({ apiKey, method, path }),
    close: async () => {
      await latchkey.close();
      await Promise.all([mailbox.close(), api.close(), manager.close()]);
      await remove();
    },
  };
}

export type Campus = Awaited<ReturnType<typeof openCampus>>;

const MINUTE = 60_000;

/** One booking as the campus system sees it, and the events it sends about it. */
export function bookingAt(
  campus: Pick<Campus, 'now'>,
  id: number,
  changes: { startsIn?: number; minutes?: number; user?: string; parameters?: object; resource?: number } = {},
) {
  const booking = {
    start: new Date(campus.now().getTime() + (changes.startsIn ?? 0) * MINUTE),
    end: new Date(campus.now().getTime() + ((changes.startsIn ?? 0) + (changes.minutes ?? 60)) * MINUTE),
    user: changes.user ?? `user-${id}`,
    email: `user-${id}@campus.example`,
    updatedAt: campus.now(),
  };
  const resource = { id: changes.resource ?? 1, name: 'Lab Server A1' };
  /** As the time-based sender writes it. */
  const flat = (eventType: 'EVENT_START' | 'EVENT_END') => ({
    eventType,
    timestamp: campus.now().toISOString(),
    eventId: String(id),
    webhookId: 7,
    userId: booking.user,
    username: booking.user,
    email: booking.email,
    eventTitle: 'GPU lab',
    eventStart: booking.start.toISOString(),
    eventEnd: booking.end.toISOString(),
    ...(changes.parameters ? { customParameters: JSON.stringify(changes.parameters) } : {}),
    resourceId: resource.id,
    resourceName: resource.name,
    resourceType: 'API Key',
  });
  /** As the booking backend writes it. */
  const entity = (eventType: 'EVENT_CREATED' | 'EVENT_UPDATED' | 'EVENT_DELETED') => ({
    eventType,
    timestamp: campus.now().toISOString(),
    webhookId: '7',
    data: {
      id,
      title: 'GPU lab',
      start: booking.start.toISOString(),
      end: booking.end.toISOString(),
      keycloakId: booking.user,
      customParameters: changes.parameters && eventType !== 'EVENT_DELETED' ? JSON.stringify(changes.parameters) : null,
      createdAt: booking.updatedAt.toISOString(),
      updatedAt: booking.updatedAt.toISOString(),
      resource: { ...resource, status: 'ACTIVE', siteId: 'torino', type: { id: 4, name: 'API Key', siteId: 'torino' } },
    },
  });
  return { booking, flat, entity };
}
