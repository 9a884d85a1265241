import { basename } from 'node:path';
import { banner, INSECURE } from './banner.ts';
import { examine } from './examine.ts';
import { firstStart } from './first-start.ts';
import { startLatchkey, type Latchkey } from './main.ts';
import { formatProblem } from './policy/problems.ts';
import { readSettings } from './settings.ts';
import { LONGEST_STOP_MS } from './stop.ts';

/**
 * The service as a process: settings, secrets of a first start, a banner on a terminal, signals. SIGTERM and SIGINT drain and exit within
 * 10 s; SIGHUP reads the configuration again. Exits with 1 when it cannot start, saying why.
 */
export async function serve(): Promise<void> {
  try {
    await start();
  } catch (error) {
    refuse(error instanceof Error ? error.message.split('\n') : ['unknown error']);
  }
}

async function start(): Promise<void> {
  const read = readSettings();
  const { environment, configuration } = await examine(read);
  const problems = [...environment, ...(configuration.ok ? [] : configuration.problems.map(formatProblem))];
  if (!read.ok || problems.length > 0) return refuse(problems);
  const first = await firstStart(read.settings);
  if (!first.ok) return refuse(first.problems);
  tellOnce(first.made);
  const { settings } = first;
  if (settings.insecure) process.stderr.write(`WARNING: ${INSECURE}\n`);
  const latchkey = await startLatchkey(settings);
  if (process.stdout.isTTY) process.stdout.write(banner(latchkey.url, latchkey.policy(), settings));
  else latchkey.log.info('listening', { url: latchkey.url, plans: latchkey.policy().plans.length });
  onSignals(latchkey);
}

function refuse(problems: readonly string[]): void {
  process.stderr.write(`latchkey does not start:\n${problems.map((problem) => `  - ${problem}\n`).join('')}`);
  process.exitCode = 1;
}

/** To the terminal only: where secrets lie is no business of a log. */
function tellOnce(made: readonly string[]): void {
  if (made.length === 0) return;
  process.stderr.write(`First start. Made, readable by you only:\n${made.map((file) => `  ${file}\n`).join('')}`);
  if (made.some((file) => basename(file) === 'master.key'))
    process.stderr.write('Back up master.key: without it nothing that is sealed in the database can be opened again.\n');
}

function onSignals(latchkey: Latchkey): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    latchkey.log.info('stopping', { signal });
    setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
    void latchkey.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => void reload(latchkey));
}

async function reload({ log, reload }: Latchkey): Promise<void> {
  try {
    const problems = await reload();
    if (problems.length === 0) log.info('configuration reloaded');
    // The log's own message would hide the problem's.
    for (const { message, ...problem } of problems) log.error('configuration not reloaded', { ...problem, problem: message });
  } catch (error) {
    log.error('configuration not reloaded', { problem: error instanceof Error ? error.message : 'unknown' });
  }
}
