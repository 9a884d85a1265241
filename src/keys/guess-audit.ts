import type { Ledger } from '../ledger/database.ts';
import type { GuessReport, Guesses } from './guesses.ts';

const EVERY_MS = 60_000;
/** A flood from everywhere may not fill the trail: the worst are named, the others counted. */
const MOST_NAMED = 20;

export interface GuessAudit {
  /** Writes down who had to wait since it last was. Throws when the ledger is out of reach; what was not written is lost. */
  write(): Promise<void>;
  /** Writes the rest and stops. */
  stop(): Promise<void>;
}

export interface GuessAuditOptions {
  readonly ledger: Ledger;
  readonly guesses: Guesses;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/** Who sends more wrong keys than anybody mistypes is in the audit trail: once a minute for each address, with their number. */
export function auditGuesses({ ledger, guesses, log }: GuessAuditOptions): GuessAudit {
  async function write(): Promise<void> {
    const all = guesses.report();
    if (all.length === 0) return;
    const named = all.slice(0, MOST_NAMED);
    const others = all.slice(MOST_NAMED);
    await ledger.transact(async (tx) => {
      for (const { address, wrong } of named)
        tx.audit({ actor: 'verify', action: 'verify.guessing', subject: address, detail: { wrong } });
      if (others.length > 0)
        tx.audit({
          actor: 'verify',
          action: 'verify.guessing',
          subject: 'others',
          detail: { addresses: others.length, wrong: sum(others) },
        });
    });
  }

  const writeOrSay = (): Promise<void> =>
    write().catch((error: unknown) =>
      log('wrong keys could not be audited', { error: error instanceof Error ? error.message : 'unknown' }),
    );
  const timer = setInterval(() => void writeOrSay(), EVERY_MS).unref();
  return {
    write,
    async stop() {
      clearInterval(timer);
      await writeOrSay();
    },
  };
}

function sum(reports: readonly GuessReport[]): number {
  return reports.reduce((total, { wrong }) => total + wrong, 0);
}
