import { claimById } from '../ledger/claims.ts';
import type { Ledger } from '../ledger/database.ts';
import type { ClaimRow, DeliveryRow } from '../ledger/schema.ts';
import { NOTICE_KINDS, type NoticeKind } from '../reservation/notice.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import { linkOf } from './renew.ts';
import { type Keeping, withheldUntil } from './keeping.ts';
import type { DeliveryBody, Dispatch } from './dispatch.ts';
import { type Facts, readFacts, sourceOf, type Unenforced, unenforcedOf } from './facts.ts';
import { compose } from './message.ts';
import { openCode, openToken } from './token.ts';

export interface ComposeOptions {
  readonly ledger: Ledger;
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly publicUrl: string;
  readonly unenforced: Unenforced;
  readonly keeping: Keeping;
}

/** A delivery as it is to be sent now: today's facts, addresses and link. A string when there is nothing to send any more, saying why. */
export async function composeDispatch(delivery: DeliveryRow, now: Date, options: ComposeOptions): Promise<Dispatch | string> {
  const body = delivery.body as DeliveryBody;
  const policy = options.policy();
  const { leaseId } = delivery;
  const facts = leaseId === null ? undefined : await readFacts(options.ledger.db, { leaseId, keyId: body.keyId }, policy);
  if (!facts) return 'the lease it is about is gone';
  const claim = delivery.claimId === null ? undefined : await claimById(options.ledger.db, delivery.claimId);
  const over = body.part === 'news' ? undefined : whyOver(claim, facts, now);
  if (over) return over;
  const token = claim && openToken(claim, options.sealer);
  const message = compose({
    kind: kindOf(delivery),
    part: body.part,
    resource: facts.resource.name || facts.resource.id,
    holder: facts.holder.name ?? facts.holder.id,
    window: facts.window,
    grant: facts.grant,
    olderUntil: facts.olderUntil,
    hint: facts.key?.hint,
    reason: body.reason,
    unenforced: unenforcedOf(options.unenforced, policy, facts),
    link: body.part === 'link' && token ? linkOf(options.publicUrl, token) : undefined,
    withheldUntil: facts.key && withheldUntil(options.keeping, facts.key, now),
    code: body.part === 'code' && claim ? openCode(claim, options.sealer) : undefined,
    codeBy: body.codeBy,
  });
  return { delivery, body, facts, source: sourceOf(policy, facts), message, now };
}

/** A link or a code for a key that nobody can claim any more helps nobody. */
function whyOver(claim: ClaimRow | undefined, facts: Facts, now: Date): string | undefined {
  if (!claim || !facts.key) return 'no longer needed: the key is gone';
  if (claim.claimedAt) return 'no longer needed: the key has been claimed';
  if (facts.key.state !== 'active') return 'no longer needed: the key is being taken away';
  return facts.key.closesAt <= now ? 'no longer needed: the window is over' : undefined;
}

function kindOf(delivery: DeliveryRow): NoticeKind {
  return NOTICE_KINDS.find((kind) => kind === delivery.kind) ?? 'alert';
}
