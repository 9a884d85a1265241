import type { Receiver, Reception } from '../intake/receive.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import type { Log } from '../observe/log.ts';
import type { ProviderAlert } from '../reservation/notice.ts';

const QUIET_MS = 3_600_000;

export interface WarningParts {
  readonly ledger: Pick<Ledger, 'transact'>;
  /** Logs and counts it, and tells the hooks that want alerts; once for the same id, on whichever node. */
  readonly alert: (tx: Tx, alert: ProviderAlert) => Promise<void>;
  readonly log: Pick<Log, 'warn'>;
  readonly now: () => Date;
}

export interface Warning {
  /** The same receiver, whose answers wait for nothing of this. */
  around(receiver: Receiver): Receiver;
  /** Resolves when what was to be told is told. */
  drain(): Promise<void>;
}

/** Operators are told of the first event of a source that is not understood, and then once in an hour, so that somebody looks. */
export function createQuarantineWarning({ ledger, alert, log, now }: WarningParts): Warning {
  const told = new Map<string, number>();
  const telling = new Set<Promise<void>>();

  function tell(source: string, eventId: string): void {
    const hour = Math.floor(now().getTime() / QUIET_MS);
    if (told.get(source) === hour) return;
    told.set(source, hour);
    const reason = `an event of source ${source} is not understood and was put into quarantine: latchkey quarantine show ${eventId}`;
    const id = `quarantined:${new Date(hour * QUIET_MS).toISOString()}`;
    const work = ledger
      .transact((tx) => alert(tx, { provider: `source ${source}`, reason, id }))
      .catch((error: unknown) => {
        // The next one is told instead.
        told.delete(source);
        log.warn('an event in quarantine was not told', { source, eventId, error });
      })
      .finally(() => telling.delete(work));
    telling.add(work);
  }

  function hear(source: string, reception: Reception): Reception {
    if (reception.kind === 'recorded' && reception.outcome.status === 'quarantined') tell(source, reception.outcome.eventId);
    return reception;
  }

  return {
    around: (receiver) => ({ ...receiver, receive: async (request) => hear(request.source, await receiver.receive(request)) }),
    drain: async () => void (await Promise.all(telling)),
  };
}
