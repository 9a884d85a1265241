import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

/** The load generator wrk, which takes less of the processor than anything in Node. */

export type Asking = 'plain' | 'nginx' | 'program';

export interface WrkLoad {
  readonly url: string;
  readonly asking: Asking;
  readonly keysFile: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface WrkRun {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx and 3xx. */
  readonly notGood: number;
  readonly lost: number;
}

const Told = z.object({
  requests: z.number(),
  micros: z.number(),
  p50: z.number(),
  p99: z.number(),
  notGood: z.number(),
  lost: z.number(),
});
const run = promisify(execFile);
const SCRIPT = new URL('verify.lua', import.meta.url).pathname;

export function wrkIsHere(): boolean {
  return spawnSync('wrk', ['--version']).error === undefined;
}

export async function wrk({ url, asking, keysFile, connections, seconds }: WrkLoad): Promise<WrkRun> {
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', SCRIPT];
  const { stdout } = await run('wrk', [...load, url, '--', keysFile, asking]);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const { requests, micros, p50, p99, notGood, lost } = Told.parse(JSON.parse(last));
  return { requests, perSecond: (requests * 1e6) / micros, p50Ms: p50 / 1000, p99Ms: p99 / 1000, notGood, lost };
}
