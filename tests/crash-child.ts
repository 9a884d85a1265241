import { firstStart } from '../src/first-start.ts';
import { startLatchkey } from '../src/main.ts';
import { createLog } from '../src/observe/log.ts';
import { readSettings } from '../src/settings.ts';

/**
 * The service in a process of its own, to die in the middle of its work. Settings come by the environment. It says `{ url }` when
 * it listens and `{ point }` at every crash point; told `{ dieAt: { point, times } }`, it exits there the n-th time from then on.
 */

export type Told = { readonly dieAt: { readonly point: string; readonly times: number } };
export type Said = { readonly url: string } | { readonly point: string } | { readonly armed: true };

const say = (said: Said) => void process.send?.(said);
let dieAt: { point: string; times: number } | undefined;

process.on('message', (told: Told) => {
  dieAt = { ...told.dieAt };
  say({ armed: true });
});
process.on('disconnect', () => process.exit(1));

function crashPoint(point: string): void {
  say({ point });
  if (dieAt?.point === point && --dieAt.times === 0) process.exit(137);
}

const read = readSettings();
if (!read.ok) throw new Error(read.problems.join('\n'));
const first = await firstStart(read.settings);
if (!first.ok) throw new Error(first.problems.join('\n'));
const log = createLog({ level: 'warn', now: () => new Date(), stream: process.stderr });
const latchkey = await startLatchkey(first.settings, { crashPoint, log });
process.on('SIGTERM', () => void latchkey.close().then(() => process.exit(0)));
say({ url: latchkey.url });
