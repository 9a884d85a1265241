import type { protos } from '@google-cloud/apikeys';
import { Secret } from '../../src/secret/secret.ts';
import { type Call, DriverError } from '../driver.ts';
import type { Step } from './client.ts';
import { asDenied, goneAs, isRefused, isUnknownTo } from './failure.ts';
import { isDeleted, type Key, keyIdOf, parentOf, resourceOf } from './key.ts';
import { endOf, type Operation, type Watch } from './operation.ts';
import { itemsOf, type Page } from './pages.ts';

type ListRequest = protos.google.api.apikeys.v2.IListKeysRequest;

/* The methods of the API Keys API, one request each. */

/** Changes and deletes a key although it was used in the last 7 days. The parameter is newer than the clients, so it is sent only where Google asks for it. */
export const EVEN_IN_USE = { checkExistingUsage: 'SKIP' } as const;
const PAGE = 100;
/** Not the display name: whether a mask takes `displayName` or `display_name` over REST is told differently by document and client. */
const MUTABLE = ['restrictions', 'annotations'] as const;

export interface Keys {
  readonly resourceOf: (name: string) => string;
  /** Also one that was deleted in the last 30 days. */
  find(resource: string, call: Call): Promise<Key | undefined>;
  living(resource: string, call: Call): Promise<Key | undefined>;
  all(what: { readonly deleted: boolean }, call: Call): AsyncIterable<Key>;
  /** The value of a living key; `gone` without one. */
  value(resource: string, call: Call): Promise<Secret>;
  create(name: string, key: Key, call: Call): Promise<Operation>;
  /** Changes its restrictions and annotations, where they are there, and waits until it is done. */
  update(key: Key, call: Call): Promise<void>;
  remove(resource: string, call: Call, query?: Step['query']): Promise<Operation>;
  /** The cheapest authenticated read. */
  knock(call: Call): Promise<void>;
}

export function createKeys(watch: Watch, projectId: string): Keys {
  const { client, provider } = watch;
  const parent = parentOf(projectId);

  const find: Keys['find'] = async (name, call) => {
    const step = { turn: 'reads', what: 'read a key' } as const;
    const [key] = await goneAs(
      [],
      client.ask(step, call, ({ keys }) => keys.getKey({ name })),
    );
    return key;
  };

  const page = async (request: ListRequest, call: Call): Promise<Page<Key>> => {
    try {
      const step = { turn: 'reads', what: 'list its keys' } as const;
      return await client.ask(step, call, ({ keys }) => keys.listKeys(request, { autoPaginate: false }));
    } catch (error) {
      throw asDenied(error);
    }
  };

  const change = async (key: Key, call: Call, query?: Step['query']): Promise<void> => {
    const paths = MUTABLE.filter((field) => field in key);
    const fields = Object.fromEntries(paths.map((field) => [field, key[field]]));
    const request = { key: { name: key.name, ...fields }, updateMask: { paths } };
    const step: Step = { turn: 'writes', what: 'change a key', query };
    const [begun] = await client.ask(step, call, ({ keys }) => keys.updateKey(request));
    const ended = await endOf(watch, begun, call);
    if (!ended) throw new DriverError('transient', `${provider}: does not know any more what became of a change of a key`);
    if (ended.failure) throw ended.failure;
  };

  return {
    resourceOf: (name) => resourceOf(projectId, name),
    find,

    async living(resource, call) {
      const key = await find(resource, call);
      return key && !isDeleted(key) ? key : undefined;
    },

    all: ({ deleted }, call) => itemsOf((pageToken) => page({ parent, showDeleted: deleted, pageSize: PAGE, pageToken }, call)),

    async value(name, call) {
      const step = { turn: 'reads', what: 'tell the value of a key' } as const;
      const [{ keyString }] = await client.ask(step, call, ({ keys }) => keys.getKeyString({ name }));
      if (!keyString) throw new DriverError('transient', `${provider}: told no value of a key`);
      return new Secret(keyString);
    },

    async create(name, key, call) {
      const request = { parent, keyId: keyIdOf(name), key };
      try {
        const [begun] = await client.ask({ turn: 'writes', what: 'make a key' }, call, ({ keys }) => keys.createKey(request));
        return begun;
      } catch (error) {
        throw asDenied(error);
      }
    },

    async update(key, call) {
      try {
        await change(key, call);
      } catch (error) {
        if (!isRefused(error)) throw error;
        await change(key, call, EVEN_IN_USE).catch((again: unknown) => {
          throw isUnknownTo(again) ? error : again;
        });
      }
    },

    async remove(name, call, query) {
      const step: Step = { turn: 'writes', what: 'delete a key', query };
      const [begun] = await client.ask(step, call, ({ keys }) => keys.deleteKey({ name }));
      return begun;
    },

    async knock(call) {
      await page({ parent, pageSize: 1 }, call);
    },
  };
}
