import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Log } from '../../src/observe/log.ts';
import type { Source } from '../../src/reservation/source.ts';
import { engines } from '../engines.ts';
import { openHouse } from '../intake-house.ts';
import type { Case } from './fuzz-cases.ts';
import { watchStalls } from './stalls.ts';

/** The receiving half of the service under attack: what it answers, what it logs as its own failure, and how long it holds the processor. */
export async function openFortress(sources: Readonly<Record<string, Source>>, startsAt: string) {
  const errors: unknown[] = [];
  const stalls = watchStalls();
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (message, fields) => void errors.push({ message, ...fields }),
    child: () => log,
  };
  // The embedded database would work in this process, and what is measured here is ours.
  const house = await openHouse(engines.at(-1)!, startsAt, { log, around: stalls.around });
  house.setPolicy({ sources });
  const port = Number(new URL(house.url).port);
  return { house, errors, stalls, shoot: ({ bytes, lies }: Case) => exchange(port, bytes, lies ? 'hang up' : 'wait') };
}

const PATIENCE_MS = 20_000;

/** The status of the answer to these bytes; 0 where the connection ended without one. Rejects when nothing happens. */
function exchange(port: number, bytes: Buffer, then: 'wait' | 'hang up'): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (then === 'hang up') socket.end();
    });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => {
      if (answer.length < 200) answer += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!/ECONNRESET|EPIPE/.test(error.code ?? '')) reject(error);
    });
    socket.on('close', () => resolve(statusOf(answer)));
  });
}

function statusOf(answer: string): number {
  const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]));
  return statuses.find((status) => status !== 100) ?? 0;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of living objects. */
export function heapInUse(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
