import type { LocalKeyState } from '../ledger/local-keys.ts';
import type { LocalKeyRow } from '../ledger/schema.ts';
import type { Limit } from '../reservation/plan.ts';
import { compileAddresses } from './addresses.ts';
import type { Budget } from './limits.ts';
import { compilePatterns } from './paths.ts';

/** What keys of one grant share, compiled once for all of them. */
export interface Rights {
  readonly scopes: readonly string[];
  readonly methods: ReadonlySet<string>;
  readonly reaches: (path: string) => boolean;
  /** Absent where any address may use the key. */
  readonly allowsIp?: (address: string) => boolean;
  readonly quota?: Limit;
  readonly rateLimit?: Limit;
}

/** A key as verify sees it. Replaced whole when anything changes. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly holder: string;
  readonly rights: Rights;
  readonly budget: Budget;
  readonly opensAt: number;
  readonly closesAt: number;
  readonly suspended: boolean;
  readonly revokedAt: number | null;
}

const LARGEST_CACHE = 10_000;
const compiled = new Map<string, Rights>();

export function recordOf(row: LocalKeyState): KeyRecord {
  const rights = compileRights(row.rights);
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    holder: row.holder,
    rights,
    budget: { lease: row.leaseId, rateLimit: rights.rateLimit, quota: rights.quota, limits: row.rights.limits },
    opensAt: row.opensAt.getTime(),
    closesAt: row.closesAt.getTime(),
    suspended: row.suspendedAt !== null,
    revokedAt: row.revokedAt?.getTime() ?? null,
  };
}

/** A plan's keys share what comes of it: a hundred thousand compile once. */
function compileRights(rights: LocalKeyRow['rights']): Rights {
  const text = JSON.stringify(rights);
  const known = compiled.get(text);
  if (known) return known;
  if (compiled.size >= LARGEST_CACHE) compiled.clear();
  const made: Rights = {
    scopes: rights.scopes,
    methods: new Set(rights.methods),
    reaches: compilePatterns(rights.endpoints),
    allowsIp: rights.allowedIps && addressTest(rights.allowedIps),
    quota: rights.quota,
    rateLimit: rights.rateLimit,
  };
  compiled.set(text, made);
  return made;
}

/** A list that cannot be read allows nobody, and keeps no other key from being read. */
function addressTest(networks: readonly string[]): (address: string) => boolean {
  try {
    return compileAddresses(networks);
  } catch {
    return () => false;
  }
}
