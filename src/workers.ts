import type { Catalogue } from './catalogue.ts';
import type { Handover } from './handover/open.ts';
import { forgetEndedSecrets } from './intake/secret-uses.ts';
import type { Ledger } from './ledger/database.ts';
import type { Jobs } from './ledger/jobs.ts';
import { forgetOld } from './ledger/retention.ts';
import type { Leasing } from './lease/open.ts';
import type { Managed } from './managed/open.ts';
import type { Log } from './observe/log.ts';
import { reseal } from './reseal.ts';
import type { Sealer } from './secret/seal.ts';
import type { Settings } from './settings.ts';

export interface WorkerParts {
  readonly jobs: Jobs;
  readonly ledger: Ledger;
  readonly sealer: Sealer;
  readonly settings: Settings;
  readonly catalogue: Catalogue;
  readonly leasing: Leasing;
  readonly handover: Handover;
  readonly managed: Managed;
  readonly log: Log;
  readonly now: () => Date;
}

/** What is done for each job, and how many at once. */
export async function startWorkers(parts: WorkerParts): Promise<void> {
  const { jobs, leasing, handover, managed } = parts;
  await jobs.work('settle', { concurrency: 64 }, (id) => leasing.wake(id));
  await jobs.work('deliver', { concurrency: 64 }, (id) => handover.wake(id));
  await jobs.work('rotate', { concurrency: 16 }, (id) => leasing.rotations.run(id));
  await jobs.work('inventory', { concurrency: 16 }, (name) => leasing.inventories.run(name));
  await jobs.work('retention', { concurrency: 1 }, () => forget(parts));
  // One after the other: each has all the keys it can take.
  await jobs.work('bulk', { concurrency: 1 }, (id) => managed.bulks.run(id));
  await leasing.rotations.resume();
  await managed.bulks.resume();
}

async function forget({ ledger, sealer, settings, catalogue, managed, log, now }: WorkerParts): Promise<void> {
  await forgetOld(ledger.db, now(), settings);
  await forgetEndedSecrets(ledger, catalogue.policy(), now());
  await managed.forget();
  const resealed = await reseal(ledger, sealer);
  if (resealed.done > 0 || resealed.unreadable > 0) log.info('sealed under the current master key', { ...resealed });
}
