import type { Log } from '../observe/log.ts';
import type { Notice, ProviderAlert } from '../reservation/notice.ts';

const MOST_REMEMBERED = 10_000;

export interface AlarmOptions {
  readonly log: Pick<Log, 'warn'>;
  readonly metrics: { readonly alerts: { inc(labels: { about: string }): void } };
}

/** Of a lease, or of a provider. */
export type Alert = Pick<Notice, 'id' | 'reason'> & Partial<Pick<Notice, 'leaseId' | 'keyId'> & Pick<ProviderAlert, 'provider'>>;

/** Logs and counts each alert once, so that it is seen also where nobody subscribed to any. */
export function createAlarm({ log, metrics }: AlarmOptions): (alert: Alert) => void {
  const remembered = new Set<string>();
  return ({ leaseId, keyId, provider, id, reason }) => {
    const name = `${leaseId ?? provider}:${id}`;
    if (remembered.has(name)) return;
    remembered.add(name);
    for (const oldest of remembered) {
      if (remembered.size <= MOST_REMEMBERED) break;
      remembered.delete(oldest);
    }
    const about = id.split(':', 1)[0]!;
    log.warn('alert', { lease: leaseId, key: keyId, provider, about, reason });
    metrics.alerts.inc({ about });
  };
}
