import { DriverError, type Driver, type IssueRequest, type Listed } from '../providers/driver.ts';
import { builtin } from '../providers/builtin/driver.ts';
import { toolsFor } from '../providers/contract-world.ts';
import { Secret } from '../src/secret/secret.ts';

/** What a provider has under one name. */
interface Shelved {
  readonly secret: string;
  readonly rate: number | undefined;
}

export interface Shelf {
  readonly driver: Driver<unknown>;
  /** The provider's own state, by name; changed behind Latchkey's back at will. */
  readonly keys: Map<string, Shelved>;
  /** Pages listed so far. */
  readonly pages: () => number;
  /** The next listing ends in a failure after so many pages. */
  breakOff(afterPages: number): void;
  /** Runs in the middle of the next listing, after its first page. */
  meanwhile(work: () => Promise<void>): void;
  /** Names the next listings leave out although they are there. */
  readonly hidden: Set<string>;
  /** What `revoke` was told to find keys by. */
  readonly revokedBy: () => readonly string[];
  opensTheDoor(value: string): boolean;
}

interface Handle {
  readonly place: Secret;
}

const PAGE = 25;

/** A provider in memory that lists its keys by pages of 25. The powers that not every driver has are those that are asked for. */
export function createShelf(powers: readonly ('probe' | 'repair')[] = []): Shelf {
  const keys = new Map<string, Shelved>();
  const hidden = new Set<string>();
  const next: { breakAfter: number; work?: () => Promise<void> } = { breakAfter: Number.POSITIVE_INFINITY };
  const revoked: string[] = [];
  let pages = 0;
  const put = (request: IssueRequest): void =>
    void keys.set(request.name, { secret: request.secret.reveal(), rate: request.rateLimit?.limit });

  async function* list(): AsyncGenerator<Listed<unknown>> {
    const { breakAfter, work } = next;
    Object.assign(next, { breakAfter: Number.POSITIVE_INFINITY, work: undefined });
    const names = [...keys.keys()].filter((name) => !hidden.has(name)).sort();
    for (let start = 0; start < names.length; start += PAGE) {
      if (start / PAGE >= breakAfter) throw new DriverError('transient', 'campus: answered 503', { status: 503 });
      pages += 1;
      for (const name of names.slice(start, start + PAGE)) {
        const held = keys.get(name);
        if (held) yield { name, handle: { place: new Secret(`place-of-${name}`) }, secret: null, driftFrom: driftOf(held) };
      }
      if (start === 0) await work?.();
    }
  }

  const driver: Driver<unknown> = {
    limits: { ...builtin.open({}, toolsFor('campus')).limits, expiry: { by: 'latchkey' } },
    pace: { issuePerSecond: 10_000, revokePerSecond: 10_000, concurrency: 100 },
    async issue(request) {
      put(request);
      return { handle: { place: new Secret(`place-of-${request.name}`) } };
    },
    async revoke({ name, handle }) {
      revoked.push((handle as Handle | null)?.place.reveal() ?? name);
      keys.delete(name);
    },
    list,
    async check() {
      return { ok: true, warnings: [] };
    },
    ...(powers.includes('probe') ? { probe: async ({ name }) => (keys.has(name) ? 'works' : 'gone') } : {}),
    ...(powers.includes('repair')
      ? { repair: async ({ name }, request) => void keys.set(name, { ...keys.get(name)!, rate: request.rateLimit?.limit }) }
      : {}),
  };

  return {
    driver,
    keys,
    hidden,
    pages: () => pages,
    breakOff: (afterPages) => void (next.breakAfter = afterPages),
    meanwhile: (work) => void (next.work = work),
    revokedBy: () => revoked,
    opensTheDoor: (value) => [...keys.values()].some(({ secret }) => secret === value),
  };
}

function driftOf({ rate }: Shelved): Listed<unknown>['driftFrom'] {
  return ({ rateLimit }) => (rateLimit?.limit === rate ? [] : [`rate is ${rate}/hour`]);
}
