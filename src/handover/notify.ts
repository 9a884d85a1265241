import { claimOf, followKeys, insertClaim } from '../ledger/claims.ts';
import type { Tx } from '../ledger/database.ts';
import { insertDeliveries, type NewDelivery } from '../ledger/deliveries.ts';
import { hooksFor } from '../ledger/hooks.ts';
import { newId } from '../ledger/ids.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { ClaimRow } from '../ledger/schema.ts';
import type { Notice } from '../reservation/notice.ts';
import type { Channel } from '../reservation/plan.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import { channelsFor, type CodeBy, codeByFor, confirmationFor, type Reach, recipientsOf } from './audience.ts';
import type { DeliveryBody } from './dispatch.ts';
import { planOf, readFactsTogether, sourceOf } from './facts.ts';
import { mintToken } from './token.ts';

export type Announce = (tx: Tx, notice: Notice) => Promise<void>;

/**
 * Returns `announce`: in the caller's transaction it makes the claim (for `issued` and `rotated`) and one delivery for everyone who is
 * to be told, and wakes the senders after the commit. The same notice twice does nothing the second time. `alert` never reaches the holder.
 */
export function createAnnouncer(options: {
  policy: () => Policy;
  sealer: Sealer;
  now: () => Date;
  jobs: Pick<Jobs, 'enqueue'>;
  /** Whether mail can be sent. */
  smtp: boolean;
  /** Hears of every alert, after its commit. */
  alarm: (alert: Notice) => void;
}): Announce {
  async function announce(tx: Tx, notice: Notice): Promise<void> {
    const policy = options.policy();
    const facts = await readFactsTogether(tx.db, { leaseId: notice.leaseId, keyId: notice.keyId }, policy);
    if (!facts) throw new Error(`handover: there is no lease ${notice.leaseId} to announce`);
    const reach: Reach = { facts, source: sourceOf(policy, facts), plan: planOf(policy, facts), smtp: options.smtp };
    if (notice.kind === 'extended') await followKeys(tx.db, notice.leaseId);
    const claim = await ensureClaim(tx, notice, { ...options, reach });
    const channels = channelsFor(reach);
    const codeBy = claim && codeByFor(claim.confirm, channels);
    await tell(tx, notice, { reach, claim, codeBy });
    if (claim && (channels.length === 0 || codeBy === 'operator')) await tell(tx, waitsForOperator(claim, channels), { reach });
  }

  async function tell(tx: Tx, notice: Notice, about: { reach: Reach; claim?: ClaimRow; codeBy?: CodeBy }): Promise<void> {
    const { reach, claim, codeBy } = about;
    if (notice.kind === 'alert') tx.afterCommit(() => options.alarm(notice));
    const hooks = await hooksFor(tx.db, notice.kind);
    const at = options.now();
    const body: Omit<DeliveryBody, 'part'> = { keyId: notice.keyId, reason: notice.reason, codeBy, at: at.toISOString() };
    const rows = recipientsOf(notice, reach, { hooks, codeBy }).map((recipient): NewDelivery => ({
      id: newId('dlv'),
      dedupe: `${notice.leaseId}:${notice.id}:${recipient.channel}:${recipient.target}`,
      leaseId: notice.leaseId,
      claimId: claim?.id ?? null,
      channel: recipient.channel,
      kind: notice.kind,
      target: recipient.target,
      body: { ...body, part: recipient.part },
      state: 'pending',
      nextAt: at,
      createdAt: at,
    }));
    const ids = await insertDeliveries(tx.db, rows);
    if (ids.length > 0) await options.jobs.enqueue(tx, 'deliver', ids);
  }

  return announce;
}

/** The one claim of a key, made when the key is first announced. Undefined for news without a key to hand over. */
async function ensureClaim(
  tx: Tx,
  notice: Notice,
  options: { sealer: Sealer; now: () => Date; reach: Reach },
): Promise<ClaimRow | undefined> {
  const { key, lease } = options.reach.facts;
  if ((notice.kind !== 'issued' && notice.kind !== 'rotated') || !key) return undefined;
  const id = newId('clm');
  const { row } = mintToken(id, confirmationFor(options.reach), options.sealer);
  const claim = { id, keyId: key.id, leaseId: lease.id, ...row, expiresAt: key.closesAt, createdAt: options.now() };
  const made = await insertClaim(tx.db, claim);
  if (!made) return await claimOf(tx.db, key.id);
  const detail = { claimId: id, keyId: key.id, confirm: row.confirm };
  tx.audit({ actor: 'latchkey', action: 'claim.created', subject: lease.id, detail });
  return made;
}

/** Nobody can claim it until an operator acts, so operators hear of it. */
function waitsForOperator(claim: ClaimRow, channels: readonly Channel[]): Notice {
  const missing = channels.length === 0 ? 'no channel reaches the holder' : 'its confirmation code has no channel of its own';
  const reason = `${missing}: reissue the link and give it to the holder yourself`;
  return { kind: 'alert', leaseId: claim.leaseId, keyId: claim.keyId, id: `waits:${claim.keyId}`, reason };
}
