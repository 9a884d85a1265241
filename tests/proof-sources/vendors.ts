import { createHmac } from 'node:crypto';
import type { Message } from './sign.ts';

/** How each system that we have a preset for signs, written down from its own documentation and not from the preset. */

export interface Posting {
  readonly secret: string;
  readonly now: Date;
  /** Where it is posted. */
  readonly url: string;
  /** Of the message, where the system gives it one. */
  readonly id: string;
}

type Sign = (body: Buffer, posting: Posting) => Readonly<Record<string, string>>;

const digest = (key: string | Buffer, ...parts: (string | Buffer)[]) => {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};
const seconds = (at: Date) => String(Math.floor(at.getTime() / 1000));

export const vendors: Readonly<Record<string, Sign>> = {
  blazar: (_body, { secret }) => ({ 'X-Auth-Token': secret }),
  'cal.com': (body, { secret }) => ({ 'X-Cal-Signature-256': digest(secret, body).toString('hex') }),
  calendly: (body, { secret, now }) => ({
    'Calendly-Webhook-Signature': `t=${seconds(now)},v1=${digest(secret, `${seconds(now)}.`, body).toString('hex')}`,
  }),
  'cloud-resource-reservation': (body, { secret }) => ({ 'X-Webhook-Signature': digest(secret, body).toString('base64') }),
  cloudevents: (_body, { secret }) => ({ Authorization: `Bearer ${secret}` }),
  square: (body, { secret, url }) => ({ 'x-square-hmacsha256-signature': digest(secret, url, body).toString('base64') }),
  standard: (body, { secret, now, id }) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signature = digest(key, `${id}.${seconds(now)}.`, body).toString('base64');
    return { 'webhook-id': id, 'webhook-timestamp': seconds(now), 'webhook-signature': `v1,${signature}` };
  },
  zoom: (body, { secret, now }) => ({
    'x-zm-request-timestamp': seconds(now),
    'x-zm-signature': `v0=${digest(secret, `v0:${seconds(now)}:`, body).toString('hex')}`,
  }),
};

/** As the system posts it. Throws for a preset of a system whose signing is not written here. */
export function postedBy(preset: string, message: Message, posting: Posting): Message {
  const sign = vendors[preset];
  if (!sign) throw new Error(`proof: how ${preset} signs is not written in vendors.ts`);
  return { ...message, headers: { ...message.headers, ...sign(message.body, posting) } };
}
