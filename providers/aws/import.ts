import { type Call, DriverError, type Issued, type IssueRequest } from '../driver.ts';
import type { Client } from './client.ts';
import { type Handle, type Keys, valueOf } from './keys.ts';
import { descriptionOf } from './labels.ts';
import type { Plans } from './plans.ts';

export interface ImportOptions {
  readonly client: Client;
  readonly keys: Keys;
  readonly plans: Plans;
  readonly provider: string;
}

/**
 * Makes many keys by one request, and looks up afterwards what became of each: AWS answers with ids in no order that it promises,
 * and with warnings instead of errors. A repetition overwrites the same keys.
 */
export async function importKeys(
  requests: readonly IssueRequest[],
  options: ImportOptions,
  call: Call,
): Promise<readonly Issued<Handle>[]> {
  const { client, keys, plans, provider } = options;
  const planIds: string[] = [];
  for (const request of requests) planIds.push(await plans.find(request, call));
  const before = await idsOf(requests, options, call);
  const body = Buffer.from(csvOf(requests, planIds, provider));
  if (!(await client.sendIfThere('ImportApiKeys', { body, format: 'csv', failOnWarnings: false }, call))) plans.forget();

  const ids = await idsOf(requests, options, call);
  const members = await membersOf(new Set(planIds), commonPrefix(requests), { client, call });
  const issued: Issued<Handle>[] = [];
  for (const [at, { name }] of requests.entries()) {
    const [keyId, planId] = [ids.get(name), planIds[at]!];
    if (!keyId)
      throw new DriverError('transient', `${provider}: of ${requests.length} keys to import, ${name} is not listed yet`);
    // One that was there may still be in the plan of an earlier call.
    if (before.has(name)) await keys.move(keyId, planId, call);
    else if (!members.has(`${planId} ${keyId}`)) await keys.add(keyId, planId, call);
    issued.push({ handle: { keyId, planId }, existed: before.has(name) });
  }
  return issued;
}

/** The ids of those requests whose key is listed, with its own value, by name. */
async function idsOf(requests: readonly IssueRequest[], { client }: ImportOptions, call: Call): Promise<Map<string, string>> {
  const values = new Map(requests.map(({ name, secret }) => [name, secret]));
  const ids = new Map<string, string>();
  for await (const { id, name = '', value } of client.pages(
    'GetApiKeys',
    { nameQuery: commonPrefix(requests), includeValues: true },
    call,
  ))
    if (id && value && values.get(name)?.reveal() === value) ids.set(name, id);
  return ids;
}

async function membersOf(
  planIds: ReadonlySet<string>,
  nameQuery: string,
  { client, call }: { client: Client; call: Call },
): Promise<ReadonlySet<string>> {
  const members = new Set<string>();
  for (const usagePlanId of planIds)
    for await (const { id } of client.pages('GetUsagePlanKeys', { usagePlanId, nameQuery }, call))
      members.add(`${usagePlanId} ${id}`);
  return members;
}

/** As much of the names as they have in common: the less of the account has to be listed. */
function commonPrefix(requests: readonly IssueRequest[]): string {
  const names = requests.map(({ name }) => name).sort();
  const [first = '', last = ''] = [names[0], names.at(-1)];
  const differ = [...first].findIndex((letter, at) => letter !== last[at]);
  return differ === -1 ? first : first.slice(0, differ);
}

function csvOf(requests: readonly IssueRequest[], planIds: readonly string[], provider: string): string {
  const rows = requests.map((request, at) => [
    request.name,
    valueOf(request, provider),
    descriptionOf(request),
    'true',
    planIds[at]!,
  ]);
  return [['name', 'key', 'description', 'enabled', 'usageplanIds'], ...rows].map((row) => row.map(quoted).join(',')).join('\n');
}

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
