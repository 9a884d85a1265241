import type { IssueRequest, KeyRef, Listed } from '../../../providers/driver.ts';
import { readStories, type LeaseStory } from '../../ledger/leases.ts';
import { keysByName } from '../../ledger/listed-keys.ts';
import type { KeyRow } from '../../ledger/schema.ts';
import { sealHandle } from '../handle.ts';
import { lookAt } from '../look.ts';
import { requestAsGranted } from './granted.ts';
import type { Workshop } from '../turn.ts';
import type { Sweep } from './sweep.ts';

/** What a listing showed, next to our books. */
export interface Seen {
  listed: number;
  /** Ids of keys that are not revoked. */
  readonly living: Set<string>;
  readonly dead: { readonly key: KeyRow; readonly ref: KeyRef<unknown> }[];
  /** By name, with what finds them again, sealed. */
  readonly strays: Map<string, unknown>;
  readonly drifted: Drifted[];
  /** Ids of keys that were missing, or otherwise than they should be, and are not any more. */
  readonly found: string[];
  readonly mended: string[];
}

export interface Drifted {
  readonly key: KeyRow;
  readonly differs: readonly string[];
}

/** Sorts each page of a listing by what our books say of it. Changes nothing. */
export function createComparison({ shop, provider, began }: Sweep): { readonly seen: Seen; see(page: Page): Promise<void> } {
  const { db } = shop.ledger;
  const seen: Seen = { listed: 0, living: new Set(), dead: [], strays: new Map(), drifted: [], found: [], mended: [] };
  return {
    seen,
    async see(page) {
      seen.listed += page.length;
      const keys = await keysByName(
        db,
        page.map(({ name }) => name),
      );
      for (const listed of page) {
        const key = keys.get(listed.name);
        if (!key) seen.strays.set(listed.name, sealHandle(listed.handle, shop.sealer, strayContext(provider.name, listed.name)));
        // One that was revoked meanwhile may have been listed just before.
        else if (key.state !== 'revoked') seen.living.add(key.id);
        else if (key.revokedAt && key.revokedAt <= began) seen.dead.push({ key, ref: refOf(listed) });
        if (key?.missingAt) seen.found.push(key.id);
      }
      for (const { key, differs } of await driftOf(shop, page, ownKeys(provider.name, keys))) {
        if (differs.length > 0) seen.drifted.push({ key, differs });
        else if (key.drift) seen.mended.push(key.id);
      }
    },
  };
}

type Page = readonly Listed<unknown>[];

/** Under which a stray's handle is sealed. */
export function strayContext(provider: string, name: string): string {
  return `stray:${provider}:${name}`;
}

/** Without what the driver holds on to for telling the drift. */
function refOf({ name, handle, secret }: Listed<unknown>): KeyRef<unknown> {
  return { name, handle, secret };
}

function ownKeys(provider: string, keys: ReadonlyMap<string, KeyRow>): ReadonlyMap<string, KeyRow> {
  return new Map([...keys].filter(([, key]) => key.provider === provider && key.state === 'active' && !key.suspendedAt));
}

/** Of the keys whose listing tells: how they differ from what was granted. Those whose lease is not at rest are left out. */
async function driftOf(shop: Workshop, page: Page, keys: ReadonlyMap<string, KeyRow>): Promise<Drifted[]> {
  const told = page.flatMap(({ name, driftFrom }) => {
    const key = keys.get(name);
    return key && driftFrom ? [{ key, driftFrom }] : [];
  });
  if (told.length === 0) return [];
  const stories = await readStories(
    shop.ledger.db,
    told.map(({ key }) => key.leaseId),
  );
  return told.flatMap(({ key, driftFrom }) => {
    const story = stories.get(key.leaseId);
    const request = story && requestAtRest(shop, story, key);
    return request ? [{ key, differs: tellOr(shop, key, () => driftFrom(request)) }] : [];
  });
}

/** What the key should be; undefined while something is done about it, or is to be done. */
function requestAtRest(shop: Workshop, story: LeaseStory, key: KeyRow): IssueRequest | undefined {
  const { lease } = story;
  if (!lease.grant || lease.heldUntil || key.generation !== lease.generation) return undefined;
  const { reservation, decision } = lookAt(shop, story);
  if (decision.steps.length > 0) return undefined;
  return requestAsGranted(shop, { lease, reservation, grant: lease.grant.grant }, key);
}

/** A driver that stumbles over one key hides no other. */
function tellOr({ log }: Workshop, key: KeyRow, tell: () => readonly string[]): readonly string[] {
  try {
    return tell();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    log.warn('drift not told', { provider: key.provider, key: key.id, error: name });
    return key.drift ?? [];
  }
}
