import { openAws } from './rig/aws.ts';
import type { Effort } from './rig/effort.ts';
import { met, type Table } from './rig/figures.ts';
import { openLoader } from './rig/load.ts';
import { freshPlace } from './rig/place.ts';
import { startService, WEBHOOK_SECRET } from './rig/service.ts';

/** A class at nine o'clock: a thousand bookings that begin now, at an account of AWS that takes five new keys a second. */

const BOOKINGS = 1000;
const PER_SECOND = 5;
const FLOOR_S = BOOKINGS / PER_SECOND;
const LONGEST_MS = 10 * 60_000;

const WAYS = [
  { way: 'by import', settings: '', target: { atMost: 30, unit: 's' } },
  { way: 'one by one', settings: ', import: false', target: { atMost: FLOOR_S * 1.05, unit: 's' } },
] as const;

export async function atNine({ engines }: Effort): Promise<Table[]> {
  const rows: string[][] = [];
  for (const engine of engines) for (const way of WAYS) rows.push(await measure(engine, way));
  return [
    {
      title: "class: a thousand keys at AWS API Gateway's documented rates",
      columns: [
        'engine',
        'how',
        'seconds',
        'x floor',
        'target',
        'keys',
        'usage plans',
        '429s, after the first second',
        'requests',
      ],
      rows,
      notes: [
        `From the first 202 until the last key is in its usage plan. The floor is ${FLOOR_S} s: CreateApiKey is ${PER_SECOND} a second for an account.`,
      ],
    },
  ];
}

async function measure(engine: Effort['engines'][number], { way, settings, target }: (typeof WAYS)[number]): Promise<string[]> {
  const [{ aws, url }, loader, place] = [await openAws(), await openLoader(), await freshPlace(engine)];
  const account = `region: eu-central-1, credentials: { accessKeyId: AKIABENCH, secretAccessKey: secret }, restApiId: a1b2c3, stage: prod`;
  const config = `providers:\n  aws: { driver: aws, endpoint: "${url}", ${account}${settings} }\nplans:\n  - { name: class, provider: aws, quota: none, unenforced: accept }\n`;
  const service = await startService({ place, config });
  const done = aws.ask({ keys: BOOKINGS, longestMs: LONGEST_MS });
  const acked = await loader.ask({
    url: `${service.url}/webhook`,
    recipe: { kind: 'webhook', secret: WEBHOOK_SECRET, starts: 'now', first: 1 },
    connections: 50,
    until: { requests: BOOKINGS },
  });
  const { lastAt, keys, plans, refused, refusedLater, requests } = await done;
  await service.stop();
  await Promise.all([aws.stop(), loader.stop(), place.remove()]);
  const seconds = (lastAt - acked.firstAt) / 1000;
  return [
    engine,
    way,
    seconds.toFixed(1),
    (seconds / FLOOR_S).toFixed(3),
    met(seconds, target),
    String(keys),
    String(plans),
    `${refused}, ${refusedLater}`,
    Object.entries(requests)
      .map(([operation, count]) => `${count} ${operation}`)
      .join(', '),
  ];
}
