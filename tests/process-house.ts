import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';

/** The service as people start it: a command, its signals, and what it writes where. Nothing of this machine's settings reaches it. */

const ROOT = new URL('..', import.meta.url).pathname;
const soon = { timeout: 90_000, interval: 50 };

export const MAIN = ['node', 'src/main.ts'];
export const ON_A_TERMINAL = ['node', '--import', 'data:text/javascript,process.stdout.isTTY=true', 'src/main.ts'];

export interface Started {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** The log's lines that have this message. */
  readonly logged: (message: string) => Record<string, unknown>[];
  /** Waits for this on standard output. */
  readonly says: (text: string) => Promise<void>;
  readonly exited: Promise<number | null>;
}

const running = new Set<ChildProcess>();

export function run([command, ...args]: readonly string[], env: Record<string, string>): Started {
  const child = spawn(command!, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that nothing of npm's outlives a test that failed.
    detached: true,
  });
  running.add(child);
  const written = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()));
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const lines = () => written.out.split('\n').filter((line) => line.startsWith('{'));
  return {
    child,
    out: () => written.out,
    err: () => written.err,
    logged: (message) =>
      lines()
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line['message'] === message),
    says: (text) => expect.poll(() => written.out, { ...soon, message: written.err }).toContain(text),
    exited,
  };
}

export function stopAll(): void {
  for (const { pid } of running) process.kill(-pid!, 'SIGKILL');
}

/** No process has the embedded database open. */
export function isFree(dataDir: string): boolean {
  const lock = new DatabaseSync(join(dataDir, 'owner.lock'));
  try {
    lock.exec('pragma busy_timeout = 0; begin exclusive');
    return true;
  } catch {
    return false;
  } finally {
    lock.close();
  }
}
