import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, describe, test } from 'vitest';
import { createChain, type Chain } from '../src/audit/chain.ts';
import { openLedgerOn, type Ledger, type LedgerOptions } from '../src/ledger/database.ts';
import { createSealer, type Sealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';
import { SERVER_URL, type Place } from './databases.ts';
import { lend, removeIdle, type EngineName } from './lending.ts';

/** A database of its own for each `open`, on both engines, so that every ledger test asks both. */

afterAll(removeIdle);

export interface TestLedger {
  ledger: Ledger;
  sealer: Sealer;
  chain: Chain;
  /** How to open the same database once more. */
  place: Place;
  close(): Promise<void>;
}

export interface TestEngine {
  name: EngineName;
  open(options?: OpenOptions): Promise<TestLedger>;
}

export interface OpenOptions {
  now?: () => Date;
  log?: LedgerOptions['log'];
}

const serverAnswers = await reach(SERVER_URL);
if (!serverAnswers && process.env.CI === 'true')
  throw new Error(`tests: no PostgreSQL at ${SERVER_URL}; in CI there must be one`);
if (!serverAnswers)
  console.warn(`\n!!! No PostgreSQL at ${SERVER_URL}: its half of the ledger tests is SKIPPED. Set TEST_DATABASE_URL.\n`);

/** The engines there are on this machine. */
export const engines: TestEngine[] = (['embedded', ...(serverAnswers ? (['postgres'] as const) : [])] as const).map((name) => ({
  name,
  open: (options) => openTestLedger(name, options),
}));

/** `define` once for each engine; PostgreSQL shows up as skipped where there is no server. */
export function describeEngines(name: string, define: (engine: TestEngine) => void): void {
  for (const engine of engines)
    describe(`${name} (${engine.name})`, () => {
      define(engine);
    });
  // oxlint-disable-next-line vitest/no-disabled-tests vitest/no-conditional-tests -- a skip that can be seen is the point
  if (!serverAnswers) test.skip(`${name} (postgres): needs a server`);
}

export async function openTestLedger(name: EngineName, options: OpenOptions = {}): Promise<TestLedger> {
  const { engine, place, giveBack } = await lend(name);
  const sealer = createSealer([new Secret(randomBytes(32).toString('base64'))]);
  const chain = createChain(sealer.derive('audit'));
  const { now = () => new Date(), log = () => {} } = options;
  const ledger = await openLedgerOn(engine, { now, mac: chain.mac, log });
  return { ledger, sealer, chain, place, close: () => giveBack(() => ledger.close()) };
}

async function reach(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  const answers = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => {});
  return answers;
}
