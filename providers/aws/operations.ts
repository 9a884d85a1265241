import type {
  CreateApiKeyCommandInput,
  CreateApiKeyCommandOutput,
  CreateUsagePlanCommandInput,
  CreateUsagePlanCommandOutput,
  CreateUsagePlanKeyCommandInput,
  CreateUsagePlanKeyCommandOutput,
  DeleteApiKeyCommandInput,
  DeleteApiKeyCommandOutput,
  DeleteUsagePlanCommandInput,
  DeleteUsagePlanCommandOutput,
  DeleteUsagePlanKeyCommandInput,
  DeleteUsagePlanKeyCommandOutput,
  GetApiKeyCommandInput,
  GetApiKeyCommandOutput,
  GetApiKeysCommandInput,
  GetApiKeysCommandOutput,
  GetResourcesCommandInput,
  GetResourcesCommandOutput,
  GetStagesCommandInput,
  GetStagesCommandOutput,
  GetUsageCommandInput,
  GetUsageCommandOutput,
  GetUsagePlanCommandInput,
  GetUsagePlanCommandOutput,
  GetUsagePlanKeysCommandInput,
  GetUsagePlanKeysCommandOutput,
  GetUsagePlansCommandInput,
  GetUsagePlansCommandOutput,
  ImportApiKeysCommandInput,
  ImportApiKeysCommandOutput,
  UpdateApiKeyCommandInput,
  UpdateApiKeyCommandOutput,
  UpdateUsagePlanCommandInput,
  UpdateUsagePlanCommandOutput,
} from '@aws-sdk/client-api-gateway';

/** Every request that the driver makes. */
export interface Operations {
  CreateApiKey: [CreateApiKeyCommandInput, CreateApiKeyCommandOutput];
  GetApiKey: [GetApiKeyCommandInput, GetApiKeyCommandOutput];
  GetApiKeys: [GetApiKeysCommandInput, GetApiKeysCommandOutput];
  UpdateApiKey: [UpdateApiKeyCommandInput, UpdateApiKeyCommandOutput];
  DeleteApiKey: [DeleteApiKeyCommandInput, DeleteApiKeyCommandOutput];
  ImportApiKeys: [ImportApiKeysCommandInput, ImportApiKeysCommandOutput];
  CreateUsagePlan: [CreateUsagePlanCommandInput, CreateUsagePlanCommandOutput];
  GetUsagePlan: [GetUsagePlanCommandInput, GetUsagePlanCommandOutput];
  GetUsagePlans: [GetUsagePlansCommandInput, GetUsagePlansCommandOutput];
  UpdateUsagePlan: [UpdateUsagePlanCommandInput, UpdateUsagePlanCommandOutput];
  DeleteUsagePlan: [DeleteUsagePlanCommandInput, DeleteUsagePlanCommandOutput];
  CreateUsagePlanKey: [CreateUsagePlanKeyCommandInput, CreateUsagePlanKeyCommandOutput];
  GetUsagePlanKeys: [GetUsagePlanKeysCommandInput, GetUsagePlanKeysCommandOutput];
  DeleteUsagePlanKey: [DeleteUsagePlanKeyCommandInput, DeleteUsagePlanKeyCommandOutput];
  GetUsage: [GetUsageCommandInput, GetUsageCommandOutput];
  GetStages: [GetStagesCommandInput, GetStagesCommandOutput];
  GetResources: [GetResourcesCommandInput, GetResourcesCommandOutput];
}
export type Operation = keyof Operations;

export interface Traits {
  /** Completes "asked to …", in messages. */
  readonly asks: string;
  /** The scarcer of its two turns; every request takes one of `all`. */
  readonly turn?: 'create' | 'delete' | 'plans' | 'resources';
  /** Makes something that the account holds only so many of. */
  readonly fills?: 'keys' | 'plans';
  /** What a conflict means, where it is not that somebody else changes the same thing just now. */
  readonly conflict?: 'refused';
}

export const OPERATIONS: Readonly<Record<Operation, Traits>> = {
  CreateApiKey: { asks: 'make a key', turn: 'create', fills: 'keys' },
  GetApiKey: { asks: 'show a key' },
  GetApiKeys: { asks: 'list keys' },
  UpdateApiKey: { asks: 'enable or disable a key' },
  DeleteApiKey: { asks: 'delete a key', turn: 'delete', conflict: 'refused' },
  ImportApiKeys: { asks: 'import keys', fills: 'keys' },
  CreateUsagePlan: { asks: 'make a usage plan', fills: 'plans' },
  GetUsagePlan: { asks: 'show a usage plan' },
  GetUsagePlans: { asks: 'list usage plans' },
  UpdateUsagePlan: { asks: 'change a usage plan', turn: 'plans' },
  DeleteUsagePlan: { asks: 'delete a usage plan' },
  CreateUsagePlanKey: { asks: 'put a key into its usage plan', fills: 'plans' },
  GetUsagePlanKeys: { asks: 'list the keys of a usage plan' },
  DeleteUsagePlanKey: { asks: 'take a key out of its usage plan' },
  GetUsage: { asks: 'tell the usage of a key' },
  GetStages: { asks: 'list the stages of the API' },
  GetResources: { asks: 'list the methods of the API', turn: 'resources' },
};
