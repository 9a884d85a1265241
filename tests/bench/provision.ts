import type { Child } from './rig/child.ts';
import { openBareProvisioner, type BareAnswer, type BareAsk } from './rig/bare-provisioner.ts';
import type { Effort } from './rig/effort.ts';
import { median, met, ratios, spread, type Table } from './rig/figures.ts';
import { openLoader, type Loader } from './rig/load.ts';
import { quiet } from './rig/machine.ts';
import { MANAGER_TOKEN, openManager, type ManagerAnswer, type ManagerAsk } from './rig/manager.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import { startService, WEBHOOK_SECRET, type Service } from './rig/service.ts';

/** Bookings posted at once, until the last of their keys has all its policies at the provider: from the first 202 on. */

const BOOKINGS = 300;
const LONGEST_MS = 60_000;

const CASES = [
  { latencyMs: 0, slots: 100, atLeast: 0.2 },
  { latencyMs: 50, slots: 20, atLeast: 0.85 },
  { latencyMs: 50, slots: 100, atLeast: 0.65 },
] as const;

interface Yard {
  readonly loader: Loader;
  readonly bare: Child<BareAsk, BareAnswer>;
  readonly manager: Child<ManagerAsk, ManagerAnswer>;
  readonly managerUrl: string;
}

export async function provision(effort: Effort): Promise<Table[]> {
  const { manager, url: managerUrl } = await openManager();
  const yard = { manager, managerUrl, loader: await openLoader(), bare: await openBareProvisioner() };
  const rows: string[][] = [];
  for (const { latencyMs, slots, atLeast } of CASES) {
    await manager.ask({ set: { latencyMs } });
    const run = await measure(yard, { slots, effort });
    rows.push([`${latencyMs} ms, ${slots} at once`, 'bare loop', spread(run.bare), '1', '', '', '']);
    for (const { engine, perSecond, acked, missing } of run.services) {
      const share = ratios(perSecond, run.bare);
      rows.push([
        '',
        `Latchkey, ${engine}`,
        spread(perSecond),
        spread(share),
        met(median(share), { atLeast, unit: 'x' }),
        spread(acked),
        String(missing),
      ]);
    }
  }
  await Promise.all([manager.stop(), yard.loader.stop(), yard.bare.stop()]);
  return [
    {
      title: 'provision: bookings provisioned at an HTTP key manager',
      columns: ['manager', 'who', 'bookings/s', 'x bare loop', 'target', 'all acked after ms', 'not provisioned'],
      rows,
      notes: [
        `${BOOKINGS} bookings posted at once on ${BOOKINGS} connections; five calls each, the four policies of a key in parallel. Counted from the first 202 until the manager has the last policy of the last key.`,
      ],
    },
  ];
}

async function measure(yard: Yard, { slots, effort }: { slots: number; effort: Effort }) {
  const services = [];
  for (const engine of effort.engines) services.push(await openOne(engine, yard.managerUrl, slots));
  const bare: number[] = [];
  let first = 1;
  // The first round is not counted: compilation, connections, the first use of every statement.
  for (let round = -1; round < effort.rounds; round += 1) {
    const loop = await yard.bare.ask({ url: yard.managerUrl, token: MANAGER_TOKEN, bookings: BOOKINGS, slots });
    await yard.manager.ask({ waitFor: { more: BOOKINGS, longestMs: LONGEST_MS } });
    if (round >= 0) bare.push(BOOKINGS / ((loop.lastAt - loop.firstAt) / 1000));
    for (const one of services) {
      const { perSecond, ackedMs, missing } = await burst(yard, one.service, first);
      first += BOOKINGS;
      if (round < 0) continue;
      one.perSecond.push(perSecond);
      one.acked.push(ackedMs);
      one.missing += missing;
    }
  }
  for (const one of services) await one.close();
  return { bare, services };
}

async function openOne(engine: EngineName, managerUrl: string, slots: number) {
  const place = await freshPlace(engine);
  const config = `providers:\n  campus: { driver: generic, endpoint: "${managerUrl}", token: "${MANAGER_TOKEN}", pace: { concurrency: ${slots} } }\n`;
  const service = await startService({ place, config });
  const close = async () => {
    await service.stop();
    await place.remove();
  };
  return { engine, service, perSecond: [] as number[], acked: [] as number[], missing: 0, close };
}

async function burst(yard: Yard, service: Service, first: number) {
  const waiting = yard.manager.ask({ waitFor: { more: BOOKINGS, longestMs: LONGEST_MS } });
  const acked = await yard.loader.ask({
    url: `${service.url}/webhook`,
    recipe: { kind: 'webhook', secret: WEBHOOK_SECRET, starts: 'now', first },
    connections: BOOKINGS,
    until: { requests: BOOKINGS },
  });
  const done = await waiting;
  await quiet(service.pid);
  const missing = Math.max(0, done.missing ?? 0);
  const seconds = ((done.lastAt ?? Number.NaN) - acked.firstAt) / 1000;
  return { perSecond: (BOOKINGS - missing) / seconds, ackedMs: acked.lastAt - acked.sentAt, missing };
}
