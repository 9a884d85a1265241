import { toolsFor } from '../providers/contract-world.ts';
import { generic } from '../providers/generic/driver.ts';
import { startFakeManager, type FakeManagerOptions } from '../providers/generic/fake.ts';
import type { Driver, Tools } from '../providers/driver.ts';
import { openTokens } from '../src/keys/tokens.ts';
import { createCaller } from '../src/lease/call.ts';
import { createGate } from '../src/lease/gate.ts';
import { createOperations } from '../src/lease/operate.ts';
import { createMake } from '../src/lease/make.ts';
import { createSettle } from '../src/lease/settle.ts';
import { createSlots } from '../src/lease/slots.ts';
import { createWatch } from '../src/lease/watch.ts';
import type { Workshop } from '../src/lease/turn.ts';
import { newId } from '../src/ledger/ids.ts';
import { openLeases, wakeLeases } from '../src/ledger/leases.ts';
import { wakeWaiting } from '../src/ledger/waiting.ts';
import { createLock } from '../src/ledger/locks.ts';
import { releaseTurns } from '../src/ledger/turns.ts';
import { reservePace } from '../src/ledger/pace.ts';
import type { Event } from '../src/reservation/event.ts';
import { emptyReservation, fold, reviveReservation } from '../src/reservation/fold.ts';
import type { Notice } from '../src/reservation/notice.ts';
import type { Plan } from '../src/reservation/plan.ts';
import { Secret } from '../src/secret/secret.ts';
import { ofDefault, plan as lab, tokenRules } from './fixtures/plan.ts';
import type { TestEngine } from './engines.ts';

const TOKEN = 'management-token-for-tests';

export interface Clock {
  now(): Date;
  set(iso: string): void;
  forward(ms: number): void;
}

export function clockAt(iso: string): Clock {
  let at = Date.parse(iso);
  return {
    now: () => new Date(at),
    set: (next) => (at = Date.parse(next)),
    forward: (ms) => (at += ms),
  };
}

/** What a process opens anew when it starts, at a provider that lives on. */
export interface Far {
  driver(tools: Tools): Driver<unknown>;
  parseHandle(stored: unknown): unknown;
}

/** Settling with a real ledger and a real driver over HTTP against a key manager that can fail; only the clock is ours. */
export async function openWorkshop(
  engine: TestEngine,
  options: {
    clock?: Clock;
    plan?: Partial<Plan>;
    crashPoint?: (name: string) => void;
    manager?: Partial<FakeManagerOptions>;
    /** As configured for the provider. */
    timeout?: string;
    /** A provider other than the key manager. */
    far?: Far;
    /** Instead of its pace, before an operation of the provider; one that never resolves is the death of the process there. */
    beforeOperation?: (operation: string) => Promise<unknown>;
  } = {},
) {
  const clock = options.clock ?? clockAt('2026-01-01T09:00:00Z');
  const { ledger, sealer, chain, place, close } = await engine.open({ now: clock.now });
  const manager = await startFakeManager({ ...options.manager, token: TOKEN, now: clock.now });
  const config = generic.config.parse({ endpoint: manager.url, token: TOKEN, timeout: options.timeout ?? '2s' });
  const campus: Far = {
    driver: (tools) => generic.open(config, tools),
    parseHandle: (stored) => generic.handle.parse(stored),
  };
  const { far = campus } = options;
  const plan: Plan = { ...lab, provider: 'campus', ...options.plan };
  const notices: Notice[] = [];
  const proofs: { provider: string; seconds: number }[] = [];
  /** May be bound to something else by a test that has more of the house. */
  const bound: Pick<Workshop, 'policy' | 'announce'> = {
    policy: () => ({ ...ofDefault, plans: [plan] }),
    announce: async (_tx, notice) => void notices.push(notice),
  };
  const log = {
    debug() {},
    info() {},
    warn: (message: string, fields?: object) => void warnings.push({ message, ...fields }),
    error: (message: string, fields?: object) => void errors.push({ message, ...fields }),
    child: () => log,
  };
  const errors: object[] = [];
  const warnings: { message: string }[] = [];
  const signed = openTokens({ ledger, sealer, rules: () => tokenRules, now: clock.now });
  /** Everything that a process keeps in memory. */
  const start = () => {
    const driver = far.driver({ ...toolsFor('campus'), lock: createLock(ledger.db, clock.now) });
    const providers = () => ({ name: 'campus', driver, parseHandle: far.parseHandle });
    const gate = createGate({
      now: clock.now,
      random: () => 0,
      onRecovery: (provider) => void wakeWaiting(ledger.db, provider, clock.now()),
    });
    const stopping = new AbortController().signal;
    const slots = createSlots(stopping);
    const watch = createWatch({ now: clock.now, gate, slots, lanes: { of: () => ({ running: 0, waiting: 0 }) } });
    const call = createCaller({
      providers,
      gate,
      slots,
      observe: watch.called,
      // Whoever dies before an operation never answers; nobody else is to be given up.
      deadlineMs: options.beforeOperation ? 60_000 : 3000,
      pace: async (slot) => {
        if (!options.beforeOperation) return await reservePace(ledger.db, { ...slot, now: clock.now() });
        await options.beforeOperation(slot.operation);
        return 0;
      },
      stopping,
      crashPoint: options.crashPoint,
    });
    const shop: Workshop = {
      ledger,
      sealer,
      policy: () => bound.policy(),
      providers,
      call,
      make: createMake(call, () => driver),
      announce: (tx, notice) => bound.announce(tx, notice),
      now: clock.now,
      random: () => 0.5,
      keyPrefix: 'temp',
      mintToken: signed.mint,
      log,
      proved: (provider, seconds) => void proofs.push({ provider, seconds }),
      crashPoint: options.crashPoint,
    };
    const settle = createSettle(shop);
    const operations = createOperations({ ledger, settle, lens: shop, wait: async () => {} });
    return { shop, settle, operations, watch };
  };
  let running = start();

  /** What intake does with one observation. */
  const hear = async (event: Event): Promise<string[]> =>
    await ledger.transact(async (tx) => {
      const found = await tx.db
        .selectFrom('reservation')
        .selectAll()
        .where('externalId', '=', event.reservationId)
        .executeTakeFirst();
      const state = fold(found ? reviveReservation(found.state) : emptyReservation('lab', event.reservationId), event);
      const id = found?.id ?? newId('rsv');
      const now = clock.now();
      const row = { state: JSON.stringify(state), startsAt: state.startsAt?.value, endsAt: state.endsAt?.value, updatedAt: now };
      if (found) await tx.db.updateTable('reservation').set(row).where('id', '=', id).execute();
      else
        await tx.db
          .insertInto('reservation')
          .values({ ...row, id, source: 'lab', externalId: event.reservationId, createdAt: now })
          .execute();
      const { resource, holders } = state;
      if (resource && holders)
        await openLeases(tx.db, { reservationId: id, plan, holderIds: holders.value, resourceId: resource.value.id, now });
      return await wakeLeases(tx.db, id, now);
    });

  return {
    signed,
    clock,
    ledger,
    sealer,
    chain,
    place,
    manager,
    notices,
    proofs,
    bound,
    errors,
    warnings,
    get shop() {
      return running.shop;
    },
    get watch() {
      return running.watch;
    },
    get operations() {
      return running.operations;
    },
    settle: (leaseId: string) => running.settle(leaseId),
    hear,
    /** What a process that died leaves behind: the ledger and the provider. */
    restart: async () => {
      running = start();
      if (ledger.engine === 'embedded') await releaseTurns(ledger.db, clock.now());
    },
    settleAll: async () => {
      for (const { id } of await ledger.db.selectFrom('lease').select('id').orderBy('id').execute()) await running.settle(id);
    },
    leases: () => ledger.db.selectFrom('lease').selectAll().orderBy('id').execute(),
    keys: () => ledger.db.selectFrom('key').selectAll().orderBy('id').execute(),
    /** The plain value of a key that nobody claimed yet. */
    valueOf: async (keyId: string): Promise<Secret> => {
      const key = await ledger.db.selectFrom('key').selectAll().where('id', '=', keyId).executeTakeFirstOrThrow();
      return key.sealedSecret ? sealer.open(key.sealedSecret, `key:${keyId}`) : new Secret('wiped');
    },
    close: async () => {
      await manager.close();
      await close();
    },
  };
}

export type TestWorkshop = Awaited<ReturnType<typeof openWorkshop>>;
