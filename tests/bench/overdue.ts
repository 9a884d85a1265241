import type { Effort } from './rig/effort.ts';
import { amount, met, type Table } from './rig/figures.ts';
import { openLoader, type Loaded, type Loader } from './rig/load.ts';
import { residentMb } from './rig/machine.ts';
import { copyBooking, countLiving, untilGone } from './rig/copies.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import { startService, type Service } from './rig/service.ts';
import { stockKeys } from './rig/stock.ts';

/** A service that was down while thirty thousand keys came to their end, with a hundred thousand others: when it is ready, and how it verifies meanwhile. */

const OVERDUE = 30_000;
const KEYS = 100_000;
const KNOWN = 1000;
const READY_MS = 3000;
const CONNECTIONS = 20;
const LONGEST_MS = 600_000;

export async function overdue(effort: Effort): Promise<Table[]> {
  const loader = await openLoader();
  const rows: string[][] = [];
  for (const engine of effort.engines) rows.push(await measure(engine, loader, effort.seconds));
  await loader.stop();
  return [
    {
      title: 'overdue: a start with 30,000 revocations that are due and 100,000 keys',
      columns: [
        'engine',
        'ready ms',
        'target',
        'verify p99 ms while it drains',
        'after',
        'target',
        'drained in s',
        'left',
        'RSS MB',
      ],
      rows,
      notes: [`Built-in keys, ${CONNECTIONS} connections that ask about ${KNOWN} of them. One start, so no spread.`],
    },
  ];
}

async function measure(engine: EngineName, loader: Loader, seconds: number): Promise<string[]> {
  const place = await freshPlace(engine);
  const keys = (await stockKeys(place, KEYS)).slice(0, KNOWN);
  await copyBooking(place, loader, { copies: OVERDUE, lastsMs: 6000 });
  const service = await startService({ place });
  const began = performance.now();
  const during = await ask(loader, service, { keys, seconds });
  await untilGone(service, LONGEST_MS);
  const drained = (performance.now() - began) / 1000;
  const after = await ask(loader, service, { keys, seconds });
  const memory = residentMb(service.pid);
  await service.stop();
  const left = await countLiving(place);
  await place.remove();
  return [
    engine,
    amount(service.startMs),
    met(service.startMs, { atMost: READY_MS, unit: ' ms' }),
    amount(during.p99Ms),
    amount(after.p99Ms),
    met(during.p99Ms / after.p99Ms, { atMost: 2, unit: 'x' }),
    amount(drained),
    String(left),
    amount(memory),
  ];
}

async function ask(
  loader: Loader,
  { url }: Service,
  { keys, seconds }: { keys: readonly string[]; seconds: number },
): Promise<Loaded> {
  return await loader.ask({
    url: `${url}/verify`,
    recipe: { kind: 'verify', keys, path: '/verify?method=GET&path=/api/x&ip=203.0.113.7' },
    connections: CONNECTIONS,
    until: { ms: seconds * 1000 },
  });
}
