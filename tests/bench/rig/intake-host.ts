import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { builtin } from '../../../providers/builtin/driver.ts';
import { createChain } from '../../../src/audit/chain.ts';
import { createApp } from '../../../src/http/app.ts';
import { webhookRoutes } from '../../../src/http/webhooks.ts';
import { createReceiver } from '../../../src/intake/receive.ts';
import { openLedger } from '../../../src/ledger/database.ts';
import { startJobs } from '../../../src/ledger/jobs.ts';
import { createMetrics } from '../../../src/observe/metrics.ts';
import { silentLog } from '../../../src/observe/log.ts';
import { loadPolicy } from '../../../src/policy.ts';
import { formatProblem } from '../../../src/policy/problems.ts';
import type { Policy } from '../../../src/reservation/policy.ts';
import { createSealer } from '../../../src/secret/seal.ts';
import { Secret } from '../../../src/secret/secret.ts';
import { readSettings } from '../../../src/settings.ts';
import { presets } from '../../../src/sources/presets.ts';
import { answerParent } from './child.ts';
import { prepared } from './prepared.ts';
import { WEBHOOK_SECRET } from './service.ts';

/*
 * The intake of the service over HTTP, with nobody to settle: two sources that differ in their mapping alone, in one process and on one
 * database, so that whatever disturbs one disturbs the other.
 */

export const SOURCES = ['mapped', 'prepared'] as const;

/** Both sources of the preset; the second takes what was prepared instead of evaluating its rules. */
export function policyOfBoth(): Policy {
  const { settings } = readSettings({ WEBHOOK_SECRET, LATCHKEY_INSECURE: '1' });
  const entry = { preset: 'cloud-resource-reservation', secrets: [WEBHOOK_SECRET] };
  const read = loadPolicy({
    text: JSON.stringify({ sources: { mapped: entry, prepared: entry } }),
    file: 'latchkey.yaml',
    env: {},
    settings,
    drivers: [builtin],
    presets,
    now: new Date(),
  });
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
  const { sources } = read.policy;
  return { ...read.policy, sources: { ...sources, prepared: { ...sources['prepared']!, mapping: prepared } } };
}

async function host(dataDir: string, databaseUrl: string | undefined): Promise<string> {
  const now = () => new Date();
  const sealer = createSealer([new Secret(randomBytes(32).toString('base64'))]);
  const ledger = await openLedger({
    databaseUrl: databaseUrl === undefined ? undefined : new Secret(databaseUrl),
    dataDir,
    now,
    mac: createChain(sealer.derive('audit')).mac,
    log: () => {},
  });
  const jobs = await startJobs(ledger);
  const policy = policyOfBoth();
  const receiver = createReceiver({ ledger, jobs, sealer, policy: () => policy, now, metrics: createMetrics() });
  const server = createServer(createApp({ log: silentLog, trustProxy: [], routers: [webhookRoutes({ receiver })] }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

if (import.meta.main) {
  const [dataDir = '', databaseUrl] = process.argv.slice(2);
  const url = await host(dataDir, databaseUrl);
  answerParent({ url }, async () => ({}));
}
