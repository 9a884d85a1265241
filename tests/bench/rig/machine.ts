import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { serverVersion } from './place.ts';

/** What a figure is worth depends on where it was taken. Linux only: the rest is read from /proc. */
export async function describeMachine(at: Date): Promise<string> {
  const memory = Math.round(totalmem() / 2 ** 30);
  const postgres = (await serverVersion()) ?? 'none';
  const load = loadavg()[0]!.toFixed(1);
  return `${at.toISOString().slice(0, 16)}Z, ${cpus().length} vCPU (${cpus()[0]?.model.trim()}), ${memory} GB, Node ${process.versions.node}, PostgreSQL ${postgres}, load before ${load}`;
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** Processor time the process used so far, all its threads, in ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Waits until the process has caught up with what it was given, so that it does not disturb who is measured next. */
export async function quiet(pid: number, longestMs = 120_000): Promise<void> {
  const until = performance.now() + longestMs;
  let calm = 0;
  while (calm < 3 && performance.now() < until) {
    const before = cpuMs(pid);
    await delay(200);
    calm = cpuMs(pid) - before <= 20 ? calm + 1 : 0;
  }
}
