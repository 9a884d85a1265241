import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { copyBooking, countLiving, untilGone } from './rig/copies.ts';
import type { Effort } from './rig/effort.ts';
import { amount, met, type Table } from './rig/figures.ts';
import { openLoader, type Loaded, type Loader } from './rig/load.ts';
import { MANAGER_TOKEN, openManager } from './rig/manager.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import { startService, WEBHOOK_SECRET, type Service } from './rig/service.ts';
import { stockKeys } from './rig/stock.ts';

/** Ten thousand bookings that end at one moment, at a key manager of 5 ms: how long until their keys are gone, and what everybody else notices. */

const ENDS = 10_000;
const KNOWN = 1000;
const LASTS_MS = 90_000;
const GONE_S = 60;
const ACK_MS = 50;
const SOCKETS = 64;
const LONGEST_MS = 600_000;
const ASK = '/verify?method=GET&path=/api/x&ip=203.0.113.7';

export async function storm(effort: Effort): Promise<Table[]> {
  const { manager, url } = await openManager();
  await manager.ask({ set: { latencyMs: 5 } });
  const [verifier, sender] = [await openLoader(), await openLoader()];
  const rows: string[][] = [];
  for (const engine of effort.engines) rows.push(await measure(engine, { url, verifier, sender }, effort.seconds));
  await Promise.all([manager.stop(), verifier.stop(), sender.stop()]);
  return [
    {
      title: `storm: ${ENDS.toLocaleString('en-US')} bookings end at one moment`,
      columns: [
        'engine',
        'gone after s',
        'target',
        'left',
        'verify p99 ms before',
        'meanwhile',
        'target',
        'ack p99 ms meanwhile',
        'target',
        'sockets',
        'target',
      ],
      rows,
      notes: ['Verified by 10 connections and posted to by 2 meanwhile, bookings of tomorrow. One storm, so no spread.'],
    },
  ];
}

interface Yard {
  readonly url: string;
  readonly verifier: Loader;
  readonly sender: Loader;
}

async function measure(engine: EngineName, { url, verifier, sender }: Yard, seconds: number): Promise<string[]> {
  const place = await freshPlace(engine);
  const env = { API_MANAGEMENT_ENDPOINT: url, API_MANAGEMENT_TOKEN: MANAGER_TOKEN };
  const keys = await stockKeys(place, KNOWN);
  const endsAt = await copyBooking(place, sender, { copies: ENDS, lastsMs: LASTS_MS, env, unclaimed: true });
  const service = await startService({ place, env });
  const verify = (ms: number) =>
    verifier.ask({
      url: service.url,
      recipe: { kind: 'verify', keys, path: ASK },
      connections: 10,
      until: { ms },
    });
  const before = await verify(seconds * 1000);
  await delay(Math.max(0, endsAt - Date.now()));
  const began = performance.now();
  const sockets = watchSockets(service);
  const meanwhile = await Promise.all([verify(seconds * 1000), post(sender, service, seconds)]);
  await untilGone(service, LONGEST_MS);
  const gone = (performance.now() - began) / 1000;
  const most = sockets.stop();
  await service.stop();
  const left = await countLiving(place);
  await place.remove();
  const [verified, acked] = meanwhile;
  return [
    engine,
    amount(gone),
    met(gone, { atMost: GONE_S, unit: ' s' }),
    String(left),
    amount(before.p99Ms),
    amount(verified.p99Ms),
    met(verified.p99Ms / before.p99Ms, { atMost: 2, unit: 'x' }),
    amount(acked.p99Ms),
    met(acked.p99Ms, { atMost: ACK_MS, unit: ' ms' }),
    String(most),
    met(most, { atMost: SOCKETS }),
  ];
}

async function post(sender: Loader, { url }: Service, seconds: number): Promise<Loaded> {
  return await sender.ask({
    url: `${url}/webhook`,
    recipe: { kind: 'webhook', secret: WEBHOOK_SECRET, starts: 'tomorrow', first: 1_000_000 },
    connections: 2,
    until: { ms: seconds * 1000 },
  });
}

/** The most sockets the process had at a time, those of its callers and of the database with them. */
function watchSockets({ pid }: Service): { stop(): number } {
  let most = 0;
  const look = () => {
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
    most = Math.max(most, links.filter((link) => link.startsWith('socket:')).length);
  };
  const timer = setInterval(look, 200);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
