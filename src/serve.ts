import { basename } from 'node:path';
import { BadConfiguration } from './catalogue.ts';
import { firstStart, type CompleteSettings } from './first-start.ts';
import { startLatchkey, type Latchkey } from './main.ts';
import { readSettings } from './settings.ts';

const LONGEST_STOP_MS = 10_000;

/**
 * The service as a process: settings, secrets of a first start, a banner on a terminal, signals. SIGTERM and SIGINT drain and exit within
 * 10 s; SIGHUP reads the configuration again. Exits with 1 when it cannot start, saying why.
 */
export async function serve(): Promise<void> {
  const read = readSettings();
  if (!read.ok) return refuse(read.problems);
  const first = await firstStart(read.settings);
  if (!first.ok) return refuse(first.problems);
  tellOnce(first.made);
  try {
    const latchkey = await startLatchkey(first.settings);
    if (process.stdout.isTTY) banner(latchkey, first.settings);
    else latchkey.log.info('listening', { url: latchkey.url, plans: latchkey.policy().plans.length });
    if (first.settings.insecure)
      latchkey.log.warn('LATCHKEY_INSECURE=1: sources without a secret are accepted, so anybody can book keys');
    onSignals(latchkey);
  } catch (error) {
    refuse(
      error instanceof BadConfiguration ? error.message.split('\n') : [error instanceof Error ? error.message : 'unknown error'],
    );
  }
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

function banner({ url, policy }: Latchkey, settings: CompleteSettings): void {
  const { sources, providers, plans } = policy();
  const where = settings.databaseUrl ? 'PostgreSQL' : `${settings.dataDir} (embedded)`;
  const insecure = [
    ...(settings.insecure ? ['LATCHKEY_INSECURE=1: sources without a secret are accepted'] : []),
    ...(settings.publicUrl.startsWith('http://')
      ? [`claim links go out as ${settings.publicUrl}: set PUBLIC_URL to an https address`]
      : []),
  ];
  process.stdout.write(
    [
      '',
      `  Latchkey   ${url}`,
      `  webhooks   ${settings.publicUrl}/webhook`,
      `  API docs   ${settings.publicUrl}/docs`,
      `  data       ${where}`,
      `  config     ${settings.configFile}`,
      `  sources    ${Object.values(sources)
        .map(({ name, preset }) => `${name} (${preset})`)
        .join(', ')}`,
      `  providers  ${Object.values(providers)
        .map(({ name, driver }) => `${name} (${driver})`)
        .join(', ')}`,
      `  plans      ${plans.map(({ name }) => name).join(', ')}`,
      ...insecure.map((line) => `  insecure   ${line}`),
      '',
      '',
    ].join('\n'),
  );
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
  process.on('SIGHUP', () => {
    void latchkey.reload().then((problems) => {
      if (problems.length === 0) latchkey.log.info('configuration reloaded');
      for (const problem of problems) latchkey.log.error('configuration not reloaded', { ...problem });
    });
  });
}
