import type { InventoryProgress } from '../../reservation/inventory.ts';
import type { ProviderRules } from '../../reservation/policy.ts';
import type { OpenProvider } from '../call.ts';
import type { Workshop } from '../turn.ts';

export type Rules = Pick<ProviderRules, 'inventory' | 'strays'>;

/** What an inventory may do at the provider. */
export interface May {
  /** Revoke again what is dead in our books. */
  readonly revoke: boolean;
  /** Replace what is missing, repair what is otherwise. */
  readonly fix: boolean;
  readonly evenIfMost: boolean;
  /** Revoke what our books do not know. */
  readonly strays: boolean;
}

/** One inventory of one provider, under way. */
export interface Sweep {
  readonly shop: Workshop;
  readonly provider: OpenProvider;
  readonly rules: Rules;
  readonly began: Date;
  readonly may: May;
  /** In whose name things are done. */
  readonly by: string;
  readonly stopping: AbortSignal;
  progress(step: Pick<InventoryProgress, 'phase' | 'count' | 'of'>): Promise<void>;
  /** Counts a remedy that was taken. */
  counted(what: 'revoked-again' | 'stray-revoked' | 'reissued' | 'repaired'): void;
}
