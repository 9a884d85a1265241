import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type Call, type Driver } from '../../providers/driver.ts';
import { LONGEST_BACKOFF_MS } from './backoff.ts';
import { Postponed, type Gate } from './gate.ts';
import { createSlots, type Slots } from './slots.ts';

/** A configured provider, opened. The core knows no more of a driver's handle than that it can be stored. */
export interface OpenProvider {
  readonly name: string;
  readonly driver: Driver<unknown>;
  /** Reads a stored handle back; throws when the driver would not understand it. */
  parseHandle(stored: unknown): unknown;
}

export type Providers = (name: string) => OpenProvider | undefined;

export const ACTIONS = [
  'issue',
  'revoke',
  'retime',
  'suspend',
  'resume',
  'usage',
  'reveal',
  'probe',
  'list',
  'repair',
  'tidy',
  'check',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface CallerOptions {
  readonly providers: Providers;
  readonly gate: Gate;
  /** Reserves the next moment for an operation of a provider; milliseconds to wait, or undefined when that is too far off. */
  readonly pace: (slot: Slot) => Promise<number | undefined>;
  /** How long one call may take in all, where its provider is not given longer. */
  readonly deadlineMs: number;
  readonly observe?: (outcome: CallOutcome) => void;
  /** The places of each provider; of its own where nobody else looks at them. */
  readonly slots?: Slots;
  /** Set off when the service stops: calls that still run are given up, to be made again by the next start. */
  readonly stopping: AbortSignal;
  /** Only tests stop the process here. */
  readonly crashPoint?: (name: string) => void;
}

/** How a call that was made ended. */
export interface CallOutcome {
  readonly provider: string;
  readonly action: Action;
  readonly seconds: number;
  readonly failure?: DriverError;
}

export interface Slot {
  readonly provider: string;
  readonly operation: string;
  readonly perSecond: number;
  readonly furthestMs: number;
}

/** `keep` writes down what the driver has so far; without it that is lost with the call. */
export type Caller = <T>(
  provider: string,
  action: Action,
  work: (open: OpenProvider, call: Call) => Promise<T>,
  keep?: Call['keep'],
) => Promise<T>;

/** The calls that settling makes; the others are few, and answer whoever asks how a provider is. */
const ON_KEYS: ReadonlySet<Action> = new Set(['issue', 'revoke', 'retime', 'suspend', 'resume', 'probe']);
/** How long a call may take in all; a provider that needs more says so. */
export const DEADLINE_MS = 60_000;
/** Of a whole listing: hundreds of pages at the provider's pace. */
const LIST_DEADLINE_MS = 15 * 60_000;
const PACED_WAIT_MS = 1000;
/** Further ahead than this a call is not begun. */
const WAITS_FOR_CALL_MS = 2000;
/** One that has begun has more patience: what it did so far was paid for, and some operations are allowed once in twenty seconds. */
const WAITS_IN_CALL_MS = 25_000;
/** Faster than one node settles: nothing to keep pace with. */
const UNPACED_PER_SECOND = 1000;

/**
 * The only way to a driver: with a deadline, at the provider's pace, not at all while it is down, and with every failure a
 * `DriverError` that holds nothing secret. Throws `Postponed` when the call was not made.
 */
export function createCaller(options: CallerOptions): Caller {
  const slots = options.slots ?? createSlots(options.stopping);
  return async (provider, action, work, keep = async () => {}) => {
    const open = options.providers(provider);
    if (!open) throw new DriverError('denied', `provider ${provider} is not configured any more`);
    if (!ON_KEYS.has(action)) return await callNow(options, { open, action, work, keep });
    options.gate.stillOpen(provider);
    const leave = await slots.enter(provider, open.driver.pace.concurrency);
    try {
      return await callNow(options, { open, action, work, keep });
    } finally {
      leave();
    }
  };
}

interface Errand<T> {
  readonly open: OpenProvider;
  readonly action: Action;
  readonly work: (open: OpenProvider, call: Call) => Promise<T>;
  readonly keep: Call['keep'];
}

async function callNow<T>(options: CallerOptions, { open, action, work, keep }: Errand<T>): Promise<T> {
  const { name } = open;
  const waitMs = options.gate.enter(name);
  if (waitMs > 0) {
    await sleep(waitMs);
    options.gate.stillOpen(name);
  }
  await keepPace(options, open, action);
  const began = performance.now();
  const ended = (failure?: DriverError) =>
    options.observe?.({ provider: name, action, failure, seconds: (performance.now() - began) / 1000 });
  const deadlineMs = Math.max(action === 'list' ? LIST_DEADLINE_MS : options.deadlineMs, open.driver.deadlineMs ?? 0);
  options.crashPoint?.(`${action}:before-call`);
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(deadlineMs), options.stopping]);
    // A listing that is put off begins at the first page again.
    const furthestMs = action === 'list' ? LIST_DEADLINE_MS : WAITS_IN_CALL_MS;
    const call: Call = {
      signal,
      requestId: randomUUID(),
      turn: (operation) => waitForTurn(options, open, { operation, signal, furthestMs }),
      keep,
    };
    const answer = await withDeadline(work(open, call), call.signal);
    options.crashPoint?.(`${action}:after-call`);
    options.gate.succeeded(name);
    ended();
    return answer;
  } catch (error) {
    if (error instanceof Postponed) throw error;
    const failure = asDriverError(error, name);
    options.gate.failed(name, failure);
    ended(failure);
    throw failure;
  }
}

async function keepPace(options: CallerOptions, open: OpenProvider, action: Action): Promise<void> {
  if (action !== 'issue' && action !== 'revoke') return;
  const perSecond = action === 'issue' ? open.driver.pace.issuePerSecond : open.driver.pace.revokePerSecond;
  if (perSecond >= UNPACED_PER_SECOND) return;
  await takeTurn(options, { provider: open.name, operation: action, perSecond, furthestMs: WAITS_FOR_CALL_MS });
}

async function waitForTurn(
  options: CallerOptions,
  { name, driver }: OpenProvider,
  { signal, ...slot }: { operation: string; signal: AbortSignal; furthestMs: number },
): Promise<void> {
  const perSecond = driver.pace.operations?.[slot.operation];
  if (perSecond !== undefined) await takeTurn(options, { provider: name, perSecond, ...slot }, signal);
}

async function takeTurn(options: CallerOptions, slot: Slot, signal?: AbortSignal): Promise<void> {
  const { provider, operation, perSecond } = slot;
  const waitMs = await options.pace(slot);
  if (waitMs === undefined)
    throw new Postponed(`${provider} takes ${perSecond} a second of ${operation}`, Math.max(PACED_WAIT_MS, 1000 / perSecond));
  if (waitMs > 0) await sleep(waitMs, undefined, { signal });
}

/** A driver that ignores its signal is not waited for. */
async function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const expire = () => reject(new DriverError('transient', 'no answer in time'));
  signal.addEventListener('abort', expire, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', expire);
  }
}

/** Whatever a driver threw by mistake may hold anything: only its kind of mistake is kept. */
function asDriverError(error: unknown, provider: string): DriverError {
  if (error instanceof DriverError) return withinReason(error);
  const name = error instanceof Error ? error.name : typeof error;
  return new DriverError('transient', `${provider}: the driver failed with ${name}`);
}

/** A provider that asks to be left alone for a year is asked sooner: a key that must be revoked works until then (law 5). */
function withinReason(failure: DriverError): DriverError {
  const { kind, message, status, retryAfterMs } = failure;
  if (retryAfterMs === undefined || retryAfterMs <= LONGEST_BACKOFF_MS) return failure;
  return new DriverError(kind, message, { status, retryAfterMs: LONGEST_BACKOFF_MS });
}
