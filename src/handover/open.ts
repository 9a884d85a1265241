import type { Jobs } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/database.ts';
import type { Log } from '../observe/log.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import type { Secret } from '../secret/secret.ts';
import { createCallback } from './channels/callback.ts';
import { type AlarmOptions, createAlarm } from './alarm.ts';
import { createAlert } from './alert.ts';
import { createMailer } from './channels/email.ts';
import { createWebhook } from './channels/webhook.ts';
import { createClaims, type Claims } from './claim.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import type { Unenforced } from './facts.ts';
import type { Keeping } from './keeping.ts';
import { createDeliveryLanes, type DeliveryLanes } from './lanes.ts';
import { createAnnouncer, type Announce } from './notify.ts';
import { createNote } from './note.ts';
import { createRuleAlert } from './rule-alert.ts';
import { createOutgoing } from './outgoing.ts';

export interface HandoverOptions {
  readonly ledger: Ledger;
  readonly sealer: Sealer;
  readonly jobs: Jobs;
  readonly policy: () => Policy;
  readonly now: () => Date;
  readonly log: Log;
  readonly unenforced: Unenforced;
  readonly keeping: Keeping;
  readonly settings: {
    readonly publicUrl: string;
    readonly smtpUrl?: Secret;
    readonly smtpFrom: string;
    readonly allowPrivateTargets: readonly string[];
  };
  readonly metrics: AlarmOptions['metrics'] & { readonly deliveryFailures: { inc(labels: { channel: string }): void } };
}

export interface Handover extends Pick<Deliverer, 'resend' | 'sweep'>, DeliveryLanes {
  readonly announce: Announce;
  readonly alert: ReturnType<typeof createAlert>;
  readonly alertByRule: ReturnType<typeof createRuleAlert>;
  readonly note: ReturnType<typeof createNote>;
  readonly claims: Claims;
  expireClaims(): Promise<number>;
  close(): void;
}

/** Links, news and the channels they go out by, ready to work. */
export function openHandover(options: HandoverOptions): Handover {
  const { ledger, sealer, now, log, settings } = options;
  const { publicUrl } = settings;
  const alarm = createAlarm(options);
  const announce = createAnnouncer({ ...options, smtp: settings.smtpUrl !== undefined, alarm });
  const outgoing = createOutgoing({ now, allowPrivate: settings.allowPrivateTargets });
  const mailer = settings.smtpUrl && createMailer({ smtpUrl: settings.smtpUrl, publicUrl, from: settings.smtpFrom });
  const callback = createCallback(outgoing);
  const webhook = createWebhook({ db: ledger.db, sealer, outgoing });
  const channels = {
    callback: callback.notify,
    log: callback.log,
    webhook: webhook.send,
    email: mailer?.send,
  };
  const warn = (message: string, fields: Record<string, unknown>) => log.warn(message, fields);
  const { deliver, resend, sweep } = createDeliverer({
    ...options,
    announce,
    publicUrl,
    channels,
    alert: async (delivery, at) => {
      if (delivery.channel !== 'email') return await webhook.alert(delivery, at);
      return mailer ? await mailer.alert(delivery) : { sent: false, final: true, error: 'there is no email configured any more' };
    },
    log: warn,
  });
  const lanes = createDeliveryLanes({ ledger, deliver, log: warn });
  const claims = createClaims({ ...options, announce, publicUrl });
  const alert = createAlert({ ...options, alarm });
  const smtp = settings.smtpUrl !== undefined;
  const alertByRule = createRuleAlert({ ...options, smtp, alarm });
  const note = createNote({ ...options, smtp });
  const expireClaims = () => claims.expire(now());
  return { resend, sweep, ...lanes, announce, alert, alertByRule, note, claims, expireClaims, close: () => mailer?.close() };
}
