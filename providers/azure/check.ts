import type { Call, Health } from '../driver.ts';
import type { Client } from './client.ts';
import type { Config } from './config.ts';
import { orGone } from './subscriptions.ts';

/** Reads the service, and each configured API with the products it is in: where one asks for no key, ours restricts nothing. */
export async function checkService(client: Client, { tier, apis }: Config, call: Call): Promise<Health> {
  const service = await client.ask('read the service', call, ({ arm, at, options }) =>
    arm.apiManagementService.get(...at, options),
  );
  const warnings: string[] = [];
  const sku = service.sku?.name ?? '';
  if (sku.toLowerCase() !== tier)
    warnings.push(
      `The service is of the tier "${sku}", and the configuration says "${tier}": its gateway may know other policies.`,
    );
  if (apis.length === 0) warnings.push('No API is configured under apis: keys open nothing.');
  for (const api of apis) warnings.push(...(await warningsOf(client, api, call)));
  return { ok: true, warnings };
}

async function warningsOf(client: Client, api: string, call: Call): Promise<string[]> {
  const found = await orGone(client.ask(`read API ${api}`, call, ({ arm, at, options }) => arm.api.get(...at, api, options)));
  if (!found) return [`The service has no API "${api}": no key can be made.`];
  const warnings: string[] = [];
  if (found.subscriptionRequired === false)
    warnings.push(`API "${api}" asks for no subscription: it is open without a key, and a key restricts nothing.`);
  const products = client.list(`list the products of API ${api}`, call, ({ arm, at, options }) =>
    arm.apiProduct.listByApis(...at, api, options),
  );
  for await (const { name, subscriptionRequired } of products)
    if (subscriptionRequired === false)
      warnings.push(`API "${api}" is in product "${name}", which asks for no subscription: it is open without a key.`);
  return warnings;
}
