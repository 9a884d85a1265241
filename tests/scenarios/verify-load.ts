import { connect, type Socket } from 'node:net';

/** Gateways that ask about keys as fast as they are answered, each with some questions on their way at a time. */
export interface VerifyLoad {
  /** How often each status was answered; `broken` is a question that got no whole answer. */
  readonly counts: Map<string, number>;
  /** Answers a second since it began, or since this was last asked. */
  rate(): number;
  /** Nobody asks any more; resolves when all answers are there. */
  stop(): Promise<void>;
}

export interface VerifyLoadOptions {
  readonly keys: readonly string[];
  readonly connections: number;
  /** Questions on their way in one connection; with more than one, those behind an answer that ends the connection are broken. */
  readonly depth?: number;
}

const STATUS = /HTTP\/1\.1 (\d{3})/g;
/** The longest beginning of a status line that is none yet. */
const HALF = 'HTTP/1.1 20'.length;

/** Written by hand on sockets: an HTTP client would need more of the two cores than the service. */
export function startVerifyLoad(url: string, { keys, connections, depth = 1 }: VerifyLoadOptions): VerifyLoad {
  const { hostname, port } = new URL(url);
  const counts = new Map<string, number>();
  let stopping = false;
  let next = 0;
  let since = performance.now();
  let before = 0;
  const add = (what: string, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times);
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
  const question = () =>
    `GET /verify?method=GET&path=/api/x HTTP/1.1\r\nHost: load\r\nX-API-Key: ${keys[next++ % keys.length]}\r\n\r\n`;

  function open(done: () => void): void {
    const socket: Socket = connect(Number(port), hostname);
    let asked = 0;
    let half = '';
    let ending = false;
    const ask = () => {
      const more = stopping || ending ? 0 : depth - asked;
      for (let each = 0; each < more; each += 1) socket.write(question());
      asked += more;
      if ((stopping || ending) && asked === 0) socket.end();
    };
    socket.setNoDelay(true).once('connect', ask);
    socket.on('data', (chunk: Buffer) => {
      const text = half + chunk.toString('latin1');
      half = text.slice(-HALF);
      for (const [, status] of text.matchAll(STATUS)) {
        add(status!);
        asked -= 1;
      }
      // Whoever is told that a connection ends asks on another one.
      ending ||= /\r\nconnection: close\r\n/i.test(text);
      ask();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      if (asked > 0) add('broken', asked);
      if (stopping) done();
      else setTimeout(open, 10, done);
    });
  }

  const all = Promise.all(Array.from({ length: connections }, () => new Promise<void>((resolve) => open(resolve))));
  return {
    counts,
    rate() {
      const now = performance.now();
      const answers = total();
      const rate = ((answers - before) * 1000) / (now - since);
      [since, before] = [now, answers];
      return Math.round(rate);
    },
    async stop() {
      stopping = true;
      await all;
    },
  };
}
