import type { ApiKey } from '@aws-sdk/client-api-gateway';
import { z } from 'zod';
import { type Call, DriverError, type IssueRequest } from '../driver.ts';
import type { Client } from './client.ts';
import { descriptionOf, tagsOf } from './labels.ts';

/** How a key is found again. Where the plan is not told, AWS is asked. */
export const Handle = z.object({ keyId: z.string(), planId: z.string().optional() });
export type Handle = z.output<typeof Handle>;

export interface Keys {
  /** One key of that name and value, made now or by an earlier call. */
  make(request: IssueRequest, call: Call): Promise<{ readonly keyId: string; readonly existed: boolean }>;
  /** All keys of exactly that name. */
  find(name: string, call: Call): Promise<readonly ApiKey[]>;
  /** Puts a key that was just made into its plan. */
  add(keyId: string, planId: string, call: Call): Promise<void>;
  /** Has a key in that plan and in no other, from wherever it was. */
  move(keyId: string, planId: string, call: Call): Promise<void>;
  /** False when there is no such key. */
  enable(keyId: string, call: Call): Promise<boolean>;
  /** Shuts the door. Undefined when there is no such key. */
  disable(keyId: string, call: Call): Promise<ApiKey | undefined>;
  /** Takes a key out of its plan and deletes it. */
  remove(key: Handle, call: Call): Promise<void>;
  plansOf(keyId: string, call: Call): Promise<readonly string[]>;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html */
const VALUE = /^[A-Za-z0-9]{20,128}$/;

export function createKeys({ client, provider }: { client: Client; provider: string }): Keys {
  /** nameQuery asks for a prefix: `lk-1` brings `lk-10` too. */
  const find = async (name: string, call: Call): Promise<ApiKey[]> =>
    (await Array.fromAsync(client.pages('GetApiKeys', { nameQuery: name, includeValues: true }, call))).filter(
      (key) => key.name === name && key.id,
    );

  async function make(request: IssueRequest, call: Call) {
    const value = valueOf(request, provider);
    const made = await client.sendIfFree(
      'CreateApiKey',
      { name: request.name, description: descriptionOf(request), enabled: true, value, tags: tagsOf(request) },
      call,
    );
    if (made?.id) return { keyId: made.id, existed: false };
    const mine = (await find(request.name, call)).find((key) => key.value === value);
    if (!mine) return await notMine(value, call);
    if (mine.enabled === false) await enable(mine.id!, call);
    return { keyId: mine.id!, existed: true };
  }

  /** The value is taken, and not by a key of this name: by another for good, or by ours that the list does not show yet. */
  async function notMine(value: string, call: Call): Promise<never> {
    for await (const key of client.pages('GetApiKeys', { includeValues: true }, call))
      if (key.value === value)
        throw new DriverError('rejected', `${provider}: another key has this value already`, { status: 409 });
    throw new DriverError('transient', `${provider}: the key is there and not listed yet`, { status: 409 });
  }

  const set = (keyId: string, value: 'true' | 'false', call: Call): Promise<ApiKey | undefined> => {
    const patchOperations = [{ op: 'replace' as const, path: '/enabled', value }];
    return client.sendIfThere('UpdateApiKey', { apiKey: keyId, patchOperations }, call);
  };
  const enable = async (keyId: string, call: Call) => (await set(keyId, 'true', call)) !== undefined;

  const plansOf = async (keyId: string, call: Call): Promise<string[]> =>
    (await Array.fromAsync(client.pagesIfThere('GetUsagePlans', { keyId }, call))).map((plan) => plan.id ?? '');

  /** False when it is in this plan already, or in another with one of the same stages. */
  const put = async (keyId: string, usagePlanId: string, call: Call): Promise<boolean> =>
    (await client.sendIfFree('CreateUsagePlanKey', { usagePlanId, keyId, keyType: 'API_KEY' }, call)) !== undefined;

  async function takeOut(keyId: string, planIds: readonly string[], call: Call): Promise<void> {
    for (const usagePlanId of planIds) await client.sendIfThere('DeleteUsagePlanKey', { usagePlanId, keyId }, call);
  }

  async function move(keyId: string, planId: string, call: Call): Promise<void> {
    const plans = await plansOf(keyId, call);
    await takeOut(
      keyId,
      plans.filter((id) => id !== planId),
      call,
    );
    if (plans.includes(planId) || (await put(keyId, planId, call))) return;
    if (!(await plansOf(keyId, call)).includes(planId))
      throw new DriverError('transient', `${provider}: the key is being put into another usage plan just now`, { status: 409 });
  }

  return {
    make,
    find,
    move,
    enable,
    plansOf,
    disable: (keyId, call) => set(keyId, 'false', call),
    async add(keyId, planId, call) {
      if (!(await put(keyId, planId, call))) await move(keyId, planId, call);
    },
    async remove({ keyId, planId }, call) {
      const known = planId && (await client.sendIfThere('DeleteUsagePlanKey', { usagePlanId: planId, keyId }, call));
      if (!known) await takeOut(keyId, await plansOf(keyId, call), call);
      await client.sendIfThere('DeleteApiKey', { apiKey: keyId }, call);
    },
  };
}

/** The key's value as AWS takes it. */
export function valueOf({ secret }: Pick<IssueRequest, 'secret'>, provider: string): string {
  const value = secret.reveal();
  if (VALUE.test(value)) return value;
  throw new DriverError('rejected', `${provider}: a key's value must be 20 to 128 letters and digits here`);
}
