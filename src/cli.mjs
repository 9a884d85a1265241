#!/usr/bin/env node
// The `latchkey` command. Plain JavaScript, so that an old Node can read it too: the rest is TypeScript, which only a new one runs.
// `npx latchkey` may start it with the machine's own Node; then the Node that npm installed with the project takes over.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import './compile-cache.mjs';

const OLDEST = [24, 2];
const LOOK_MS = 500;

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const cache = new URL('./compile-cache.mjs', import.meta.url).href;
const ours = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

if (process.env.npm_lifecycle_event === 'npx') stopWithParent();
if (isNewEnough(process.versions.node)) {
  await import('./cli.ts');
} else if (existsSync(ours)) {
  handOver();
} else {
  process.stderr.write(
    `latchkey needs Node ${OLDEST.join('.')} or newer and this is ${process.versions.node}. ` +
      'Run `npm ci` in its folder, which brings the right one, or install a newer Node.\n',
  );
  process.exitCode = 1;
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** npx runs us in a shell, which dies of a signal without passing it on: its end is then our SIGTERM. */
function stopWithParent() {
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  look.unref();
}

function handOver() {
  const child = spawn(ours, ['--import', cache, cli, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`latchkey: ${ours} does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    // 128 and the signal's number is what shells say; the ones above are all that we pass on.
    process.exitCode = code === null ? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal] || 9) : code;
  });
}
