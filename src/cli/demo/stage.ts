import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstStart } from '../../first-start.ts';
import { startLatchkey } from '../../main.ts';
import { createLog } from '../../observe/log.ts';
import { Secret } from '../../secret/secret.ts';
import { readSettings } from '../../settings.ts';
import { createApi, type Api } from '../api.ts';
import { openInbox, type Inbox } from './inbox.ts';
import { openLabApi, type LabApi } from './lab-api.ts';

/** Everything the demo plays on: Latchkey in a temporary folder, an API that asks it, a reservation system that hears from it. */
export interface Stage {
  readonly webhook: string;
  readonly secret: Secret;
  readonly api: Api;
  readonly lab: LabApi;
  readonly inbox: Inbox;
  close(): Promise<void>;
}

/** The rate is what a burst can exceed within one second. */
export const CALLS_PER_SECOND = 10;

const CONFIG = `
sources:
  default: { preset: cloud-resource-reservation, secrets: ["\${WEBHOOK_SECRET}"], callback: { notifications: "\${NOTIFICATION_ENDPOINT}" } }
providers:
  local: { driver: builtin }
plans:
  - name: lab
    match: { resource: "lab-*" }
    provider: local
    scopes:    { default: [read], allowed: [read, write] }
    endpoints: { allowed: ["/measurements/**"] }
    rateLimit: { max: ${CALLS_PER_SECOND}/second }
    handover:  { by: [callback], confirm: email }
`;

/** Needs nothing but this machine, and leaves nothing behind. */
export async function openStage(): Promise<Stage> {
  const secret = new Secret(randomBytes(32).toString('base64'));
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));
  const unwind: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const undo of unwind.splice(0)) await undo();
  };
  try {
    const inbox = await openInbox(secret);
    unwind.unshift(() => inbox.close());
    const configFile = join(folder, 'latchkey.yaml');
    await writeFile(configFile, CONFIG);
    const env = await environmentFor({ folder, configFile, inbox, secret });
    const read = readSettings(env);
    if (!read.ok) throw new Error(read.problems.join('\n'));
    const first = await firstStart(read.settings);
    if (!first.ok) throw new Error(first.problems.join('\n'));
    const log = createLog({ level: 'error', now: () => new Date(), stream: process.stderr });
    const latchkey = await startLatchkey(first.settings, { log, env: () => env });
    unwind.unshift(() => latchkey.close());
    const lab = await openLabApi(latchkey.url);
    unwind.unshift(() => lab.close());
    const api = createApi({ url: latchkey.url, token: first.settings.adminToken });
    return { webhook: `${latchkey.url}/webhook`, secret, api, lab, inbox, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing of the surroundings: what is set on this machine has no part in the demo. */
async function environmentFor(parts: { folder: string; configFile: string; inbox: Inbox; secret: Secret }) {
  const port = await freePort();
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATA_DIR: join(parts.folder, 'data'),
    LATCHKEY_CONFIG: parts.configFile,
    WEBHOOK_SECRET: parts.secret.reveal(),
    NOTIFICATION_ENDPOINT: parts.inbox.url,
  };
}

/** Claim links carry the port, so it must be known before the service listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
