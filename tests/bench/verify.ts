import { openKeys } from '../../src/keys/open.ts';
import { mintKey } from '../../src/keys/key.ts';
import { openLedger } from '../../src/ledger/database.ts';
import { newId } from '../../src/ledger/ids.ts';
import { Secret } from '../../src/secret/secret.ts';
import { openChild } from './rig/child.ts';
import type { Effort } from './rig/effort.ts';
import { median, met, ratios, spread, type Table } from './rig/figures.ts';
import { openLoader, type Loaded, type Loader } from './rig/load.ts';
import { cpuMs, quiet } from './rig/machine.ts';
import { freshPlace, type Place } from './rig/place.ts';
import { startService } from './rig/service.ts';
import { VERIFY_PEERS } from './rig/verify-peer.ts';

/** Whether a key is good, with every check on, against answering anything at all. */

const KEYS = 1000;
const CONNECTIONS = 50;
const HTTP_SHARE = 0.38;
const CPU_US = 30;
const DAY_MS = 86_400_000;

interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly runs: (Loaded & { readonly cpuUs: number })[];
}

export async function verify(effort: Effort): Promise<Table[]> {
  const place = await freshPlace('embedded');
  const keys = await stock(place);
  const service = await startService({ place });
  const peers = await Promise.all(VERIFY_PEERS.map(async (peer) => ({ peer, ...(await openChild('verify-peer.ts', [peer])) })));
  const loader = await openLoader();
  const tables: Table[] = [];
  for (const [method, path] of [
    ['GET', '/verify'],
    ['POST', '/v1/verify'],
  ] as const) {
    const subjects: Subject[] = [
      { name: 'Latchkey', url: `${service.url}${path}`, pid: service.pid, runs: [] },
      ...peers.map(({ peer, child, hello }) => ({ name: peer, url: (hello as { url: string }).url, pid: child.pid, runs: [] })),
    ];
    for (let round = 0; round < effort.rounds; round += 1)
      for (const subject of subjects) await measure(subject, loader, { method, keys, seconds: effort.seconds });
    tables.push(tableOf(`${method} ${path}`, subjects));
  }
  await Promise.all([service.stop(), loader.stop(), ...peers.map(({ child }) => child.stop())]);
  await place.remove();
  return tables;
}

/** Keys whose limits nothing here reaches, made by the key manager itself before the service starts. */
async function stock(place: Place): Promise<string[]> {
  const now = () => new Date();
  const ledger = await openLedger({ dataDir: place.dataDir, now, mac: () => '' });
  const keys = await openKeys({ ledger, now, log: () => {} });
  const secrets = Array.from({ length: KEYS }, () => mintKey('temp').reveal());
  for (const [place, secret] of secrets.entries()) {
    await keys.manager.put({
      name: `bench-${place}`,
      secret: new Secret(secret),
      lease: newId('lse'),
      holder: `user-${place}`,
      scopes: ['read'],
      methods: ['GET'],
      endpoints: ['/api/**'],
      quota: { limit: 1_000_000_000, per: 'day' },
      rateLimit: { limit: 100_000, per: 'second' },
      window: { opensAt: new Date(Date.now() - DAY_MS), closesAt: new Date(Date.now() + DAY_MS) },
    });
  }
  await keys.close();
  await ledger.close();
  return secrets;
}

async function measure(
  subject: Subject,
  loader: Loader,
  load: { method: 'GET' | 'POST'; keys: readonly string[]; seconds: number },
): Promise<void> {
  const { method, keys, seconds } = load;
  const before = cpuMs(subject.pid);
  const run = await loader.ask({
    url: subject.url,
    recipe: { kind: 'verify', method, keys },
    connections: CONNECTIONS,
    warmupMs: 1000,
    until: { ms: seconds * 1000 },
  });
  subject.runs.push({ ...run, cpuUs: ((cpuMs(subject.pid) - before) * 1000) / run.sent });
  await quiet(subject.pid);
}

function tableOf(title: string, subjects: readonly Subject[]): Table {
  const rates = (name: string) => subjects.find((subject) => subject.name === name)!.runs.map((run) => run.perSecond);
  const rows = subjects.map(({ name, runs }) => {
    const share = ratios(rates(name), rates('bare node:http'));
    const cpu = runs.map((run) => run.cpuUs);
    const refused = runs.flatMap(({ statuses }) => Object.entries(statuses)).filter(([status]) => status !== '200');
    const targets = `${met(median(share), { atLeast: HTTP_SHARE, unit: 'x' })}; CPU ${met(median(cpu), { atMost: CPU_US, unit: ' µs' })}`;
    return [
      name,
      spread(rates(name)),
      spread(runs.map((run) => run.p50Ms)),
      spread(runs.map((run) => run.p99Ms)),
      spread(cpu),
      spread(share),
      spread(ratios(rates(name), rates('bare Express 5, tuned'))),
      name === 'Latchkey' ? targets : '',
      String(refused.reduce((sum, [, count]) => sum + count, 0)),
    ];
  });
  return {
    title: `verify: ${title}`,
    columns: ['who', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs', 'x bare http', 'x Express tuned', 'target', 'not 200'],
    rows,
    notes: [
      `${KEYS} keys in turn, ${CONNECTIONS} connections. The load generator is Node too and may be the limit of the fastest: the CPU of a request tells more than the rate.`,
    ],
  };
}
