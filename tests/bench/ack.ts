import { ACK_PEERS, type AckPeer } from './rig/ack-peer.ts';
import { openChild, type Child } from './rig/child.ts';
import { amount, median, met, ratios, spread, type Table } from './rig/figures.ts';
import { openLoader, type Loaded, type Loader } from './rig/load.ts';
import { quiet } from './rig/machine.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import type { Recipe } from './rig/requests.ts';
import type { Effort } from './rig/effort.ts';
import { startService, WEBHOOK_SECRET } from './rig/service.ts';

/** How fast events are acknowledged, durably, through the whole service, against what the same engine allows at best. */

const CONNECTIONS = 32;
const CEILING = 0.25;
const P99_MS = 25;

interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly starts: 'now' | 'tomorrow';
  readonly runs: Loaded[];
}

export async function ack(effort: Effort): Promise<Table[]> {
  const loader = await openLoader();
  const tables: Table[] = [];
  for (const engine of effort.engines) tables.push(await measure(engine, loader, effort));
  await loader.stop();
  return tables;
}

async function measure(engine: EngineName, loader: Loader, effort: Effort): Promise<Table> {
  const place = await freshPlace(engine);
  const service = await startService({ place });
  const peers = await Promise.all(ACK_PEERS.map((peer) => openPeer(peer, engine)));
  const of = (name: string, starts: Subject['starts'], { url, pid }: { url: string; pid: number }): Subject => ({
    name,
    url: `${url}/webhook`,
    pid,
    starts,
    runs: [],
  });
  const subjects = [
    of('Latchkey, bookings for tomorrow', 'tomorrow', service),
    of('Latchkey, keys made meanwhile', 'now', service),
    ...peers.map(({ peer, url, child }) => of(peer, 'now', { url, pid: child.pid })),
  ];
  let first = 1;
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const subject of subjects) {
      const recipe: Recipe = { kind: 'webhook', secret: WEBHOOK_SECRET, starts: subject.starts, first };
      const until = { ms: effort.seconds * 1000 };
      const run = await loader.ask({ url: subject.url, recipe, connections: CONNECTIONS, warmupMs: 1000, until });
      first += run.sent;
      subject.runs.push(run);
      await quiet(subject.pid);
    }
  }
  await Promise.all([service.stop(), ...peers.map(({ close }) => close())]);
  await place.remove();
  return tableOf(engine, subjects);
}

async function openPeer(peer: AckPeer, engine: EngineName) {
  const place = await freshPlace(engine);
  const args = [peer, WEBHOOK_SECRET, place.dataDir, ...(place.databaseUrl ? [place.databaseUrl] : [])];
  const { child, hello } = await openChild('ack-peer.ts', args);
  const close = async (of: Child<unknown, unknown>) => {
    await of.stop();
    await place.remove();
  };
  return { peer, url: (hello as { url: string }).url, child, close: () => close(child) };
}

function tableOf(engine: EngineName, subjects: readonly Subject[]): Table {
  const rate = (name: string) => subjects.find((subject) => subject.name === name)!.runs.map((run) => run.perSecond);
  const rows = subjects.map(({ name, runs }) => {
    const perSecond = runs.map((run) => run.perSecond);
    const own = name.startsWith('Latchkey');
    const ofCeiling = ratios(perSecond, rate('http-grouped'));
    const p99 = runs.map((run) => run.p99Ms);
    return [
      name,
      spread(perSecond),
      spread(runs.map((run) => run.p50Ms)),
      spread(p99),
      spread(ratios(perSecond, rate('express-insert'))),
      spread(ofCeiling),
      own
        ? `${met(median(ofCeiling), { atLeast: CEILING, unit: 'x' })}; p99 ${met(median(p99), { atMost: P99_MS, unit: ' ms' })}`
        : '',
      answers(runs),
    ];
  });
  return {
    title: `ack: webhooks acknowledged, ${engine}`,
    columns: ['who', 'req/s', 'p50 ms', 'p99 ms', 'x Express + INSERT', 'x group-commit ceiling', 'target', 'not 202'],
    rows,
    notes: [`${CONNECTIONS} keep-alive connections, signed bodies of about 600 bytes, every request another booking.`],
  };
}

function answers(runs: readonly Loaded[]): string {
  const other = runs.flatMap(({ statuses }) => Object.entries(statuses)).filter(([status]) => status !== '202');
  return amount(other.reduce((sum, [, count]) => sum + count, 0)).replace('0.00', '0');
}
