import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { Engine, LedgerLog } from './engine.ts';
import { Fault } from '../reservation/fault.ts';
import { asFault } from './outage.ts';

const HEARTBEAT_MS = 10_000;
const ANSWER_MS = 5_000;
const LONGEST_PAUSE_MS = 5_000;

interface Subscription {
  readonly channel: string;
  readonly onMessage: (payload: string) => void;
  readonly onReconnect: () => void;
}

/** A connection of its own for LISTEN, made again whenever it is lost. */
export function createListener(config: ClientConfig, log: LedgerLog): Pick<Engine, 'listen' | 'caughtUp' | 'close'> {
  const subscriptions: Subscription[] = [];
  const stop = new AbortController();
  let connected: Promise<Client> | undefined;
  /** Only when everybody who listens knows that it is there. */
  let live: Client | undefined;

  async function connect(): Promise<Client> {
    const client = new Client({ ...config, query_timeout: ANSWER_MS });
    // A failed connect rejects; what comes later comes here, followed by `end`.
    client.on('error', () => {});
    await client.connect();
    client.on('notification', ({ channel, payload }) => {
      for (const each of subscriptions) if (each.channel === channel) each.onMessage(payload ?? '');
    });
    for (const channel of new Set(subscriptions.map((each) => each.channel))) await client.query(`listen "${channel}"`);
    watch(client);
    return client;
  }

  function watch(client: Client): void {
    // A server that vanished without a word does not end the connection; an unanswered question does.
    const heartbeat = setInterval(() => {
      client.query('select 1').catch(() => client.end());
    }, HEARTBEAT_MS).unref();
    client.once('end', () => {
      clearInterval(heartbeat);
      live = undefined;
      if (!stop.signal.aborted) connected = reconnect();
      connected?.catch(() => {});
    });
  }

  async function reconnect(): Promise<Client> {
    log('the database stopped telling us news; connecting again');
    for (let pause = 100; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await delay(pause, undefined, { signal: stop.signal, ref: false });
      const client = await connect().catch(() => undefined);
      if (!client) continue;
      for (const each of subscriptions) each.onReconnect();
      live = client;
      return client;
    }
  }

  return {
    async listen(channel, onMessage, onReconnect = () => {}) {
      const client = await (connected ??= connect()).catch((error: unknown) => {
        connected = undefined;
        throw asFault(error);
      });
      subscriptions.push({ channel, onMessage, onReconnect });
      await client.query(`listen "${channel}"`);
      live = client;
    },
    async caughtUp() {
      if (!live) throw new Fault('unavailable', 'the database tells no news at the moment');
      // A server sends what was committed before it answers (since version 13).
      await live.query('select 1');
    },
    async close() {
      stop.abort();
      const client = await connected?.catch(() => undefined);
      await client?.end();
    },
  };
}
