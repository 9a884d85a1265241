import { setTimeout as wait } from 'node:timers/promises';
import { drivers } from '../providers/index.ts';
import { evaluateAlerts, type AlertOptions } from './alerts/evaluate.ts';
import { suspendOwed, type SuspendOptions } from './alerts/suspend.ts';
import { warnOfUnheard } from './alerts/unheard.ts';
import { createGuard } from './access/guard.ts';
import { bootstrapAdmin, findOperator } from './access/operators.ts';
import { createChain } from './audit/chain.ts';
import { openCatalogue } from './catalogue.ts';
import { BadConfiguration, readConfiguration } from './configuration.ts';
import { startClock } from './clock.ts';
import type { CompleteSettings } from './first-start.ts';
import { openHandover } from './handover/open.ts';
import { TURN_MS } from './handover/schedule.ts';
import { presets } from './sources/presets.ts';
import { reconsiderBookings } from './intake/reconsider.ts';
import { createReceiver } from './intake/receive.ts';
import { createSecretUses, forgetEndedSecrets } from './intake/secret-uses.ts';
import { createHoldBack } from './hold-back.ts';
import { openKeys } from './keys/open.ts';
import { openTokens } from './keys/tokens.ts';
import { createRecorder } from './lab/recorder.ts';
import { warningOfQuarantine } from './lab/quarantine-warning.ts';
import { openLeasing } from './lease/open.ts';
import { debtCount, inventoryStates, leasesByState } from './ledger/counts.ts';
import { quarantinedBySource } from './ledger/lists/quarantined.ts';
import { openLedger, type Ledger } from './ledger/database.ts';
import { startJobs } from './ledger/jobs.ts';
import { createLock } from './ledger/locks.ts';
import { agreeOnMasterKey } from './ledger/master-key.ts';
import { releaseDeliveries } from './ledger/deliveries.ts';
import { wakeTaken } from './ledger/leases.ts';
import { releaseTurns } from './ledger/turns.ts';
import { forgetOld } from './ledger/retention.ts';
import { openManaged } from './managed/open.ts';
import { signWith } from './managed/sign.ts';
import { createLog, type Log } from './observe/log.ts';
import { createMetrics } from './observe/metrics.ts';
import type { Problem } from './policy/problems.ts';
import { reseal } from './reseal.ts';
import { readSources } from './read-sources.ts';
import { createReloading, warnOfLostProviders } from './reload.ts';
import type { Policy } from './reservation/policy.ts';
import { openScopes } from './scopes/open.ts';
import { createSealer } from './secret/seal.ts';
import { Secret } from './secret/secret.ts';
import { CALLS_MS, closeAll, closeTogether, DRAIN_MS } from './stop.ts';
import { environment } from './settings.ts';
import type { Environment } from './settings/lookup.ts';
import { verifyAccess } from './http/front/access.ts';
import { createFront } from './http/front/front.ts';
import { listen } from './http/listen.ts';
import { createRouters } from './routers.ts';
import { createApp } from './http/app.ts';

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
    if (ledger.engine === 'embedded') await releaseWork(ledger, now());
    await wakeTaken(ledger.db, now());
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
    const receiver = recorder.around(warningOfQuarantine(received, common));
    metrics.watch({
      leasesByState: () => leasesByState(ledger.db),
      debts: () => debtCount(ledger.db, now()),
      inventories: () => inventoryStates(ledger.db, now()),
      quarantined: () => quarantinedBySource(ledger.db, now()),
    });

    await jobs.work('settle', { concurrency: 64 }, (id) => leasing.wake(id));
    await jobs.work('deliver', { concurrency: 64 }, (id) => handover.wake(id));
    await jobs.work('rotate', { concurrency: 16 }, (id) => leasing.rotations.run(id));
    await jobs.work('inventory', { concurrency: 16 }, (name) => leasing.inventories.run(name));
    await jobs.work('retention', { concurrency: 1 }, async () => {
      await forgetOld(ledger.db, now(), settings);
      await forgetEndedSecrets(ledger, catalogue.policy(), now());
      await managed.forget();
      const resealed = await reseal(ledger, sealer);
      if (resealed.done > 0 || resealed.unreadable > 0) log.info('sealed under the current master key', { ...resealed });
    });
    // One after the other: each has all the keys it can take.
    await jobs.work('bulk', { concurrency: 1 }, (id) => managed.bulks.run(id));
    await leasing.rotations.resume();
    await managed.bulks.resume();
    await warnOfLostProviders(ledger, catalogue, log);
    const reconsider = async () => {
      await leasing.reconsider();
      await reconsiderBookings(ledger, () => ({ jobs, policy: catalogue.policy(), now: now() }));
      await warnOfLostProviders(ledger, catalogue, log);
    };
    const { reload, catchUp } = createReloading({ catalogue, reconsider, log });
    const alerting: AlertOptions = {
      ledger,
      projects: () => Object.keys(catalogue.policy().projects),
      announce: handover.alertByRule,
    };
    const suspending: SuspendOptions = {
      ledger,
      log: (message, fields) => log.warn(message, fields),
      suspend: createHoldBack({ ledger, operations: leasing.operations, within: keys.within, now }),
    };
    if (!settings.smtpUrl) await warnOfUnheard(ledger.db, (message, fields) => log.warn(message, fields));
    const clock = startClock(
      [
        { name: 'leases', everyMs: 1000, run: () => leasing.sweep() },
        { name: 'deliveries', everyMs: 2000, run: () => handover.sweep() },
        { name: 'sources', everyMs: 5000, run: () => polling.sweep() },
        { name: 'alerts', everyMs: 10_000, run: () => evaluateAlerts(alerting, now()) },
        { name: 'suspensions by alerts', everyMs: 2000, run: () => suspendOwed(suspending, now()) },
        { name: 'configuration', everyMs: 5000, run: catchUp },
        { name: 'secrets of sources', everyMs: 5000, run: () => secretUses.flush() },
        { name: 'claims', everyMs: 10_000, run: () => handover.expireClaims() },
        { name: 'rotations', everyMs: 5000, run: () => leasing.rotations.look() },
        { name: 'signing keys', everyMs: 60_000, run: () => tokens.signingKeys.look() },
        {
          name: 'inventory',
          everyMs: 15 * 60_000,
          run: () => leasing.inventories.askAll(Object.keys(catalogue.policy().providers)),
        },
        ...managed.beats,
        { name: 'tidy', everyMs: 15 * 60_000, run: () => leasing.tidy(Object.keys(catalogue.policy().providers)) },
        { name: 'retention', everyMs: 60 * 60_000, run: () => ledger.transact((tx) => jobs.enqueue(tx, 'retention', ['all'])) },
      ],
      log,
    );
    drains.push(() => clock.stop());

    const guard = createGuard({ find: (token) => findOperator(ledger, token), log });
    const access = verifyAccess({
      allowFrom: settings.verifyAllowFrom,
      isOperatorToken: (token, from) => guard.knows(new Secret(token), from),
    });
    const routers = createRouters({
      ...common,
      configuredScopes: catalogue.configuredScopes,
      scopes,
      settings,
      guard,
      access,
      catalogue,
      chain,
      keys,
      tokens,
      receiver,
      polling,
      recorder,
      handover,
      leasing,
      managed,
      reload,
    });
    const { trustProxy } = settings;
    const front = createFront({
      verify: keys.verify,
      access,
      trustProxy,
      log,
      logsRequests: settings.logLevel === 'debug',
      otherwise: createApp({ log, trustProxy, routers }),
    });
    const server = await listen(front, settings);
    drains.push(() => server.close(DRAIN_MS));
    return { url: server.url, log, policy: catalogue.policy, reload, close: () => closeAll(unwind, log) };
  } catch (error) {
    await closeAll(unwind, log);
    throw error;
  }
}

/** Nobody else works on an embedded database: what the last process left in the middle goes on at once. */
async function releaseWork({ db }: Ledger, now: Date): Promise<void> {
  await releaseTurns(db, now);
  await releaseDeliveries(db, { now, until: new Date(now.getTime() + TURN_MS) });
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
