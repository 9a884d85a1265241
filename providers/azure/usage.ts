import { type Call, DriverError, type Range, type Usage } from '../driver.ts';
import type { Client } from './client.ts';

/**
 * What the service's own analytics counted for a subscription: all keys of a lease together, some minutes late. Only the classic tiers have it.
 */
export async function readUsage(
  client: Client,
  { sid, range, provider }: { sid: string; range: Range; provider: string },
  call: Call,
): Promise<Usage> {
  const filter = [
    `timestamp ge ${instant(range.from)}`,
    `timestamp le ${instant(range.to)}`,
    `subscriptionId eq '/subscriptions/${sid}'`,
  ].join(' and ');
  const records = client.list(`read the use of subscription ${sid}`, call, ({ arm, at, options }) =>
    arm.reports.listBySubscription(...at, filter, options),
  );
  let [used, refused] = [0, 0];
  for await (const { subscriptionId, callCountTotal, callCountBlocked = 0 } of records) {
    if (typeof callCountTotal !== 'number')
      throw new DriverError('transient', `${provider}: the usage came in a form we do not know`);
    if (!subscriptionId?.endsWith(`/${sid}`)) continue;
    used += callCountTotal - callCountBlocked;
    refused += callCountBlocked;
  }
  return { used, refused };
}

function instant(date: Date): string {
  return `datetime'${date.toISOString().slice(0, 19)}'`;
}
