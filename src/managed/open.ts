import type { Ledger } from '../ledger/database.ts';
import { retireEnded, rotateDue, type Due } from './due.ts';
import type { House, Mint } from './house.ts';
import { forgetDead, forgetRepeats } from './keeping.ts';
import { createMint } from './mint.ts';

export interface ManagedParts extends Omit<House, 'mint'> {
  readonly ledger: Ledger;
  readonly alert: Due['alert'];
  /** Makes tokens; without it keys have random values only. */
  readonly sign?: Mint;
}

export interface Managed {
  readonly house: House;
  /** What the clock does to keys without a booking. */
  readonly beats: readonly { readonly name: string; readonly everyMs: number; run(): Promise<unknown> }[];
  /** Takes out what has been dead for long. */
  forget(): Promise<unknown>;
}

export function openManaged({ ledger, alert, sign, ...parts }: ManagedParts): Managed {
  const house: House = { ...parts, mint: createMint({ sign }) };
  return {
    house,
    beats: [
      { name: 'key rotations', everyMs: 5000, run: () => rotateDue(house, { ledger, alert }) },
      { name: 'ended keys', everyMs: 60_000, run: () => retireEnded(house, { ledger }) },
      { name: 'repeated creations', everyMs: 60_000, run: () => forgetRepeats(house, ledger) },
    ],
    forget: () => forgetDead(house, ledger),
  };
}
