import { createHmac } from 'node:crypto';
import type { Effort } from './rig/effort.ts';
import { amount, met, percentile, type Table } from './rig/figures.ts';
import { openHolder, postFrom, type Holder } from './rig/holder.ts';
import { freshPlace, type EngineName } from './rig/place.ts';
import { eventOf } from './rig/requests.ts';
import { startService, WEBHOOK_SECRET } from './rig/service.ts';

/** One booking at a time: from its 202 until its holder has the link, and until the key that the link gave is VALID. */

const BOOKINGS = 300;
const WARMUP = 20;
const P99_MS = 50;
const PLAN = `plans:\n  - name: bench\n    provider: local\n    handover: { by: [callback], confirm: none }\nproviders:\n  local: { driver: builtin }\n`;

interface Seen {
  readonly ackMs: number;
  readonly linkMs: number;
  readonly usableMs: number;
}

export async function latency(effort: Effort): Promise<Table[]> {
  const rows: string[][] = [];
  for (const engine of effort.engines) {
    const seen = await measure(engine);
    const row = (name: string, values: number[], target = '') => [
      `${engine}: ${name}`,
      ...[0.5, 0.95, 0.99, 1].map((share) => amount(percentile(values, share))),
      target,
    ];
    const [links, usable] = [seen.map(({ linkMs }) => linkMs), seen.map(({ usableMs }) => usableMs)];
    rows.push(
      row(
        'request to 202',
        seen.map(({ ackMs }) => ackMs),
      ),
    );
    rows.push(row('202 to the link at the holder', links));
    rows.push(row('202 to claimed and VALID', usable, `p99 ${met(percentile(usable, 0.99), { atMost: P99_MS, unit: ' ms' })}`));
  }
  return [
    {
      title: 'latency: from the acknowledgement to a key that works, built-in key manager',
      columns: ['what', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'target'],
      rows,
      notes: [
        `${BOOKINGS} bookings, one after the other, all over HTTP: the callback with the link, the claim, and POST /v1/verify saying VALID. The key works before the link is sent, so the last line is an upper bound.`,
      ],
    },
  ];
}

async function measure(engine: EngineName): Promise<Seen[]> {
  const place = await freshPlace(engine);
  const holder = await openHolder();
  const service = await startService({ place, config: PLAN, env: { NOTIFICATION_ENDPOINT: holder.url } });
  const seen: Seen[] = [];
  for (let booking = 1; booking <= WARMUP + BOOKINGS; booking += 1) {
    const one = await live(service.url, holder, booking);
    if (booking > WARMUP) seen.push(one);
  }
  await service.stop();
  holder.close();
  await place.remove();
  return seen;
}

async function live(url: string, holder: Holder, booking: number): Promise<Seen> {
  const body = JSON.stringify(eventOf(booking, { starts: 'now' }));
  const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('base64');
  const link = holder.linkFor(String(booking));
  const sentAt = performance.now();
  const response = await fetch(`${url}/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-signature': signature },
    body,
  });
  const ackedAt = performance.now();
  if (response.status !== 202) throw new Error(`booking ${booking} was answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  const { path, at } = await link;
  const from = `127.1.${booking >> 8}.${booking & 255 || 1}`;
  const claimed = await postFrom(from, `${url}${path}`, {});
  const { key } = claimed.body as { key?: string };
  const verdict = await postFrom(from, `${url}/v1/verify`, { key, method: 'GET', path: '/x' });
  const { code } = verdict.body as { code?: string };
  if (code !== 'VALID') throw new Error(`booking ${booking}: claim ${claimed.status}, verify ${code}`);
  return { ackMs: ackedAt - sentAt, linkMs: at - ackedAt, usableMs: performance.now() - ackedAt };
}
