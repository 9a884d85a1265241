import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Fault } from '../reservation/fault.ts';
import type { Verdict } from './check.ts';
import type { Outcome } from './record.ts';

/** What became of a request, counted by its source and told to the log. Nothing of what it brought is. */
export interface Tally {
  recorded(about: About, outcome: Outcome, signedWith: string | undefined): void;
  judged(about: About, verdict: Verdict): void;
  handshake(about: About): void;
  refused(about: About, why: Pick<Fault, 'code' | 'message' | 'cause'>): void;
}

export interface About {
  readonly source: string;
  readonly requestId: string;
}

export interface TallyParts {
  readonly log?: Log;
  readonly metrics?: Pick<Metrics, 'acks' | 'duplicates'>;
}

export function createTally({ log, metrics }: TallyParts): Tally {
  const count = ({ source }: About, status: string) => metrics?.acks.inc({ source, status });
  return {
    recorded(about, outcome, signedWith) {
      count(about, outcome.status);
      if (outcome.status === 'duplicate') metrics?.duplicates.inc({ source: about.source });
      log?.debug('webhook recorded', { ...about, ...outcome, signedWith });
    },
    judged(about, verdict) {
      count(about, verdict.status === 'granted' ? 'check-granted' : 'check-refused');
      log?.debug('booking judged beforehand', { ...about, ...verdict });
    },
    handshake(about) {
      count(about, 'handshake');
      log?.debug('handshake answered', { ...about });
    },
    refused(about, { code, message, cause }) {
      count(about, 'refused');
      log?.warn('webhook refused', { ...about, code, reason: message, cause });
    },
  };
}
