import type { Mapping } from '../../src/reservation/source.ts';
import { openChild } from './rig/child.ts';
import type { Effort } from './rig/effort.ts';
import { amount, median, met, ratios, spread, type Table } from './rig/figures.ts';
import { policyOfBoth, SOURCES } from './rig/intake-host.ts';
import { openLoader, type Loaded, type Loader } from './rig/load.ts';
import { cpuMs, quiet } from './rig/machine.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import { eventOf } from './rig/requests.ts';
import { DOCUMENTS } from './rig/documents.ts';
import { WEBHOOK_SECRET } from './rig/service.ts';

/** What reading events by rules in YAML costs, of all that intake costs. */

const CONNECTIONS = 32;
const SHARE = 0.8;
const DOCUMENTS_A_ROUND = 2_000;

export async function intakeMapping(effort: Effort): Promise<Table[]> {
  const loader = await openLoader();
  const tables: Table[] = [];
  for (const engine of effort.engines) tables.push(await measure(engine, loader, effort));
  await loader.stop();
  return [...tables, mapAlone(effort)];
}

interface Run extends Loaded {
  /** Of the host, for each request that was sent, the warm-up too. */
  readonly cpuMsEach: number;
}

async function measure(engine: EngineName, loader: Loader, { rounds, seconds }: Effort): Promise<Table> {
  const place = await freshPlace(engine);
  const { child, hello } = await openChild('intake-host.ts', [place.dataDir, ...(place.databaseUrl ? [place.databaseUrl] : [])]);
  const { url } = hello as { url: string };
  const runs: Record<(typeof SOURCES)[number], Run[]> = { mapped: [], prepared: [] };
  let first = 1;
  for (let round = 0; round < rounds; round += 1) {
    // Who comes second finds a larger database: they take turns.
    for (const source of round % 2 === 0 ? SOURCES : SOURCES.toReversed()) {
      const path = `/webhooks/${source}`;
      const before = cpuMs(child.pid);
      const recipe = { kind: 'webhook', secret: WEBHOOK_SECRET, starts: 'tomorrow', first, path } as const;
      const until = { ms: seconds * 1000 };
      const run = await loader.ask({ url, recipe, connections: CONNECTIONS, warmupMs: 1000, until });
      first += run.sent;
      runs[source].push({ ...run, cpuMsEach: (cpuMs(child.pid) - before) / run.sent });
      await quiet(child.pid);
    }
  }
  await child.stop();
  await place.remove();
  return tableOf(engine, runs);
}

function tableOf(engine: EngineName, runs: Readonly<Record<(typeof SOURCES)[number], readonly Run[]>>): Table {
  const of = (source: (typeof SOURCES)[number], value: (run: Run) => number) => runs[source].map(value);
  const rate = ratios(
    of('mapped', (run) => run.perSecond),
    of('prepared', (run) => run.perSecond),
  );
  const work = ratios(
    of('prepared', (run) => run.cpuMsEach),
    of('mapped', (run) => run.cpuMsEach),
  );
  const rows = SOURCES.map((source) => [
    source === 'mapped' ? 'the preset, in YAML' : 'prepared, nothing evaluated',
    spread(of(source, (run) => run.perSecond)),
    spread(of(source, (run) => run.p50Ms)),
    spread(of(source, (run) => run.p99Ms)),
    spread(of(source, (run) => run.cpuMsEach)),
    source === 'mapped' ? spread(rate) : '1',
    source === 'mapped' ? spread(work) : '1',
    source === 'mapped' ? met(median(rate), { atLeast: SHARE, unit: 'x' }) : '',
    amount(runs[source].reduce((sum, { statuses }) => sum + othersThan202(statuses), 0)).replace('0.00', '0'),
  ]);
  return {
    title: `intake-mapping: the whole of intake with and without rules, ${engine}`,
    columns: ['mapping', 'req/s', 'p50 ms', 'p99 ms', 'CPU ms each', 'x prepared', 'x prepared by CPU', 'target', 'not 202'],
    rows,
    notes: [
      `${CONNECTIONS} keep-alive connections, signed bodies of about 600 bytes, every request another booking of tomorrow; one process and one database.`,
    ],
  };
}

function othersThan202(statuses: Loaded['statuses']): number {
  return Object.entries(statuses).reduce((sum, [status, count]) => (status === '202' ? sum : sum + count), 0);
}

/** `map` by itself, in this process. */
function mapAlone({ rounds }: Effort): Table {
  const { sources } = policyOfBoth();
  const flat = eventOf(1, { starts: 'tomorrow' });
  const subjects: readonly [string, Mapping, object][] = [
    ['prepared: flat start', sources['prepared']!.mapping, flat],
    ['YAML: flat start', sources['mapped']!.mapping, flat],
    ...DOCUMENTS.map(([name, document]): [string, Mapping, object] => [`YAML: ${name}`, sources['mapped']!.mapping, document]),
  ];
  const times = subjects.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1)
    for (const [index, [, mapping, document]] of subjects.entries()) {
      const took = microsEach(mapping, document);
      // The first round only warms up.
      if (round > 0) times[index]!.push(took);
    }
  return {
    title: 'intake-mapping: `map` alone',
    columns: ['document', 'µs each'],
    rows: subjects.map(([name], index) => [name, spread(times[index]!)]),
    notes: [`${DOCUMENTS_A_ROUND} in a row, of one process that does nothing else.`],
  };
}

function microsEach(mapping: Mapping, document: object): number {
  const context = { now: new Date() };
  const began = performance.now();
  for (let count = 0; count < DOCUMENTS_A_ROUND; count += 1) mapping.map(document, context);
  return ((performance.now() - began) * 1000) / DOCUMENTS_A_ROUND;
}
