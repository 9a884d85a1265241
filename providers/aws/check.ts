import type { Call, Health } from '../driver.ts';
import type { Client } from './client.ts';
import type { Config } from './config.ts';
import { checkPremade } from './premade.ts';
import { apiOf, type Stages } from './stages.ts';

/** How many methods are told by name. */
const NAMED = 3;

export interface CheckOptions {
  readonly client: Client;
  readonly stages: Stages;
  readonly config: Pick<Config, 'usagePlans' | 'authorizer'>;
}

/** Whether our credentials may read what we work with, the stages are there, and the methods ask for a key. */
export async function check({ client, stages, config }: CheckOptions, call: Call): Promise<Health> {
  await client.send('GetApiKeys', { limit: 1 }, call);
  await client.send('GetUsagePlans', { limit: 1 }, call);
  const named = await stages.all(call);
  const absent = await stages.absent(named, call);
  const wrong = [
    ...absent.map((stage) => `The stage ${stage} is not there.`),
    ...(await checkPremade(config.usagePlans ?? [], client, call)),
  ];
  const warnings: string[] = [];
  for (const apiId of new Set(named.filter((stage) => !absent.includes(stage)).map(apiOf)))
    warnings.push(...(await looseMethods(apiId, { client, authorizer: config.authorizer }, call)));
  return { ok: wrong.length === 0, warnings: [...wrong, ...warnings] };
}

async function looseMethods(
  apiId: string,
  { client, authorizer }: { client: Client; authorizer: unknown },
  call: Call,
): Promise<string[]> {
  const keyless: string[] = [];
  const unasked: string[] = [];
  for await (const { path, resourceMethods = {} } of client.pages('GetResources', { restApiId: apiId, embed: ['methods'] }, call))
    for (const [verb, method] of Object.entries(resourceMethods)) {
      // Browsers send no key with it.
      if (verb === 'OPTIONS') continue;
      if (!method.apiKeyRequired) keyless.push(`${verb} ${path}`);
      if (authorizer && method.authorizationType !== 'CUSTOM') unasked.push(`${verb} ${path}`);
    }
  return [
    ...(keyless.length > 0 ? [`In API ${apiId} no key is needed for ${some(keyless)}: set apiKeyRequired and deploy.`] : []),
    ...(unasked.length > 0 ? [`In API ${apiId} no authorizer is asked for ${some(unasked)}.`] : []),
  ];
}

function some(methods: readonly string[]): string {
  const rest = methods.length - NAMED;
  return methods.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
