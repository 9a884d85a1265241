import { evaluateAlerts, type AlertOptions } from './alerts/evaluate.ts';
import { suspendOwed, type SuspendOptions } from './alerts/suspend.ts';
import type { Catalogue } from './catalogue.ts';
import type { Beat } from './clock.ts';
import type { Handover } from './handover/open.ts';
import { createHoldBack } from './hold-back.ts';
import type { SecretUses } from './intake/secret-uses.ts';
import type { Keys } from './keys/open.ts';
import type { Tokens } from './keys/tokens.ts';
import type { Ledger } from './ledger/database.ts';
import type { Jobs } from './ledger/jobs.ts';
import type { Leasing } from './lease/open.ts';
import type { Managed } from './managed/open.ts';
import type { Log } from './observe/log.ts';
import type { Pollings } from './polling/open.ts';
import type { Reloading } from './reload.ts';

export interface BeatParts {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly catalogue: Catalogue;
  readonly leasing: Leasing;
  readonly handover: Handover;
  readonly managed: Managed;
  readonly polling: Pollings;
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly secretUses: SecretUses;
  readonly catchUp: Reloading['catchUp'];
  readonly log: Log;
  readonly now: () => Date;
}

/** What is looked after again and again, and how often. */
export function beatsOf(parts: BeatParts): Beat[] {
  const { ledger, jobs, catalogue, leasing, handover, managed, now } = parts;
  const providers = () => Object.keys(catalogue.policy().providers);
  const alerting: AlertOptions = {
    ledger,
    projects: () => Object.keys(catalogue.policy().projects),
    announce: handover.alertByRule,
  };
  const suspending: SuspendOptions = {
    ledger,
    log: (message, fields) => parts.log.warn(message, fields),
    suspend: createHoldBack({ ledger, operations: leasing.operations, within: parts.keys.within, now }),
  };
  return [
    { name: 'leases', everyMs: 1000, run: () => leasing.sweep() },
    { name: 'deliveries', everyMs: 2000, run: () => handover.sweep() },
    { name: 'sources', everyMs: 5000, run: () => parts.polling.sweep() },
    { name: 'alerts', everyMs: 10_000, run: () => evaluateAlerts(alerting, now()) },
    { name: 'suspensions by alerts', everyMs: 2000, run: () => suspendOwed(suspending, now()) },
    { name: 'configuration', everyMs: 5000, run: parts.catchUp },
    { name: 'secrets of sources', everyMs: 5000, run: () => parts.secretUses.flush() },
    { name: 'claims', everyMs: 10_000, run: () => handover.expireClaims() },
    { name: 'rotations', everyMs: 5000, run: () => leasing.rotations.look() },
    { name: 'signing keys', everyMs: 60_000, run: () => parts.tokens.signingKeys.look() },
    { name: 'inventory', everyMs: 15 * 60_000, run: () => leasing.inventories.askAll(providers()) },
    ...managed.beats,
    { name: 'tidy', everyMs: 15 * 60_000, run: () => leasing.tidy(providers()) },
    { name: 'retention', everyMs: 60 * 60_000, run: () => ledger.transact((tx) => jobs.enqueue(tx, 'retention', ['all'])) },
  ];
}
