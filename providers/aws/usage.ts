import type { ApiKey } from '@aws-sdk/client-api-gateway';
import { type Call, DriverError, type Range, type Usage } from '../driver.ts';
import type { Client } from './client.ts';
import type { Handle, Keys } from './keys.ts';

/** The requests that went through on the days of a range, by UTC: AWS counts no finer. Undefined when no plan knows the key. */
export async function usageOf(
  { keyId, planId }: Handle,
  range: Range,
  sources: { client: Client; keys: Keys; call: Call },
): Promise<Usage | undefined> {
  const { client, keys, call } = sources;
  const [startDate, endDate] = [dayOf(range.from), dayOf(range.to)];
  const daysIn = async (usagePlanId: string) =>
    (await client.sendIfThere('GetUsage', { usagePlanId, keyId, startDate, endDate }, call))?.items;

  const counted = planId ? [await daysIn(planId)] : [];
  // A key that was repaired has gone to another plan since.
  if (!counted[0]) for (const id of await keys.plansOf(keyId, call)) counted.push(await daysIn(id));
  const known = counted.filter((items) => items !== undefined);
  if (known.length === 0) return undefined;
  // The documentation is at odds whether the key's id or its value leads to its days: there is no other entry.
  const days = known.flatMap((items) => Object.values(items)[0] ?? []);
  return { used: days.reduce((sum, [used = 0]) => sum + used, 0) };
}

/** What a key was used for in all its life, before it is deleted and AWS knows no more. That it cannot be told keeps no key alive. */
export async function lastUsageOf(
  handle: Handle,
  { createdDate }: ApiKey,
  sources: Parameters<typeof usageOf>[2],
): Promise<Usage | undefined> {
  if (!createdDate) return undefined;
  try {
    return await usageOf(handle, { from: createdDate, to: new Date() }, sources);
  } catch (error) {
    if (error instanceof DriverError) return undefined;
    throw error;
  }
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
