import { expect } from 'vitest';
import type { World } from '../providers/contract-world.ts';
import type { Event } from '../src/reservation/event.ts';
import { Secret } from '../src/secret/secret.ts';
import { engines } from './engines.ts';
import { clockAt, openWorkshop, type Clock, type Far } from './workshop.ts';

/*
 * Settling in a process that dies: at each point that the core names, and before each request that its driver makes, which is after the one
 * before it. The ledger, the provider and the clock live on.
 */

export interface FarProvider extends Far {
  readonly world: Pick<World, 'liveKeys' | 'opensTheDoor'>;
  close(): Promise<void>;
}

export interface Death {
  readonly point: string;
  readonly times: number;
}

const ACTS = ['issue', 'rotate', 'revoke'] as const;
export type Act = (typeof ACTS)[number];

/** What the plan's default scope allows. */
const READ = { method: 'GET', path: '/api/data' };

class Died extends Error {}

/** Longer than a turn and a lock are held. */
const DEAD_MS = 20_000;
const MOST_WAITS = 12;

export type CrashingWorkshop = Awaited<ReturnType<typeof openCrashing>>;

export async function openCrashing(open: (clock: Clock) => Promise<FarProvider>) {
  const clock = clockAt('2026-01-15T09:00:00Z');
  const far = await open(clock);
  const points: string[] = [];
  let armed: (Death & { readonly die: () => void }) | undefined;
  let seen = 0;

  /** True when this is the one. */
  function pass(point: string): boolean {
    points.push(point);
    if (armed?.point !== point || ++seen < armed.times) return false;
    armed.die();
    armed = undefined;
    return true;
  }

  const work = await openWorkshop(engines[0]!, {
    clock,
    far,
    plan: { acceptsUnenforced: true },
    crashPoint(point) {
      if (pass(point)) throw new Died();
    },
    beforeOperation: async (operation) => (pass(`before:${operation}`) ? await new Promise(() => {}) : undefined),
  });

  async function settle(leaseId: string): Promise<void> {
    for (let waits = 0; waits < MOST_WAITS; waits += 1) {
      await work.settle(leaseId);
      const { wakeAt, closesAt } = (await work.leases()).find(({ id }) => id === leaseId)!;
      // Only what is put off: the end of the window is another act.
      if (!wakeAt || !closesAt || wakeAt >= closesAt || wakeAt.getTime() - clock.now().getTime() > 10 * 60_000) return;
      clock.forward(Math.max(0, wakeAt.getTime() - clock.now().getTime()));
    }
    const keys = (await work.keys()).filter((key) => key.leaseId === leaseId);
    expect.unreachable(`it does not come to rest: ${keys.map((key) => `${key.name} ${key.state} ${key.lastError}`).join('; ')}`);
  }

  const booking = (id: number, change: Partial<Event> = {}): Event => ({
    type: 'created',
    reservationId: String(id),
    version: 1,
    resource: { id: `r${id}`, name: 'lab', type: 'API Key' },
    holders: [{ id: `user-${id}` }],
    startsAt: clock.now(),
    endsAt: new Date(clock.now().getTime() + 3_600_000),
    ...change,
  });

  const acts: Record<Act, (id: number) => Promise<string>> = {
    async issue(id) {
      const [leaseId] = await work.hear(booking(id));
      return leaseId!;
    },
    async rotate(id) {
      const leaseId = await leaseOf(id);
      const { generation } = (await work.leases()).find(({ id: one }) => one === leaseId)!;
      await work.ledger.db
        .updateTable('lease')
        .set({ generation: generation + 1, overlapUntil: clock.now(), wakeAt: clock.now() })
        .where('id', '=', leaseId)
        .execute();
      return leaseId;
    },
    async revoke(id) {
      await work.hear({ type: 'cancelled', reservationId: String(id), version: 2 });
      return await leaseOf(id);
    },
  };

  async function leaseOf(id: number): Promise<string> {
    const row = await work.ledger.db
      .selectFrom('lease')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .select('lease.id')
      .where('reservation.externalId', '=', String(id))
      .executeTakeFirstOrThrow();
    return row.id;
  }

  async function value(keyId: string): Promise<Secret> {
    const kept = await work.valueOf(keyId);
    if (kept.reveal() !== 'wiped') return kept;
    const key = (await work.keys()).find(({ id }) => id === keyId)!;
    return await work.shop.call('campus', 'reveal', ({ driver, parseHandle }, call) =>
      driver.reveal!({ name: key.name, handle: parseHandle(key.handle), secret: null }, call),
    );
  }

  return {
    points,
    settle,
    /** Does it, in a process that dies there or not, and again in the next one. */
    async act(act: Act, id: number, death?: Death): Promise<void> {
      const leaseId = await acts[act](id);
      if (death) {
        const died = new Promise<void>((die) => {
          seen = 0;
          armed = { ...death, die };
        });
        await Promise.race([died, work.settle(leaseId).catch((error: unknown) => expect(error).toBeInstanceOf(Died))]);
        armed = undefined;
        await work.restart();
        clock.forward(DEAD_MS);
      }
      await settle(leaseId);
    },
    /** What lives at the provider of a booking, and whether the key that our books have opens the door. */
    async standing(id: number): Promise<{ live: string[]; opens: boolean | undefined; claims: (string | null)[] }> {
      const leaseId = await leaseOf(id);
      const mine = `lk-${leaseId.replace('lse_', '')}-`;
      const live = (await far.world.liveKeys()).filter(({ name }) => name.startsWith(mine));
      expect(live.every(({ complete }) => complete)).toBe(true);
      const active = (await work.keys()).filter((key) => key.leaseId === leaseId && key.state === 'active');
      const opens = active[0] && (await far.world.opensTheDoor(await value(active[0].id), READ));
      return { live: live.map(({ name }) => name), opens, claims: active.map(({ name }) => name) };
    },
    errors: work.errors,
    async close(): Promise<void> {
      await work.close();
      await far.close();
    },
  };
}
