import { z } from 'zod';
import { type Answer, INVALID, matchFailure, NOT_FOUND, policyOf, type Product, type Store } from './fake-store.ts';

/* Products, their policies, and the APIs in them. */

const Properties = z.strictObject({
  displayName: z.string().min(1).max(300).optional(),
  description: z.string().max(1000).optional(),
  subscriptionRequired: z.boolean().optional(),
  approvalRequired: z.boolean().optional(),
  state: z.enum(['published', 'notPublished']).optional(),
});
const ProductBody = z.strictObject({ properties: Properties });
const PolicyBody = z.strictObject({
  properties: z.strictObject({ format: z.literal('xml'), value: z.string() }),
});

export interface ProductRequest {
  readonly id: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

export function createProducts(store: Store) {
  const { products, options } = store;
  const save = (product: Product, properties: object, status: number): Answer => {
    Object.assign(product, properties, { etag: store.nextEtag() });
    products.set(product.id, product);
    return { status, body: shown(product), etag: product.etag };
  };
  const subscriptionsOf = (id: string) => [...store.subscriptions.values()].filter(({ scope }) => scope === `/products/${id}`);

  return {
    subscriptionsOf,

    put({ id, body }: ProductRequest): Answer {
      const properties = ProductBody.safeParse(body).data?.properties;
      if (!properties?.displayName || !/^[^*#&+:<>?]{1,256}$/.test(id)) return INVALID('Product name is required.');
      const known = products.get(id);
      if (known) return save(known, properties, 200);
      if (products.size >= options.maxProducts) return INVALID('Products limit is reached');
      const fresh = { id, subscriptionRequired: true, state: 'notPublished', apis: new Set<string>() };
      return save(fresh as Product, properties, 201);
    },

    patch({ id, body, ifMatch }: ProductRequest): Answer {
      const known = products.get(id);
      const properties = ProductBody.safeParse(body).data?.properties;
      if (!properties) return INVALID('Unknown fields.');
      return (known ? matchFailure(known, ifMatch) : NOT_FOUND('Product')) ?? save(known!, properties, 200);
    },

    remove({ id, ifMatch }: ProductRequest): Answer {
      const failure = matchFailure(products.get(id), ifMatch);
      if (failure) return failure;
      if (subscriptionsOf(id).length > 0) return INVALID('Cannot delete product with subscriptions.');
      return { status: products.delete(id) ? 200 : 204 };
    },

    get(id: string): Answer {
      const known = products.get(id);
      return known ? { status: 200, body: shown(known), etag: known.etag } : NOT_FOUND('Product');
    },

    putPolicy({ id, body }: ProductRequest): Answer {
      const product = products.get(id);
      const properties = PolicyBody.safeParse(body).data?.properties;
      if (!product) return NOT_FOUND('Product');
      if (!properties) return INVALID('Policy.');
      const policy = policyOf(properties.value, options);
      if (typeof policy === 'string') return INVALID(policy);
      const status = product.policy ? 200 : 201;
      product.policy = policy;
      const value = { name: 'policy', properties: { format: 'xml', value: policy.value } };
      return { status, body: value, etag: store.nextEtag() };
    },

    putApi({ id }: ProductRequest, api: string): Answer {
      const product = products.get(id);
      if (!product) return NOT_FOUND('Product');
      if (!Object.hasOwn(options.apis, api)) return NOT_FOUND('API');
      const status = product.apis.has(api) ? 200 : 201;
      product.apis.add(api);
      return { status, body: { name: api, properties: options.apis[api] } };
    },

    shown: () => [...products.values()].map(shown),
    ofApi: (api: string) => [...products.values()].filter(({ apis }) => apis.has(api)).map(shown),
  };
}

function shown({ id, displayName, description, subscriptionRequired, state }: Product) {
  return {
    id: `/products/${id}`,
    type: 'Microsoft.ApiManagement/service/products',
    name: id,
    properties: { displayName, description, subscriptionRequired, approvalRequired: false, state },
  };
}
