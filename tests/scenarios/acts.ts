import { expect } from 'vitest';
import { openLedger } from '../../src/ledger/database.ts';
import { Secret } from '../../src/secret/secret.ts';
import { bookingAt } from '../campus.ts';
import { openService, type Service, type ServiceOptions } from './service.ts';
import { soon } from './sight.ts';

/** What senders, holders, gateways and operators do to a service in a process of its own. */

/** What a test opened, to be closed after it in the reverse order, whatever came of it. */
export const closing: (() => Promise<unknown>)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close().catch(console.error);
}

export async function start(options: ServiceOptions): Promise<Service> {
  const service = await openService(options);
  closing.push(() => service.close());
  await service.start();
  return service;
}

export const book = (service: Service, ids: readonly number[]) =>
  Promise.all(ids.map((id) => service.post(bookingAt(service, id).flat('EVENT_START'))));
export const end = (service: Service, ids: readonly number[]) =>
  Promise.all(ids.map((id) => service.post(bookingAt(service, id).flat('EVENT_END'))));

/** Every event in the store of a service that does not run. */
export async function recorded(place: { databaseUrl?: string; dataDir?: string }): Promise<Set<string>> {
  const { databaseUrl, dataDir } = place;
  const where = databaseUrl === undefined ? { dataDir } : { databaseUrl: new Secret(databaseUrl) };
  const ledger = await openLedger({ ...where, now: () => new Date(), mac: () => '' });
  const rows = await ledger.db.selectFrom('event').select('id').execute();
  await ledger.close();
  return new Set(rows.map(({ id }) => id));
}

export async function keyFor(service: Service, id: number, parameters?: object): Promise<string> {
  await service.post(bookingAt(service, id, { parameters }).flat('EVENT_START'));
  await expect.poll(async () => (await leaseOf(service, id))?.state, soon).toBe('active');
  const { url } = await service.admin<{ url: string }>(`/leases/${(await leaseOf(service, id))!.id}/claim-link`, {});
  const path = new URL(url).pathname;
  const claimed = await service.json('POST', path, { confirmation: `user-${id}@campus.example` });
  return (JSON.parse(claimed.text) as { key: string }).key;
}

export async function leaseOf(service: Service, id: number): Promise<{ id: string; state: string } | undefined> {
  return (await service.admin<{ items: { id: string; state: string }[] }>(`/leases?holder=user-${id}`)).items[0];
}

export async function verify(service: Service, key: string): Promise<number> {
  return (await service.get('/verify', { 'x-api-key': key })).status;
}
