import type { Effort } from './rig/effort.ts';
import { met, median, spread, type Table } from './rig/figures.ts';
import { openLoader, type Loader } from './rig/load.ts';
import { quiet, residentMb } from './rig/machine.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import { startService, WEBHOOK_SECRET } from './rig/service.ts';

/** From `npm start` until /health/ready says 200, with an empty database and with one that was used; and the memory it takes. */

const FRESH_MS = 5000;
const WARM_MS = 2000;
const BOOKINGS = 500;

export async function startup(effort: Effort): Promise<Table[]> {
  const loader = await openLoader();
  const rows: string[][] = [];
  for (const engine of effort.engines) rows.push(await measure(engine, loader, effort.rounds));
  await loader.stop();
  return [
    {
      title: 'startup: time to ready, and memory',
      columns: ['engine', 'fresh ms', 'target', 'warm ms', 'target', 'RSS idle MB', 'RSS after load MB'],
      rows,
      notes: [`Idle: caught up after the fresh start. Load: ${BOOKINGS} bookings whose keys were made.`],
    },
  ];
}

async function measure(engine: EngineName, loader: Loader, rounds: number): Promise<string[]> {
  const seen = { fresh: [] as number[], warm: [] as number[], idle: [] as number[], loaded: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const place = await freshPlace(engine);
    const service = await startService({ place });
    seen.fresh.push(service.startMs);
    await quiet(service.pid);
    seen.idle.push(residentMb(service.pid));
    await loader.ask({
      url: `${service.url}/webhook`,
      recipe: { kind: 'webhook', secret: WEBHOOK_SECRET, starts: 'now', first: 1 },
      connections: 32,
      until: { requests: BOOKINGS },
    });
    await quiet(service.pid);
    seen.loaded.push(residentMb(service.pid));
    await service.stop();
    const again = await startService({ place });
    seen.warm.push(again.startMs);
    await again.stop();
    await place.remove();
  }
  return [
    engine,
    spread(seen.fresh),
    met(median(seen.fresh), { atMost: FRESH_MS, unit: ' ms' }),
    spread(seen.warm),
    met(median(seen.warm), { atMost: WARM_MS, unit: ' ms' }),
    spread(seen.idle),
    spread(seen.loaded),
  ];
}
