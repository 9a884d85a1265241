import { Fault } from '../reservation/fault.ts';

export interface GroupCommit<Item, Result> {
  /** Resolves after the commit that recorded it. Rejects with `Fault('unavailable')` when it was not recorded and may be sent again. */
  submit(item: Item): Promise<Result>;
}

export interface GroupCommitOptions<Item, Result> {
  /** One transaction. Its results are in the order of the items. */
  readonly flush: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** How many rows an item makes. */
  readonly weigh: (item: Item) => number;
  /** Rows in one transaction, unless a single item has more. */
  readonly heaviest: number;
  /** Items that may wait; beyond it they are turned away at once. */
  readonly mostWaiting: number;
  /** Transactions at once: with two, one is committed while the next is filled; a third would only wait in the database. */
  readonly inFlight: 1 | 2;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const RETRY_AFTER_MS = 2_000;

/**
 * Records what arrives in one tick in one transaction: a commit costs as much for a hundred rows as for one. An item that
 * cannot be recorded fails alone.
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let inFlight = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled || waiting.length === 0 || inFlight >= options.inFlight) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      inFlight += 1;
      void commit(takeBatch(waiting, options), options.flush).finally(() => {
        inFlight -= 1;
        schedule();
      });
      schedule();
    });
  }

  return {
    submit: (item) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= options.mostWaiting)
          return reject(new Fault('unavailable', 'too much is waiting to be recorded', { retryAfterMs: RETRY_AFTER_MS }));
        waiting.push({ item, resolve, reject });
        schedule();
      }),
  };
}

function takeBatch<Item, Result>(waiting: Waiting<Item, Result>[], options: GroupCommitOptions<Item, Result>) {
  let weight = 0;
  let count = 0;
  while (count < waiting.length && (count === 0 || weight + options.weigh(waiting[count]!.item) <= options.heaviest))
    weight += options.weigh(waiting[count++]!.item);
  return waiting.splice(0, count);
}

/** Never rejects: each waiting item is told its own fate. */
async function commit<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  flush: GroupCommitOptions<Item, Result>['flush'],
): Promise<void> {
  const error = await tryTwice(batch, flush);
  if (!error) return;
  const lost = isOutage(error.cause);
  if (lost || batch.length === 1) return batch.forEach((one) => one.reject(error.cause));
  // One of them spoils it for all, and only trying tells which.
  for (const [index, one] of batch.entries()) {
    const own = await tryTwice([one], flush);
    if (!own) continue;
    one.reject(own.cause);
    if (isOutage(own.cause)) return batch.slice(index + 1).forEach((rest) => rest.reject(own.cause));
  }
}

/** After a lost connection or a deadlock the same transaction may well succeed: recording is idempotent. */
async function tryTwice<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  flush: GroupCommitOptions<Item, Result>['flush'],
): Promise<{ cause: unknown } | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const results = await flush(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results[index]!));
      return undefined;
    } catch (cause) {
      if (attempt === 2 || !isOutage(cause)) return { cause: asRetryable(cause) };
    }
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof Fault && error.code === 'unavailable';
}

function asRetryable(error: unknown): unknown {
  return isOutage(error) ? notRecorded(error) : error;
}

/** What the sender is told: the same request may well be recorded later. */
export function notRecorded(cause: unknown): Fault {
  const retryAfterMs = (cause instanceof Fault ? cause.retryAfterMs : undefined) ?? RETRY_AFTER_MS;
  return new Fault('unavailable', 'the event was not recorded; send it again', { retryAfterMs, cause });
}
