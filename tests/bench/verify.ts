import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mintKey } from '../../src/keys/key.ts';
import { BETTER_AUTH_PEERS } from './rig/better-auth-peer.ts';
import { openChild } from './rig/child.ts';
import type { Effort } from './rig/effort.ts';
import { startFastApi } from './rig/fastapi-peer.ts';
import { median, met, ratios, spread, type Table } from './rig/figures.ts';
import { cpuMs, quiet, residentMb } from './rig/machine.ts';
import { freshPlace, type Place } from './rig/place.ts';
import { startService, type Service } from './rig/service.ts';
import { stockKeys } from './rig/stock.ts';
import { VERIFY_PEERS } from './rig/verify-peer.ts';
import { wrk, wrkIsHere, type Asking, type WrkRun } from './rig/wrk.ts';

/** Whether a key is good, with every check on, against answering anything at all and against what else answers that question. */

const FEW = 1000;
const MANY = 100_000;
const CONNECTIONS = 50;
const WARM_SECONDS = 2;
const BARE = 'bare node:http';

interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly asking: Asking;
  readonly keysFile: string;
  readonly runs: (WrkRun & { readonly cpuUs: number; readonly rssMb: number })[];
}

type Stop = () => Promise<unknown>;

export async function verify(effort: Effort): Promise<Table[]> {
  if (!wrkIsHere()) {
    console.warn('No wrk here: `verify` is left out. Debian: apt-get install wrk.');
    return [];
  }
  const stops: Stop[] = [];
  const engine = effort.engines.includes('postgres') ? 'postgres' : 'embedded';
  const [few, many] = [await freshPlace(engine), await freshPlace(engine)];
  stops.push(
    () => few.remove(),
    () => many.remove(),
  );
  try {
    const subjects = [...(await ours({ few, many, stops })), ...(await peers(few, stops))];
    for (let round = 0; round < effort.rounds; round += 1) for (const subject of subjects) await measure(subject, effort.seconds);
    return [tableOf(subjects, engine)];
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function ours({ few, many, stops }: { few: Place; many: Place; stops: Stop[] }): Promise<Subject[]> {
  const fewFile = fileOf(few, 'known', await stockKeys(few, FEW));
  const manyFile = fileOf(many, 'known', await stockKeys(many, MANY));
  const unknownFile = fileOf(
    few,
    'unknown',
    Array.from({ length: FEW }, () => mintKey('temp').reveal()),
  );
  const malformed = Array.from({ length: FEW }, () => mintKey('temp').reveal().slice(0, -1).concat('!'));
  const small = await startService({ place: few });
  stops.push(() => small.stop());
  const large = await startService({ place: many });
  stops.push(() => large.stop());
  const asks = (name: string, service: Service, [path, asking, keysFile]: readonly [string, Asking, string]): Subject => ({
    name: `Latchkey, ${name}`,
    url: `${service.url}${path}`,
    pid: service.pid,
    asking,
    keysFile,
    runs: [],
  });
  return [
    asks('GET /verify/nginx', small, ['/verify/nginx', 'nginx', fewFile]),
    asks('GET /verify', small, ['/verify?method=GET&path=/api/x&ip=203.0.113.9', 'plain', fewFile]),
    asks('POST /v1/verify', small, ['/v1/verify', 'program', fewFile]),
    asks('100,000 keys', large, ['/verify/nginx', 'nginx', manyFile]),
    asks('unknown keys', small, ['/verify/nginx', 'nginx', unknownFile]),
    asks('malformed keys', small, ['/verify/nginx', 'nginx', fileOf(few, 'malformed', malformed)]),
  ];
}

async function peers(place: Place, stops: Stop[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  const anyKeys = fileOf(
    place,
    'any',
    Array.from({ length: FEW }, () => mintKey('temp').reveal()),
  );
  for (const name of VERIFY_PEERS) {
    const { child, hello } = await openChild('verify-peer.ts', [name]);
    stops.push(() => child.stop());
    const url = `${(hello as { url: string }).url}/verify`;
    subjects.push({ name, url, pid: child.pid, asking: 'nginx', keysFile: anyKeys, runs: [] });
  }
  for (const name of BETTER_AUTH_PEERS) {
    const { child, hello } = await openChild('better-auth-peer.ts', [name, String(FEW)]);
    stops.push(() => child.stop());
    const { url, keys } = hello as { url: string; keys: string[] };
    subjects.push({ name, url, pid: child.pid, asking: 'plain', keysFile: fileOf(place, name, keys), runs: [] });
  }
  const keys = Array.from({ length: FEW }, () => mintKey('temp').reveal());
  const fastApi = await startFastApi(place.dataDir, keys);
  if (!fastApi) return subjects;
  stops.push(() => fastApi.stop());
  const url = `${fastApi.url}/verify`;
  const keysFile = fileOf(place, 'fastapi', keys);
  return [...subjects, { name: 'FastAPI, SQLAlchemy, SQLite', url, pid: fastApi.pid, asking: 'plain', keysFile, runs: [] }];
}

function fileOf(place: Place, name: string, keys: readonly string[]): string {
  const file = join(place.dataDir, `keys of ${name.replaceAll(/\W/g, '-')}.txt`);
  writeFileSync(file, `${keys.join('\n')}\n`);
  return file;
}

async function measure(subject: Subject, seconds: number): Promise<void> {
  const { url, asking, keysFile, pid } = subject;
  const load = { url, asking, keysFile, connections: CONNECTIONS };
  await wrk({ ...load, seconds: WARM_SECONDS });
  const before = cpuMs(pid);
  const run = await wrk({ ...load, seconds });
  subject.runs.push({ ...run, cpuUs: ((cpuMs(pid) - before) * 1000) / run.requests, rssMb: residentMb(pid) });
  await quiet(pid, 10_000);
}

function tableOf(subjects: readonly Subject[], engine: string): Table {
  const rates = (name: string) => subjects.find((subject) => subject.name === name)?.runs.map((run) => run.perSecond) ?? [];
  const rows = subjects.map((subject) => {
    const { name, runs } = subject;
    return [
      name,
      spread(rates(name)),
      spread(runs.map((run) => run.p50Ms)),
      spread(runs.map((run) => run.p99Ms)),
      spread(runs.map((run) => run.cpuUs)),
      spread(ratios(rates(name), rates(BARE))),
      spread(cpuShare(subject, subjects)),
      spread(runs.map((run) => run.rssMb)),
      targetsOf(subject, rates),
      String(runs.reduce((sum, run) => sum + run.notGood + run.lost, 0)),
    ];
  });
  return {
    title: 'verify: is this key good?',
    columns: ['who', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs', 'x bare http', 'x its CPU', 'RSS MB', 'target', 'not 2xx'],
    rows,
    notes: [
      `${FEW} keys in turn unless it says otherwise, ${CONNECTIONS} connections, wrk with one thread, ${engine}. Every key has a rate, a quota, two address lists, hours in a zone and path patterns.`,
      '"x its CPU" is the processor time of a request of bare http divided by ours, which other work on the machine disturbs less than it does the rate. RSS is of the whole service.',
      'Unknown and malformed keys come from one address, which soon has to wait: 429 instead of 401.',
    ],
  };
}

function cpuShare({ runs }: Subject, subjects: readonly Subject[]): number[] {
  const bare = subjects.find((subject) => subject.name === BARE)?.runs ?? [];
  return runs.map((run, round) => (bare[round]?.cpuUs ?? Number.NaN) / run.cpuUs);
}

function targetsOf({ name, runs }: Subject, rates: (name: string) => number[]): string {
  const against = (peer: string): number => median(ratios(rates(name), rates(peer)));
  if (name === 'Latchkey, 100,000 keys')
    return `${met(against('Latchkey, GET /verify/nginx'), { atLeast: 0.85, unit: 'x the 1,000' })}; RSS ${met(median(runs.map((run) => run.rssMb)), { atMost: 250, unit: ' MB' })}`;
  if (name !== 'Latchkey, GET /verify/nginx') return '';
  return [
    met(against(BARE), { atLeast: 0.6, unit: 'x bare http' }),
    `CPU ${met(median(runs.map((run) => run.cpuUs)), { atMost: 18, unit: ' µs' })}`,
    `p99 ${met(median(runs.map((run) => run.p99Ms)), { atMost: 2.5, unit: ' ms' })}`,
    met(against(BETTER_AUTH_PEERS[0]), { atLeast: 10, unit: 'x better-auth' }),
    met(against('FastAPI, SQLAlchemy, SQLite'), { atLeast: 75, unit: 'x FastAPI' }),
  ].join('; ');
}
