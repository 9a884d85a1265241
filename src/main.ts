import { setTimeout as wait } from 'node:timers/promises';
import { drivers } from '../providers/index.ts';
import { warnOfUnheard } from './alerts/unheard.ts';
import { bootstrapAdmin } from './access/operators.ts';
import { createChain } from './audit/chain.ts';
import { beatsOf } from './beats.ts';
import { openCatalogue } from './catalogue.ts';
import { BadConfiguration, readConfiguration } from './configuration.ts';
import { startClock } from './clock.ts';
import type { CompleteSettings } from './first-start.ts';
import { openDoors } from './doors.ts';
import { openHandover } from './handover/open.ts';
import { presets } from './sources/presets.ts';
import { reconsiderBookings } from './intake/reconsider.ts';
import { createReceiver } from './intake/receive.ts';
import { createSecretUses } from './intake/secret-uses.ts';
import { openKeys } from './keys/open.ts';
import { openTokens } from './keys/tokens.ts';
import { createRecorder } from './lab/recorder.ts';
import { createQuarantineWarning } from './lab/quarantine-warning.ts';
import { openLeasing } from './lease/open.ts';
import { debtCount, inventoryStates, leasesByState } from './ledger/counts.ts';
import { quarantinedBySource } from './ledger/lists/quarantined.ts';
import { openLedger, type Ledger } from './ledger/database.ts';
import { startJobs } from './ledger/jobs.ts';
import { createLock } from './ledger/locks.ts';
import { agreeOnMasterKey } from './ledger/master-key.ts';
import { openManaged } from './managed/open.ts';
import { signWith } from './managed/sign.ts';
import { createLog, type Log } from './observe/log.ts';
import { createMetrics } from './observe/metrics.ts';
import type { Problem } from './policy/problems.ts';
import { readSources } from './read-sources.ts';
import { createReloading, warnOfLostProviders } from './reload.ts';
import type { Policy } from './reservation/policy.ts';
import { openScopes } from './scopes/open.ts';
import { createSealer } from './secret/seal.ts';
import { CALLS_MS, closeAll, closeTogether, DRAIN_MS } from './stop.ts';
import { environment } from './settings.ts';
import type { Environment } from './settings/lookup.ts';
import { takeOver } from './take-over.ts';
import { startWorkers } from './workers.ts';

export interface Overrides {
  readonly log?: Log;
  readonly now?: () => Date;
  readonly env?: () => Environment;
  /** Only tests stop the process there. */
  readonly crashPoint?: (name: string) => void;
}

export interface Latchkey {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly log: Log;
  readonly policy: () => Policy;
  /** Every problem of the new configuration, or none when it is in force. */
  reload(): Promise<readonly Problem[]>;
  /** Lets running requests and jobs end, at most 10 s, then closes. */
  close(): Promise<void>;
}

/**
 * Builds everything from the settings and starts it: the one place that knows all parts. Throws `BadConfiguration` before the database is
 * opened, or what the database says before anything listens.
 */
export async function startLatchkey(settings: CompleteSettings, overrides: Overrides = {}): Promise<Latchkey> {
  const now = overrides.now ?? (() => new Date());
  const log = overrides.log ?? createLog({ level: settings.logLevel, now });
  const about = { settings, drivers, presets, env: overrides.env ?? environment, now };
  const configuration = await readConfiguration(about);
  if (!configuration.ok) throw new BadConfiguration(configuration.problems);
  const metrics = createMetrics();
  const sealer = createSealer(settings.masterKeys);
  const chain = createChain(sealer.derive('audit'), sealer.deriveOlder('audit'));
  const ledger = await openLedger({
    databaseUrl: settings.databaseUrl,
    dataDir: settings.dataDir,
    now,
    mac: chain.mac,
    log: (message, fields) => log.warn(message, { ...fields }),
  });
  const unwind: (() => Promise<unknown>)[] = [() => ledger.close()];
  const secretUses = createSecretUses({ ledger, metrics, now });
  unwind.unshift(() => secretUses.flush());
  try {
    await agreeOnMasterKey(ledger, sealer.keyIds);
    await takeOver(ledger, now());
    await bootstrapAdmin(ledger, settings.adminToken, now);
    const tokens = openTokens({ ledger, sealer, rules: () => catalogue.policy().tokens, now });
    const keys = await openKeys({
      ledger,
      now,
      redisUrl: settings.redisUrl,
      withoutMs: settings.verifyWithoutDatabaseMs,
      log: (message, fields) => log.warn(message, fields),
      limitsOfProject: (project) => catalogue.policy().projects[project]?.limits,
      counted: metrics.verdict,
      checkToken: tokens.check,
      knowsOthers: () => Object.values(catalogue.policy().providers).some(({ verify }) => verify),
    });
    unwind.unshift(() => keys.close());
    const scopes = await openScopes({
      ledger,
      configured: (project) => catalogue.configuredScopes(project),
      now,
      log: (message, fields) => log.warn(message, fields),
    });
    unwind.unshift(() => scopes.close());
    const catalogue = openCatalogue(configuration, {
      ...about,
      storedScopes: scopes.stored,
      tools: { keys: keys.manager, userAgent: 'latchkey', lock: createLock(ledger.db, now) },
      warn: (problem) =>
        log.warn('configuration', { file: problem.file, line: problem.line, path: problem.path, problem: problem.message }),
    });
    const jobs = await startJobs(ledger, { log: (message, fields) => log.warn(message, { ...fields }) });
    unwind.unshift(() => jobs.stop());
    const common = { ledger, sealer, jobs, now, log, metrics, policy: catalogue.policy };
    const handover = openHandover({
      ...common,
      settings,
      unenforced: catalogue.unenforced,
      // What a provider keeps is asked by whoever calls providers, which itself announces by hand-over.
      keeping: {
        withholds: (provider) => leasing.keeping.withholds(provider),
        tells: (provider) => leasing.keeping.tells(provider),
        ask: (key) => leasing.keeping.ask(key),
      },
    });
    unwind.unshift(async () => handover.close());
    const drains = [() => jobs.drain(DRAIN_MS)];
    unwind.unshift(() => closeTogether(drains, log));
    const leasing = await openLeasing({
      ...common,
      providers: catalogue.provider,
      announce: handover.announce,
      alert: handover.alert,
      rules: (provider) => catalogue.policy().providers[provider],
      keyPrefix: settings.apiKeyPrefix,
      mintToken: tokens.mint,
      wait,
      crashPoint: overrides.crashPoint,
    });
    drains.push(
      () => leasing.drain(CALLS_MS),
      () => handover.drain(DRAIN_MS),
    );
    const managed = openManaged({
      ...common,
      within: keys.within,
      usage: keys.manager.usage,
      alert: handover.alert,
      note: handover.note,
      sign: signWith(tokens.mint),
      crashPoint: overrides.crashPoint,
    });
    const recorder = createRecorder(common);
    await recorder.open();
    unwind.unshift(() => recorder.close());
    const received = createReceiver({
      ...common,
      ledger: { engine: ledger.engine, transact: stoppable(ledger, 'receive', overrides) },
      providers: catalogue.provider,
      secretUsed: secretUses.used,
    });
    const polling = readSources({ ...common, alert: handover.alert });
    drains.push(() => polling.drain());
    const warning = createQuarantineWarning({ ...common, alert: handover.alert });
    drains.push(() => warning.drain());
    const receiver = recorder.around(warning.around(received));
    metrics.watch({
      leasesByState: () => leasesByState(ledger.db),
      debts: () => debtCount(ledger.db, now()),
      inventories: () => inventoryStates(ledger.db, now()),
      quarantined: () => quarantinedBySource(ledger.db, now()),
    });

    await startWorkers({ ...common, settings, catalogue, leasing, handover, managed });
    await warnOfLostProviders(ledger, catalogue, log);
    const reconsider = async () => {
      await leasing.reconsider();
      await reconsiderBookings(ledger, () => ({ jobs, policy: catalogue.policy(), now: now() }));
      await warnOfLostProviders(ledger, catalogue, log);
    };
    const { reload, catchUp } = createReloading({ catalogue, reconsider, log });
    if (!settings.smtpUrl) await warnOfUnheard(ledger.db, (message, fields) => log.warn(message, fields));
    const beats = beatsOf({ ...common, catalogue, leasing, handover, managed, polling, keys, tokens, secretUses, catchUp });
    const clock = startClock(beats, log);
    drains.push(() => clock.stop());

    const server = await openDoors({
      ...common,
      settings,
      catalogue,
      chain,
      keys,
      tokens,
      scopes,
      receiver,
      polling,
      recorder,
      handover,
      leasing,
      managed,
      reload,
    });
    drains.push(() => server.close(DRAIN_MS));
    return { url: server.url, log, policy: catalogue.policy, reload, close: () => closeAll(unwind, log) };
  } catch (error) {
    await closeAll(unwind, log);
    throw error;
  }
}

/** A crash point on either side of each commit. */
function stoppable(ledger: Ledger, name: string, { crashPoint }: Overrides): Ledger['transact'] {
  return async (work, options) => {
    crashPoint?.(`${name}:before-commit`);
    const result = await ledger.transact(work, options);
    crashPoint?.(`${name}:after-commit`);
    return result;
  };
}

if (import.meta.main) void import('./serve.ts').then(({ serve }) => serve());
