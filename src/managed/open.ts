import type { Ledger } from '../ledger/database.ts';
import type { Jobs } from '../ledger/jobs.ts';
import { createBulks, type Bulks } from './bulk/bulks.ts';
import { retireEnded, rotateDue, type Due } from './due.ts';
import type { House, Mint } from './house.ts';
import { forgetDead, forgetRepeats } from './keeping.ts';
import { createMint } from './mint.ts';

export interface ManagedParts extends Omit<House, 'mint'> {
  readonly ledger: Ledger;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** Only tests stop the process there. */
  readonly crashPoint?: (name: string) => void;
  readonly alert: Due['alert'];
  readonly note: Due['note'];
  /** Makes tokens; without it keys have random values only. */
  readonly sign?: Mint;
}

export interface Managed {
  readonly house: House;
  readonly bulks: Bulks;
  /** What the clock does to keys without a booking. */
  readonly beats: readonly { readonly name: string; readonly everyMs: number; run(): Promise<unknown> }[];
  /** Takes out what has been dead for long. */
  forget(): Promise<unknown>;
}

export function openManaged({ ledger, jobs, crashPoint, alert, note, sign, ...parts }: ManagedParts): Managed {
  const house: House = { ...parts, mint: createMint({ sign }) };
  const bulks = createBulks({ house, ledger, jobs, crashPoint });
  return {
    house,
    bulks,
    beats: [
      { name: 'key rotations', everyMs: 5000, run: () => rotateDue(house, { ledger, alert, note }) },
      { name: 'ended keys', everyMs: 60_000, run: () => retireEnded(house, { ledger }) },
      { name: 'bulks', everyMs: 60_000, run: () => bulks.resume() },
      { name: 'bulk values', everyMs: 600_000, run: () => bulks.wipe() },
      { name: 'repeated creations', everyMs: 60_000, run: () => forgetRepeats(house, ledger) },
    ],
    forget: () => forgetDead(house, ledger),
  };
}
