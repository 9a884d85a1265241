import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError, type Driver, type Issued, type IssueRequest, type KeyRef } from '../../providers/driver.ts';
import type { Caller } from './call.ts';

export interface Making {
  readonly request: IssueRequest;
  /** The living key of the generation before, at the same provider. */
  readonly previous: KeyRef<unknown> | undefined;
  /** Writes down what the driver has so far. */
  keep(handle: unknown): Promise<void>;
}

/** Has one key made at a provider: by itself, beside the one before, or together with all that wait. */
export type Make = (provider: string, making: Making) => Promise<Issued<unknown>>;

interface Waiting {
  readonly making: Making;
  readonly done: (issued: Issued<unknown> | Promise<Issued<unknown>>) => void;
  readonly failed: (error: unknown) => void;
}

interface Queue {
  readonly waiting: Waiting[];
  carrying: boolean;
}

/** So many are made one by one: the provider answers for each then, and takes our tags and all. */
const HANDFUL = 5;
const MOST_AT_ONCE = 100;
/** For those that settle in the same moment to come together. Next to what a call over the network takes it is nothing. */
const GATHER_MS = 25;

/**
 * Where a driver has `issueMany`, whoever waits while a call is under way goes with the next one, so a class is made in a few calls instead
 * of hundreds. A request that the provider will not have among others is made by itself, so that it fails alone.
 */
export function createMake(call: Caller, driverOf: (provider: string) => Driver<unknown> | undefined): Make {
  const queues = new Map<string, Queue>();

  const alone: Make = (provider, { request, previous, keep }) =>
    call(
      provider,
      'issue',
      async ({ driver }, surroundings) =>
        previous && driver.rotate
          ? await driver.rotate(previous, request, surroundings)
          : await driver.issue(request, surroundings),
      keep,
    );

  async function together(provider: string, group: readonly Waiting[]): Promise<void> {
    try {
      const requests = group.map(({ making }) => making.request);
      const issued = await call(provider, 'issue', async ({ driver }, surroundings) => {
        const all = await driver.issueMany!(requests, surroundings);
        if (all.length !== group.length) throw new DriverError('transient', `${provider}: not every key was answered for`);
        return all;
      });
      for (const [index, { done }] of group.entries()) done(issued[index]!);
    } catch (error) {
      const ofOne = error instanceof DriverError && error.kind === 'rejected';
      for (const one of group) {
        if (ofOne) one.done(alone(provider, one.making));
        else one.failed(error);
      }
    }
  }

  /** Carries groups off until nobody waits. */
  async function carry(provider: string, queue: Queue, most: number): Promise<void> {
    while (queue.waiting.length > 0) {
      await sleep(GATHER_MS);
      const group = queue.waiting.splice(0, queue.waiting.length > HANDFUL ? most : HANDFUL);
      if (group.length > HANDFUL) await together(provider, group);
      else for (const one of group) one.done(alone(provider, one.making));
    }
    queue.carrying = false;
  }

  return async (provider, making) => {
    const driver = driverOf(provider);
    if (!driver?.issueMany || (making.previous && driver.rotate)) return await alone(provider, making);
    const queue = queues.get(provider) ?? { waiting: [], carrying: false };
    queues.set(provider, queue);
    return await new Promise((done, failed) => {
      queue.waiting.push({ making, done, failed });
      if (queue.carrying) return;
      queue.carrying = true;
      void carry(provider, queue, driver.pace.batch ?? MOST_AT_ONCE);
    });
  };
}
