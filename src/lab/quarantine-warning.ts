import type { Receiver } from '../intake/receive.ts';
import type { Log } from '../observe/log.ts';

const QUIET_MS = 3_600_000;

/**
 * The same receiver; whoever reads the log is told of the first event of a source that is not understood, and then once an hour at most, so that
 * somebody looks.
 */
export function warningOfQuarantine(receiver: Receiver, { log, now }: { readonly log: Log; readonly now: () => Date }): Receiver {
  const warned = new Map<string, number>();
  return {
    ...receiver,
    async receive(request) {
      const reception = await receiver.receive(request);
      if (reception.kind === 'recorded' && reception.outcome.status === 'quarantined') {
        const at = now().getTime();
        const before = warned.get(request.source);
        if (before === undefined || at - before >= QUIET_MS) {
          warned.set(request.source, at);
          const { eventId } = reception.outcome;
          log.warn('an event is not understood and was put into quarantine', {
            source: request.source,
            eventId,
            look: `latchkey quarantine show ${eventId}`,
          });
        }
      }
      return reception;
    },
  };
}
