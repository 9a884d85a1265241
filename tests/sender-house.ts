import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { judge, type Verdict } from '../src/cli/simulate/check.ts';
import { documentOf } from '../src/cli/simulate/documents.ts';
import type { Fault } from '../src/cli/simulate/faults.ts';
import { play, type Sent } from '../src/cli/simulate/play.ts';
import type { Reply } from '../src/cli/simulate/post.ts';
import { retriesAfter, scriptOf } from '../src/cli/simulate/sender.ts';
import type { Says, Script, Send } from '../src/cli/simulate/sends.ts';
import { MINUTE, worldOf, type Life, type Version, type World, type WorldOptions } from '../src/cli/simulate/world.ts';
import { createApp } from '../src/http/app.ts';
import { webhookRoutes } from '../src/http/webhooks.ts';
import { createReceiver } from '../src/intake/receive.ts';
import { takeDue } from '../src/ledger/leases.ts';
import { silentLog } from '../src/observe/log.ts';
import type { TestEngine } from './engines.ts';
import { plan } from './fixtures/plan.ts';
import { policyWith, SECRET } from './intake-house.ts';
import { clockAt, openWorkshop } from './workshop.ts';

/*
 * The whole service under a simulated booking system: requests over HTTP, both databases, settling, and keys at a manager over HTTP. The
 * clock is ours: it goes from one request to the next by way of every moment at which a lease wakes.
 */

export type SenderHouse = Awaited<ReturnType<typeof openSenderHouse>>;

export interface Playing {
  readonly faults: readonly Fault[];
  readonly world: Omit<WorldOptions, 'firstId'>;
  /** The request is lost before it arrives, or its answer after that. */
  readonly loses?: (send: Send, world: World) => 'request' | 'answer' | undefined;
}

export interface Played extends Script {
  readonly world: World;
  readonly sent: readonly Sent[];
  /** In the end, some minutes after the last of it. */
  readonly verdict: Verdict;
}

export async function openSenderHouse(engine: TestEngine, startsAt = '2026-01-01T09:00:00Z') {
  const shop = await openWorkshop(engine, {
    clock: clockAt(startsAt),
    manager: { repeats: 'upsert' },
    // Its pace is of real time, of which none goes by between two moments here.
    beforeOperation: async () => {},
  });
  const { clock, ledger, sealer } = shop;
  const policy = policyWith({ plans: [{ ...plan, provider: 'campus' }] });
  Object.assign(shop.bound, { policy: () => policy });
  const queued: string[] = [];
  let firstId = 100;
  const jobs = { enqueue: async (_tx: unknown, _queue: unknown, ids: readonly string[]) => void queued.push(...ids) };
  const receiver = createReceiver({ ledger, jobs, sealer, policy: () => policy, now: clock.now });
  const server = createServer(createApp({ log: silentLog, trustProxy: [], routers: [webhookRoutes({ receiver })] }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;

  async function post(document: object): Promise<Reply> {
    const body = JSON.stringify(document);
    const signature = createHmac('sha256', SECRET).update(body).digest('base64');
    const response = await fetch(url, { method: 'POST', body, headers: { 'X-Webhook-Signature': signature } });
    return { status: response.status, outcome: ((await response.json()) as { status: string }).status, ms: 0 };
  }

  /** All that is due now, as jobs and the sweep do it. */
  async function settle(): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      const due = new Set([...queued.splice(0), ...(await takeDue(ledger.db, clock.now(), 500))]);
      if (due.size === 0) return;
      for (const id of due) await shop.settle(id);
    }
    throw new Error('leases are due again and again at the same moment');
  }

  async function nextWake(): Promise<Date | null> {
    const asleep = ledger.db.selectFrom('lease').select(({ fn }) => fn.min('wakeAt').as('at'));
    return (await asleep.executeTakeFirstOrThrow()).at;
  }

  /** By way of every moment at which a lease wakes. */
  async function goTo(at: Date, look: () => void): Promise<void> {
    for (let moments = 0; ; moments += 1) {
      if (moments > 1_000) throw new Error('leases wake again and again');
      const next = await nextWake();
      if (!next || next > at) break;
      if (next > clock.now()) clock.set(next.toISOString());
      await settle();
      look();
    }
    clock.set(at.toISOString());
  }

  async function held() {
    const leases = await ledger.db
      .selectFrom('lease')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .selectAll('lease')
      .select('reservation.externalId')
      .execute();
    const keys = (await shop.keys()).filter(({ state }) => state !== 'revoked');
    const iso = <T extends { closesAt: Date | null }>(row: T) => ({ ...row, closesAt: row.closesAt?.toISOString() ?? null });
    return { leases: leases.map(iso), keys: keys.map((key) => ({ ...key, closesAt: key.closesAt.toISOString() })) };
  }

  /** Plays it all, looks at every key at every moment, and ends some minutes after the last request. Once more only after `outlive`. */
  async function perform({ faults, world: about, loses }: Playing): Promise<Played> {
    const world = worldOf({ ...about, firstId });
    firstId += about.bookings;
    const script = scriptOf(world, { seed: about.seed, faults: new Set(faults) });
    const began = clock.now().getTime();
    const real = (at: number) => new Date(began + at);
    const told = createTold(world);
    const sent: Sent[] = [];
    const check = (): void => {
      assertKeys(shop.manager.keys(), told, { now: clock.now().getTime() - began, real });
    };
    await play(script.sends, {
      stopped: new AbortController().signal,
      until: (at) => real(at).getTime() - clock.now().getTime(),
      wait: (ms) => goTo(new Date(clock.now().getTime() + ms), check),
      async post(send) {
        const lost = loses?.(send, world);
        if (lost === 'request') return { status: 0, ms: 0 };
        const reply = await post(documentOf(send, real));
        told.hear(send.says);
        await settle();
        check();
        return lost === 'answer' ? { status: 0, ms: 0 } : reply;
      },
      retries: (send) => retriesAfter(send, { faults: new Set(faults), lengthMs: world.lengthMs }),
      atOnce: 1,
      onSent: (one) => void sent.push(one),
    });
    const at = Math.max(world.lengthMs, ...sent.map(({ send }) => send.at)) + MINUTE;
    await goTo(real(at), check);
    await settle();
    const unknowable = new Set(script.lost.flatMap(({ type, booking }) => (/_(START|END)$/.test(type) ? [] : [booking])));
    const verdict = judge(await held(), { world, clock: real, at, graceMs: 0, unknowable });
    return { ...script, world, sent, verdict };
  }

  return {
    ...shop,
    perform,
    /** Until the last booking is over. */
    async outlive(): Promise<void> {
      await goTo(new Date(clock.now().getTime() + 8 * 60 * MINUTE), () => {});
    },
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await shop.close();
    },
  };
}

/** What the service can know, kept apart from it. */
interface Told {
  hear(says: Says): void;
  /** A booking as it was told; undefined where it was not, or was deleted. */
  of(life: Life): Version | undefined;
  readonly world: World;
}

/** The booking service's own record counts before anything that the poller reads from a copy. */
function createTold(world: World): Told {
  const records = new Map<Life, Version>();
  const copies = new Map<Life, Version>();
  const deleted = new Set<Life>();
  const later = (known: Map<Life, Version>, life: Life, version: Version) => {
    if ((known.get(life)?.at ?? -1) <= version.at) known.set(life, version);
  };
  return {
    world,
    hear(says) {
      if (says.kind === 'flat' || says.kind === 'list') later(copies, says.life, says.version);
      if (says.kind !== 'entity') return;
      later(records, says.life, says.version);
      if (says.type === 'EVENT_DELETED') deleted.add(says.life);
    },
    of: (life) => (deleted.has(life) ? undefined : (records.get(life) ?? copies.get(life))),
  };
}

interface Living {
  readonly user_id: string;
  readonly expires_at: string;
  readonly complete: boolean;
  readonly metadata: { readonly reservation_id: string };
}

/** Whoever has a booking that runs has one whole key, until its end; nobody else has any. */
function assertKeys(
  living: readonly Living[],
  { world, of }: Told,
  { now, real }: { now: number; real: (at: number) => Date },
): void {
  const wanted = world.lives.flatMap((life) => {
    const version = of(life);
    if (!version || version.startsAt > now || version.endsAt <= now) return [];
    return [`${life.id} ${version.user} until ${real(version.endsAt).toISOString()}`];
  });
  const there = living.map(
    (key) =>
      `${key.metadata.reservation_id} ${key.user_id} until ${new Date(key.expires_at).toISOString()}${key.complete ? '' : ', without its policies'}`,
  );
  expect(there.toSorted(), `keys at ${real(now).toISOString()}`).toEqual(wanted.toSorted());
}
