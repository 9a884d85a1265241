import type { DriverError, Issued } from '../../providers/driver.ts';
import { hintOf } from '../keys/key.ts';
import { newId } from '../ledger/ids.ts';
import { type Activation, activateKey, beginRevoking, intendKey, narrowKey, noteSetback } from '../ledger/keys.ts';
import type { KeyRow } from '../ledger/schema.ts';
import type { Window } from '../reservation/lease.ts';
import type { Step } from '../reservation/steps.ts';
import { commonOf, sameWindow } from '../reservation/window.ts';
import type { Secret } from '../secret/secret.ts';
import { alertFor } from './alert.ts';
import { backoffMs } from './backoff.ts';
import { sealHandle } from './handle.ts';
import { keep, refOf } from './key-ref.ts';
import { nameOf, requestFor } from './request.ts';
import { goOver, moveLease, writeInTurn, TurnLost, type Turn, type Workshop } from './turn.ts';
import { undoIfRevoked } from './undo.ts';
import { mintValue } from './value.ts';

/** Why a key is revoked whose request can never succeed; `decide` does not ask for it again. */
export const REJECTED = 'the provider refused it for good';

type IssueStep = Step & { do: 'issue' };

interface Intent {
  readonly id: string;
  readonly name: string;
  readonly secret: Secret;
  /** As it is asked for now. */
  readonly window: Window;
  /** What an earlier call kept. */
  readonly kept?: unknown;
  /** What it is sure to have if an earlier call, perhaps for another window, got through. It is moved when the key is there. */
  readonly sure: Window;
}

/**
 * Makes the key of a generation: intent first (its name and sealed secret are committed), then the provider, then active
 * together with its claim. After a crash at any point the call is made again under the same name.
 */
export async function issue(shop: Workshop, turn: Turn, step: IssueStep): Promise<void> {
  const intent = await intend(shop, turn, step);
  try {
    const issued = await shop.make(step.plan.provider, {
      request: requestFor(turn, { ...intent, grant: step.grant }, shop.policy()),
      previous: predecessorOf(shop, turn, step),
      keep: (handle) => keep(shop, turn, intent.id, handle),
    });
    await activate(shop, turn, step, { intent, issued });
  } catch (error) {
    if (error instanceof TurnLost) await undoIfRevoked(shop, intent.id, { ...intent, handle: null });
    throw error;
  }
}

/** The living key that this one follows, where it is at the same provider. */
function predecessorOf(shop: Workshop, { keys }: Turn, { generation, plan }: IssueStep) {
  const key = keys.findLast((other) => other.state === 'active' && other.generation < generation);
  return key?.provider === plan.provider && key.suspendedAt === null ? refOf(shop, key) : undefined;
}

/** What a failed attempt means for the key. A request that can never succeed is undone, and its owner told. */
export async function noteIssueFailure(shop: Workshop, turn: Turn, generation: number, failure: DriverError): Promise<void> {
  const key = turn.keys.find((candidate) => candidate.generation === generation) ?? (await latestOf(shop, turn, generation));
  if (!key) return;
  const now = shop.now();
  await writeInTurn(shop, turn, 'issue-failed', async (tx) => {
    const retryAt = new Date(now.getTime() + backoffMs(failure, key.attempts, shop.random));
    const rejected = failure.kind === 'rejected';
    await noteSetback(tx.db, key.id, {
      error: failure.message,
      kind: failure.kind,
      retryAt: rejected ? null : retryAt,
      counts: true,
    });
    await moveLease(shop, tx, turn, { lastError: failure.message, attempts: turn.lease.attempts + 1 });
    tx.audit({
      actor: 'latchkey',
      action: 'key.failed',
      subject: key.id,
      detail: { kind: failure.kind, attempt: key.attempts + 1 },
    });
    const alert = alertFor(key, 'issue', failure);
    if (alert) await shop.announce(tx, alert);
    if (!rejected) return;
    await beginRevoking(tx.db, { id: key.id, reason: REJECTED, now });
    const older = turn.keys.findLast((other) => other.state === 'active' && other.generation < generation);
    if (older) await moveLease(shop, tx, turn, { generation: older.generation, overlapUntil: null });
    await shop.announce(tx, {
      kind: 'failed',
      leaseId: turn.lease.id,
      keyId: key.id,
      reason: 'the provider refused the key',
      id: `failed:${generation}`,
    });
  });
}

async function intend(shop: Workshop, turn: Turn, step: IssueStep): Promise<Intent> {
  const known = turn.keys.find((key) => key.generation === step.generation);
  if (known) return await intendAgain(shop, turn, step, known);
  const id = newId('key');
  const name = nameOf(turn.lease.id, step.generation);
  const secret = await mintValue(shop, step.plan, {
    keyId: id,
    lease: turn.lease.id,
    holder: turn.lease.holderId,
    window: step.window,
    ...step.grant,
  });
  const sealedSecret = shop.sealer.seal(secret, `key:${id}`);
  await writeInTurn(shop, turn, 'issue-intent', async (tx) => {
    const { lease } = turn;
    await intendKey(tx.db, {
      id,
      leaseId: lease.id,
      generation: step.generation,
      name,
      provider: step.plan.provider,
      sealedSecret,
      hint: hintOf(secret),
      window: step.window,
      isToken: step.grant.tokenType === 'jwt',
      now: shop.now(),
    });
    await moveLease(shop, tx, turn, {
      state: turn.keys.some((key) => key.state === 'active') ? lease.state : 'issuing',
      generation: step.generation,
      overlapUntil: step.overlapUntil,
      grant: { grant: step.grant, asked: step.asked, plan: { name: step.plan.name, window: step.plan.window } },
      ...goOver(tx, turn, step.plan),
      opensAt: step.window.opensAt,
      closesAt: step.window.closesAt,
    });
    tx.audit({
      actor: 'latchkey',
      action: 'key.intended',
      subject: id,
      detail: { lease: lease.id, generation: step.generation, name },
    });
  });
  return { id, name, secret, window: step.window, sure: step.window };
}

/** The window may have moved since the key was first asked for; what was asked then may be over, and would be refused for good. */
async function intendAgain(shop: Workshop, turn: Turn, { window }: IssueStep, known: KeyRow): Promise<Intent> {
  const sure = commonOf(known, window);
  if (!sameWindow(known, sure)) await writeInTurn(shop, turn, 'issue-again', (tx) => narrowKey(tx.db, known.id, sure));
  const { handle } = refOf(shop, known);
  return { id: known.id, name: known.name, secret: secretOf(shop, known), window, sure, kept: handle ?? undefined };
}

interface Made {
  readonly intent: Intent;
  readonly issued: Issued<unknown>;
}

async function activate(shop: Workshop, turn: Turn, step: IssueStep, { intent, issued }: Made): Promise<void> {
  const made = madeAt(shop, step.plan.provider, { intent, issued });
  await writeInTurn(shop, turn, 'issue-active', async (tx) => {
    const handle = sealHandle(issued.handle, shop.sealer, intent.id);
    const { opensAt, closesAt } = issued.existed ? intent.sure : intent.window;
    await activateKey(tx.db, { id: intent.id, handle, window: { opensAt, closesAt }, made, now: shop.now() });
    await moveLease(shop, tx, turn, { state: 'active', reason: null, attempts: 0, lastError: null });
    tx.audit({
      actor: 'latchkey',
      action: 'key.active',
      subject: intent.id,
      detail: { lease: turn.lease.id, generation: step.generation },
    });
    const rotated = turn.keys.some((key) => key.state === 'active');
    await shop.announce(tx, {
      kind: rotated ? 'rotated' : 'issued',
      leaseId: turn.lease.id,
      keyId: intent.id,
      id: `${rotated ? 'rotated' : 'issued'}:${step.generation}`,
    });
  });
}

/** The value that the provider made, where it did; null where it tells it only to the holder. */
function madeAt(shop: Workshop, provider: string, { intent, issued: { secret } }: Made): Activation['made'] {
  if (secret) return { sealedSecret: shop.sealer.seal(secret, `key:${intent.id}`), hint: hintOf(secret) };
  return shop.providers(provider)?.driver.reveal ? { sealedSecret: null, hint: '…' } : undefined;
}

/** The value of a key that was intended but never active: nobody has it yet, so it is still sealed in the ledger. */
function secretOf(shop: Workshop, key: KeyRow): Secret {
  if (!key.sealedSecret) throw new Error(`key ${key.id} has no sealed secret to issue again`);
  return shop.sealer.open(key.sealedSecret, `key:${key.id}`);
}

async function latestOf(shop: Workshop, turn: Turn, generation: number): Promise<KeyRow | undefined> {
  return await shop.ledger.db
    .selectFrom('key')
    .selectAll()
    .where('leaseId', '=', turn.lease.id)
    .where('generation', '=', generation)
    .executeTakeFirst();
}
