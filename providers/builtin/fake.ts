import { matchesGlob } from 'node:path/posix';
import type { KeyManager, LocalKey } from '../key-manager.ts';

/** `lost-answer` is done and then fails; `refuse` fails and is not done; `hang` never answers; `400` is invalid. */
export type FaultKind = 'lost-answer' | 'refuse' | 'hang' | '400';
export type FaultPlace = 'issue' | 'revoke' | 'retime' | 'usage' | 'list';

/** What no message of the driver may repeat. */
export const LEDGER_TEXT = 'insert into local_key values';

export interface FakeKeys {
  readonly keys: KeyManager;
  live(): readonly LocalKey[];
  /** What verify would say. */
  opensTheDoor(knock: { apiKey: string; method: string; path: string }): boolean;
  failNext(fault: { on: FaultPlace; how: FaultKind }): void;
}

/** The built-in key manager in memory. */
export function createFakeKeys({ now }: { now: () => Date }): FakeKeys {
  const live = new Map<string, LocalKey>();
  const held = new Set<string>();
  const used = new Map<string, number>();
  const faults: { on: FaultPlace; how: FaultKind }[] = [];

  async function act<T>(on: FaultPlace, work: () => T): Promise<T> {
    const at = faults.findIndex((fault) => fault.on === on);
    const how = at < 0 ? undefined : faults.splice(at, 1)[0]?.how;
    if (how === 'hang') return new Promise(() => {});
    const ledgerError = new Error(`${LEDGER_TEXT} (${[...live.values()].map((key) => key.secret.reveal()).join()})`);
    if (how === 'refuse') throw ledgerError;
    if (how === '400') throw Object.assign(ledgerError, { code: 'invalid' });
    const result = work();
    if (how === 'lost-answer') throw ledgerError;
    return result;
  }

  return {
    keys: {
      put: (key) => act('issue', () => (live.set(key.name, key), { keyId: `key_${key.name}` })),
      remove: (name) => act('revoke', () => void live.delete(name)),
      rekey: (name, secret) =>
        act('retime', () => {
          const key = live.get(name);
          if (key) live.set(name, { ...key, secret });
          return key !== undefined;
        }),
      retime: (name, window) =>
        act('retime', () => {
          const key = live.get(name);
          if (key) live.set(name, { ...key, window });
          return key !== undefined;
        }),
      suspend: (name) => act('retime', () => live.has(name) && (held.add(name), true)),
      resume: (name) => act('retime', () => live.has(name) && (held.delete(name), true)),
      usage: (name) => act('usage', () => (live.has(name) ? { used: used.get(name) ?? 0 } : undefined)),
      standing: (name) =>
        act('usage', () => {
          const key = live.get(name);
          if (!key) return 'gone';
          return !held.has(name) && key.window.opensAt <= now() && now() < key.window.closesAt ? 'works' : 'held';
        }),
      async *list() {
        yield* await act('list', () => [...live.keys()].map((name) => ({ name, keyId: `key_${name}` })));
      },
    },
    live: () => [...live.values()],
    opensTheDoor({ apiKey, method, path }) {
      const key = [...live.values()].find((entry) => entry.secret.reveal() === apiKey);
      if (!key || held.has(key.name) || !allows(key, { method, path, at: now() })) return false;
      used.set(key.name, (used.get(key.name) ?? 0) + 1);
      return true;
    },
    failNext: (fault) => void faults.push(fault),
  };
}

function allows(key: LocalKey, { method, path, at }: { method: string; path: string; at: Date }): boolean {
  const open = key.window.opensAt <= at && at < key.window.closesAt;
  return open && key.methods.includes(method) && key.endpoints.some((glob) => matchesGlob(path, glob));
}
