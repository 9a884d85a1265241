import { compilePolicy, type Policy } from './fake-policy.ts';

/** What the fake service keeps. */

export interface ServiceOptions {
  readonly now: () => Date;
  readonly sku: 'Developer' | 'Standard' | 'StandardV2' | 'Consumption';
  /** By id, where requests to it begin, and whether it asks for a subscription. */
  readonly apis: Readonly<Record<string, { readonly path: string; readonly subscriptionRequired?: boolean }>>;
  /** A PUT of a subscription that is there, without If-Match: it is changed, or refused. */
  readonly put: 'upsert' | 'strict';
  readonly pageSize: number;
  readonly maxSubscriptions: number;
  readonly maxProducts: number;
  /** Users that may own a subscription. */
  readonly users: readonly string[];
}

export interface Subscription {
  readonly sid: string;
  etag: string;
  readonly createdAt: Date;
  scope: string;
  displayName: string;
  state: string;
  ownerId?: string;
  primaryKey: string;
  secondaryKey: string;
}

export interface Product {
  readonly id: string;
  etag: string;
  displayName: string;
  description?: string;
  subscriptionRequired: boolean;
  state: string;
  readonly apis: Set<string>;
  policy?: { readonly value: string; readonly run: Policy };
}

export interface Store {
  readonly options: ServiceOptions;
  readonly subscriptions: Map<string, Subscription>;
  readonly products: Map<string, Product>;
  /** Requests at the gateway: which subscription, when, and what came of it. */
  readonly calls: { readonly sid: string; readonly at: Date; readonly status: number }[];
  nextEtag(): string;
}

export function createStore(options: ServiceOptions): Store {
  let changes = 0;
  return {
    options,
    subscriptions: new Map(),
    products: new Map(),
    calls: [],
    nextEtag: () => `"v${(changes += 1)}"`,
  };
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly etag?: string;
}

export function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message, details: null } } };
}

export const NOT_FOUND = (what: string) => refusal(404, 'ResourceNotFound', `${what} not found.`);
export const INVALID = (message: string) => refusal(400, 'ValidationError', message);

/** PATCH and DELETE demand If-Match. */
export function matchFailure(entity: { readonly etag: string } | undefined, ifMatch: string | undefined): Answer | undefined {
  if (!ifMatch) return INVALID('If-Match header is required.');
  if (!entity || ifMatch === '*' || ifMatch === entity.etag) return undefined;
  return refusal(412, 'PreconditionFailed', 'Resource was modified since last retrieval');
}

export function policyOf(source: string, { sku }: ServiceOptions): { readonly value: string; readonly run: Policy } | string {
  try {
    const tier = sku === 'Consumption' ? 'consumption' : sku.endsWith('V2') ? 'v2' : 'classic';
    return { value: source, run: compilePolicy(source, tier) };
  } catch (error) {
    return String(error);
  }
}
