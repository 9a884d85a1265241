import { expect, onTestFinished, test } from 'vitest';
import { DriverError, type Driver } from '../providers/driver.ts';
import { createCaller, type OpenProvider } from '../src/lease/call.ts';
import { createGate } from '../src/lease/gate.ts';
import { tidyProviders } from '../src/lease/tidy.ts';
import { silentLog } from '../src/observe/log.ts';
import { describeEngines } from './engines.ts';
import { clockAt } from './workshop.ts';

describeEngines('tidying', (engine) => {
  test('is asked of each provider that can once an hour over all nodes, told where it came to something, and fails for itself', async () => {
    const clock = clockAt('2026-01-01T09:00:00Z');
    const { ledger, close } = await engine.open({ now: clock.now });
    onTestFinished(close);
    const asked: string[] = [];
    const told: unknown[] = [];
    const tidy: Record<string, (() => Promise<number>) | undefined> = {
      full: async () => 3,
      clean: async () => 0,
      broken: async () => {
        throw new DriverError('denied', 'broken: answered 403');
      },
      plain: undefined,
    };
    const providers = (name: string): OpenProvider => {
      const work = tidy[name];
      const driver = { tidy: work && (async () => (asked.push(name), await work())) } as Driver<unknown>;
      return { name, driver, parseHandle: (stored) => stored };
    };
    const log = {
      ...silentLog,
      info: (message: string, fields?: object) => void told.push({ message, ...fields }),
      warn: (message: string, fields?: object) => void told.push({ message, ...fields }),
    };
    const aNode = () => {
      const gate = createGate({ now: clock.now, random: () => 0, onRecovery: () => {} });
      const stopping = new AbortController().signal;
      const call = createCaller({ providers, gate, stopping, deadlineMs: 30_000, pace: async () => 0 });
      return { call, providers, ledger, now: clock.now, log };
    };
    const nodes = [aNode(), aNode()];
    const everyNode = async () => await Promise.all(nodes.map((node) => tidyProviders(node, Object.keys(tidy))));

    await everyNode();
    expect(asked.splice(0).sort()).toEqual(['broken', 'clean', 'full']);
    expect(told).toHaveLength(2);
    expect(told).toContainEqual({ message: 'provider tidied', provider: 'full', collected: 3 });
    expect(told).toContainEqual({ message: 'provider not tidied', provider: 'broken', error: 'broken: answered 403' });
    clock.forward(3_599_000);
    await everyNode();
    expect(asked).toEqual([]);
    clock.forward(1000);
    await everyNode();
    expect(asked.sort()).toEqual(['broken', 'clean', 'full']);
  });
});
