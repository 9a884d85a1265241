import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Answer, failed, ok, pageOf, refusal } from './fake-answer.ts';
import { createOperations, type OperationsOptions } from './fake-operations.ts';

/*
 * The API Keys API, as far as its documents tell: ids that stay taken after a deletion, operations that take a while,
 * names with the project's number. A field too many is a 400, so a driver that drifts from the wire cannot pass.
 */

const Body = z.strictObject({
  displayName: z.string().max(63).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  restrictions: z
    .strictObject({
      apiTargets: z.array(z.strictObject({ service: z.string(), methods: z.array(z.string()).optional() })).optional(),
      serverKeyRestrictions: z.strictObject({ allowedIps: z.array(z.string()) }).optional(),
    })
    .optional(),
});
type Body = z.infer<typeof Body>;

export interface StoredKey extends Body {
  readonly name: string;
  readonly uid: string;
  readonly createTime: string;
  readonly keyString: string;
  etag: string;
  deleteTime?: string;
  /** Seen at the gateway. */
  used: boolean;
}

/**
 * Whether a key that was used lately may be changed and deleted: always, when one says so, never but changed, or neither. The last two know
 * no parameter for it.
 */
export type InUse = 'may-go' | 'may-go-if-told' | 'may-be-held' | 'may-not-go';

export interface KeyStoreOptions extends OperationsOptions {
  readonly now: () => Date;
  /** What a deleted key is when it is asked for by its name. */
  readonly deleted: 'shown' | 'hidden';
  readonly services: readonly string[];
  readonly longestPage: number;
}

const ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MOST = 300;
const MASK = new Set(['restrictions', 'annotations']);

export type KeyStore = ReturnType<typeof createKeyStore>;

export function createKeyStore(options: KeyStoreOptions) {
  const { now, project } = options;
  const keys = new Map<string, StoredKey>();
  const { begin, operation, tick } = createOperations(options);
  /** Ids whose keys are being made. */
  const taken = new Set<string>();
  const store = { inUse: 'may-go' as InUse, keys, create, update, remove, get, value, list, operation, tick, fillUp };
  return store;

  function create(id: string, body: unknown): Answer {
    const parsed = Body.safeParse(body);
    if (!parsed.success || !ID.test(id) || UUID.test(id) || !areKnown(parsed.data)) return refusal('INVALID_ARGUMENT');
    if (keys.has(id) || taken.has(id)) return refusal('ALREADY_EXISTS');
    if (living().length >= MOST) return refusal('RESOURCE_EXHAUSTED', 'RESOURCE_QUOTA_EXCEEDED');
    taken.add(id);
    return begin(() => {
      taken.delete(id);
      const key: StoredKey = {
        ...parsed.data,
        name: `projects/${project.number}/locations/global/keys/${id}`,
        uid: randomUUID(),
        createTime: now().toISOString(),
        keyString: `AIza${randomBytes(32).toString('base64url').slice(0, 35)}`,
        etag: etag(),
        used: false,
      };
      keys.set(id, key);
      return done(key);
    });
  }

  function update(id: string, query: URLSearchParams, body: unknown): Answer {
    const mask = query.get('updateMask')?.split(',') ?? [];
    const { name: _name, ...fields } = body as Record<string, unknown>;
    const parsed = Body.safeParse(fields);
    if (!parsed.success || !mask.every((field) => MASK.has(field)) || !areKnown(parsed.data)) return refusal('INVALID_ARGUMENT');
    const key = alive(id);
    if (!key) return refusal('NOT_FOUND');
    const unwilling = keptByUse(key, query, 'update');
    if (unwilling) return unwilling;
    return begin(() => {
      for (const field of mask as (keyof Body)[]) Object.assign(key, { [field]: parsed.data[field] });
      key.etag = etag();
      return done(key);
    });
  }

  function remove(id: string, query: URLSearchParams): Answer {
    const key = alive(id);
    if (!key) return refusal('NOT_FOUND');
    const unwilling = keptByUse(key, query, 'remove');
    if (unwilling) return unwilling;
    return begin(() => {
      if (key.deleteTime) return { error: failed('FAILED_PRECONDITION') };
      key.deleteTime = now().toISOString();
      return done(key);
    });
  }

  function keptByUse(key: StoredKey, query: URLSearchParams, change: 'update' | 'remove'): Answer | undefined {
    const told = query.get('checkExistingUsage');
    const { inUse } = store;
    if (!key.used || inUse === 'may-go' || (inUse === 'may-go-if-told' && told === 'SKIP')) return undefined;
    if (inUse !== 'may-go-if-told' && told !== null) return refusal('INVALID_ARGUMENT');
    return inUse === 'may-be-held' && change === 'update' ? undefined : refusal('FAILED_PRECONDITION');
  }

  function get(id: string): Answer {
    const key = keys.get(id);
    if (!key || (key.deleteTime && options.deleted === 'hidden')) return refusal('NOT_FOUND');
    return ok(shown(key));
  }

  function value(id: string): Answer {
    const key = alive(id);
    return key ? ok({ keyString: key.keyString }) : refusal('NOT_FOUND');
  }

  function list(query: URLSearchParams): Answer {
    const all = query.get('showDeleted') === 'true' ? [...keys.values()] : living();
    const { page, ...next } = pageOf(all.map(shown), query, options.longestPage);
    return ok({ keys: page, ...next });
  }

  function fillUp(): void {
    for (let number = 0; living().length < MOST; number += 1) create(`filler-${number}`, {});
  }

  function alive(id: string): StoredKey | undefined {
    const key = keys.get(id);
    return key?.deleteTime ? undefined : key;
  }

  function living(): StoredKey[] {
    return [...keys.values()].filter((key) => !key.deleteTime);
  }

  /** Google restricts a key only to what is enabled in the project. */
  function areKnown({ restrictions }: Body): boolean {
    return (restrictions?.apiTargets ?? []).every(({ service }) => options.services.includes(service));
  }
}

const etag = () => `W/"${randomBytes(9).toString('base64')}"`;

/** Without what only the gateway knows, and what has a method of its own. */
const shown = ({ used: _used, keyString: _keyString, ...key }: StoredKey): object => key;

const done = (key: StoredKey): object => ({
  response: { '@type': 'type.googleapis.com/google.api.apikeys.v2.Key', ...shown(key) },
});
