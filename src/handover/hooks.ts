import { randomBytes } from 'node:crypto';
import type { Ledger } from '../ledger/database.ts';
import { disableHook, hookById, insertHook } from '../ledger/hooks.ts';
import { newId } from '../ledger/ids.ts';
import { Fault } from '../reservation/fault.ts';
import type { NoticeKind } from '../reservation/notice.ts';
import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';
import { parseTarget } from './target.ts';

export interface Subscription {
  readonly url: string;
  /** Empty means all. */
  readonly kinds: readonly NoticeKind[];
  readonly actor: string;
}

/**
 * A webhook for news, subscribed by API. Its secret (Standard Webhooks, 256 bits) is given back here and never again. Where the URL leads
 * is checked each time something is sent. Throws Fault('invalid') for what is not plain http or https.
 */
export async function subscribeHook(
  { ledger, sealer, now }: { ledger: Ledger; sealer: Sealer; now: () => Date },
  { url, kinds, actor }: Subscription,
): Promise<{ readonly id: string; readonly secret: Secret }> {
  const target = checked(url);
  const id = newId('hok');
  const secret = new Secret(`whsec_${randomBytes(32).toString('base64')}`);
  const sealedSecret = sealer.seal(secret, `hook:${id}`);
  await ledger.transact(async (tx) => {
    await insertHook(tx.db, { id, url: target.href, sealedSecret, kinds: JSON.stringify(kinds), createdAt: now() });
    // The rest of the URL may be as good as a password.
    tx.audit({ actor, action: 'hook.created', subject: id, detail: { origin: target.origin, kinds } });
  });
  return { id, secret };
}

/** Nothing is sent there any more. Doing it twice is fine. Throws Fault('not_found'). */
export async function unsubscribeHook(
  { ledger, now }: { ledger: Ledger; now: () => Date },
  { id, actor }: { id: string; actor: string },
): Promise<void> {
  await ledger.transact(async (tx) => {
    if (await disableHook(tx.db, id, now())) tx.audit({ actor, action: 'hook.disabled', subject: id });
    else if (!(await hookById(tx.db, id))) throw new Fault('not_found', `there is no hook ${id}`);
  });
}

function checked(url: string): URL {
  try {
    return parseTarget(url);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.code, error.message, { at: 'url', cause: error });
    throw error;
  }
}
