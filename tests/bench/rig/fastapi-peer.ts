import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopProcess } from './child.ts';
import { freePort } from './service.ts';

export interface FastApiPeer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The one that Debian's packages are for. */
const PYTHON = '/usr/bin/python3';
const LONGEST_START_MS = 60_000;

/** Undefined, and said so, where Python's FastAPI is not installed (Debian: python3-fastapi uvicorn python3-sqlalchemy python3-uvloop). */
export async function startFastApi(folder: string, keys: readonly string[]): Promise<FastApiPeer | undefined> {
  if (spawnSync(PYTHON, ['-c', 'import fastapi, uvicorn, sqlalchemy']).status !== 0) {
    console.warn('No python3-fastapi, uvicorn and python3-sqlalchemy here: that peer is left out.');
    return undefined;
  }
  const keysFile = join(folder, 'keys.txt');
  writeFileSync(keysFile, keys.join('\n'));
  const port = await freePort();
  const script = new URL('fastapi_peer.py', import.meta.url).pathname;
  const running = spawn(PYTHON, [script, String(port), join(folder, 'peer.sqlite'), keysFile], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + LONGEST_START_MS;
  while (
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  ) {
    if (running.exitCode !== null || performance.now() > until) throw new Error('the FastAPI peer did not start');
    await delay(50);
  }
  return { url, pid: running.pid!, stop: () => stopProcess(running) };
}
