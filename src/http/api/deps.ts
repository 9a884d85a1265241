import type { Guard } from '../../access/guard.ts';
import type { Chain } from '../../audit/chain.ts';
import type { Claims } from '../../handover/claim.ts';
import type { Deliverer } from '../../handover/deliver.ts';
import type { Receiver } from '../../intake/receive.ts';
import type { Recorder } from '../../lab/recorder.ts';
import type { Caller, OpenProvider } from '../../lease/call.ts';
import type { Inventories } from '../../lease/inventory/open.ts';
import type { Operations } from '../../lease/operate.ts';
import type { Rotations } from '../../lease/rotations.ts';
import type { TryOut } from '../../lease/trial.ts';
import type { Watch } from '../../lease/watch.ts';
import type { Tokens } from '../../keys/tokens.ts';
import type { Bulks } from '../../managed/bulk/bulks.ts';
import type { House } from '../../managed/house.ts';
import type { Ledger } from '../../ledger/database.ts';
import type { Budgets } from '../../keys/budgets.ts';
import type { Pollings } from '../../polling/open.ts';
import type { Policy } from '../../reservation/policy.ts';
import type { Scope } from '../../reservation/plan.ts';
import type { Scopes } from '../../scopes/open.ts';
import type { Sealer } from '../../secret/seal.ts';

/** What the management API works with. Each resource takes what it needs of it. */
export interface ApiDeps {
  readonly ledger: Ledger;
  readonly guard: Pick<Guard, 'needs'>;
  readonly operations: Operations;
  readonly rotations: Pick<Rotations, 'preview' | 'start'>;
  readonly inventories: Pick<Inventories, 'ask'>;
  readonly receiver: Pick<Receiver, 'replay'>;
  readonly recorder: Pick<Recorder, 'start' | 'stop' | 'of'>;
  readonly handover: Pick<Deliverer, 'resend'> & { readonly claims: Pick<Claims, 'reissueLink'> };
  readonly policy: () => Policy;
  /** What the configuration describes for a project, and what API calls do. */
  readonly configuredScopes: (project: string) => Readonly<Record<string, Scope>>;
  readonly scopes: Pick<Scopes, 'stored' | 'described' | 'preview' | 'apply' | 'remove'>;
  readonly polling: Pick<Pollings, 'pollNow' | 'states'>;
  readonly providers: (name: string) => OpenProvider | undefined;
  readonly call: Caller;
  readonly watch: Watch;
  readonly tryOut: TryOut;
  readonly signingKeys: Pick<Tokens['signingKeys'], 'list' | 'rotate'>;
  /** What keys without a booking are made with. */
  readonly managed: House;
  readonly budgets: Budgets;
  readonly bulks: Pick<Bulks, 'judge' | 'start' | 'fetchValues'>;
  readonly chain: Chain;
  readonly sealer: Sealer;
  /** Every problem, and the old configuration stays in force; none, and the new one is. */
  readonly reload: () => Promise<readonly ConfigProblem[]>;
  readonly now: () => Date;
  /** Whether a mail server is configured. */
  readonly sendsMail: boolean;
  /** For how long what was kept of a quarantined event is. */
  readonly quarantineKeptMs: number;
  /** Where the service is reached, for the document. */
  readonly publicUrl: string;
  readonly version: string;
}

/** Something wrong in the configuration, where, and what would be right. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}
