import type { KeyManager } from '../../providers/key-manager.ts';
import type { KeysWithin } from '../keys/within.ts';
import type { Tx } from '../ledger/database.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import { projectNamed } from '../reservation/project.ts';
import type { Sealer } from '../secret/seal.ts';
import type { Secret } from '../secret/secret.ts';
import type { Bounds, Refusal } from './asked.ts';

/** What keys without a booking are made with. */
export interface House {
  readonly within: KeysWithin;
  /** What one value of a key was used for until now, of its quota's period. */
  readonly usage: KeyManager['usage'];
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly mint: Mint;
  readonly now: () => Date;
}

/** A new value of a key: `row` says what it is for. Throws Fault('invalid') for a form that it cannot make. */
export type Mint = (tx: Tx, row: ProjectKeyRow) => Promise<Secret>;

/** What the keys of a project may be. Throws Fault('not_found') for one that is not configured. */
export function boundsOf(house: Pick<House, 'policy'>, project: string): Bounds {
  const policy = house.policy();
  const { keys: rules } = projectNamed(policy, project);
  const others = Object.values(policy.projects).filter(({ name }) => name !== project);
  return { rules, scopes: policy.scopesOf(project), otherPrefixes: others.map(({ keys }) => keys.prefix) };
}

/** Throws Fault('invalid') with all the reasons, at the field of the first. */
export function refuse(refused: readonly Refusal[]): void {
  const [first] = refused;
  if (first) throw new Fault('invalid', refused.map(({ at, why }) => `${at}: ${why}`).join('; '), { at: first.at });
}
