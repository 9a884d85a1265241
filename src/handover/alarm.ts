import type { Log } from '../observe/log.ts';
import type { Notice } from '../reservation/notice.ts';

const MOST_REMEMBERED = 10_000;

export interface AlarmOptions {
  readonly log: Pick<Log, 'warn'>;
  readonly metrics: { readonly alerts: { inc(labels: { about: string }): void } };
}

/** Logs and counts each alert once, so that it is seen also where nobody subscribed to any. */
export function createAlarm({ log, metrics }: AlarmOptions): (alert: Notice) => void {
  const remembered = new Set<string>();
  return ({ leaseId, keyId, id, reason }) => {
    const name = `${leaseId}:${id}`;
    if (remembered.has(name)) return;
    remembered.add(name);
    for (const oldest of remembered) {
      if (remembered.size <= MOST_REMEMBERED) break;
      remembered.delete(oldest);
    }
    const about = id.split(':', 1)[0]!;
    log.warn('alert', { lease: leaseId, key: keyId, about, reason });
    metrics.alerts.inc({ about });
  };
}
