import type { AuditAnswer, DebtAnswer, DeliveryAnswer, KeyAnswer, StoryAnswer } from './answers.ts';
import { dim, instant, plain, strong } from './output.ts';

/** A booking's story for a person at a terminal: what was heard, what stands, what was done, what happens next. */
export function storyText({ reservation, events, leases, audit, next }: StoryAnswer): string {
  const span = `${instant(reservation.startsAt) || 'no start'} to ${instant(reservation.endsAt) || 'no end'}`;
  return [
    strong(`Booking ${plain(reservation.externalId)} of ${plain(reservation.source)}`),
    `  ${plain(reservation.resource?.name ?? reservation.resource?.id ?? 'no resource')}, ${span}${reservation.closed ? ', closed' : ''}`,
    ...(reservation.problem ? [`  no lease: ${plain(reservation.problem)}`] : []),
    ...section(
      'Events',
      events.map((event) =>
        line(event.receivedAt, `${plain(event.type)} ${plain(event.outcome)}`, [
          event.seen > 1 && `seen ${event.seen} times`,
          event.reason,
        ]),
      ),
    ),
    ...leases.flatMap(leaseText),
    ...section('Audit', audit.map(auditLine)),
    '',
    `${strong('Next:')} ${plain(next)}`,
  ].join('\n');
}

function leaseText(lease: StoryAnswer['leases'][number]): string[] {
  const { decision } = lease;
  const why = lease.reason ?? decision.reason;
  return [
    '',
    strong(`Lease ${plain(lease.id)}: ${plain(lease.state)}${why ? `, ${plain(why)}` : ''}`),
    `  plan ${plain(lease.plan)} at ${plain(lease.provider)} for ${plain(lease.holderId)}, ${instant(lease.opensAt) || '?'} to ${instant(lease.closesAt) || '?'}`,
    ...lease.keys.flatMap((key) => [keyLine(key), ...lease.claims.filter(({ keyId }) => keyId === key.id).map(claimLine)]),
    ...lease.deliveries.map(deliveryLine),
    ...lease.debts.map(debtLine),
    ...decision.steps.map((step) => `  due now: ${plain(step.do)}${step.reason ? `, ${plain(step.reason)}` : ''}`),
    ...(decision.wakeAt ? [`  looks again at ${instant(decision.wakeAt)}`] : []),
  ];
}

function keyLine(key: KeyAnswer): string {
  const parts = [
    key.activeAt && `active since ${instant(key.activeAt)}`,
    key.revokedAt && `revoked at ${instant(key.revokedAt)}`,
    key.revokedAt && proofText(key.proof),
    key.revokeReason,
    key.state === 'active' && key.missingAt && `missing at ${key.provider} since ${instant(key.missingAt)}`,
    key.state === 'active' && key.drift && `otherwise at ${key.provider}: ${key.drift.join('; ')}`,
    key.lastError && `last error: ${key.lastError}`,
    key.retryAt && `tried again at ${instant(key.retryAt)}`,
  ];
  return `  key ${key.generation} ${plain(key.hint)} ${plain(key.state)}${listed(parts)}`;
}

/** How sure it is, and how long that took. */
function proofText(proof: KeyAnswer['proof']): string | undefined {
  if (proof?.tookMs === undefined) return undefined;
  const used = proof.used === undefined ? '' : `, after ${proof.used} requests`;
  const took = `${(proof.tookMs / 1000).toFixed(1)} s after it was due${used}`;
  if (proof.readBack) return `read back as ${proof.readBack} ${took}`;
  return proof.readBackFailed ? `${took}, not read back: ${proof.readBackFailed}` : took;
}

function claimLine(claim: StoryAnswer['leases'][number]['claims'][number]): string {
  const parts = [
    claim.claimedFrom && `from ${claim.claimedFrom}`,
    !claim.claimedAt && `until ${instant(claim.expiresAt)}`,
    claim.refusals > 0 && `${claim.refusals} refused`,
  ];
  return `    ${claim.claimedAt ? `claimed at ${instant(claim.claimedAt)}` : 'not claimed yet'}${listed(parts)}`;
}

function debtLine(key: DebtAnswer): string {
  const parts = [`owed since ${instant(key.revokingAt)}`, key.lastError, key.retryAt && `tried again at ${instant(key.retryAt)}`];
  return `  ${strong('debt')}: key ${key.generation} may still work${listed(parts)}`;
}

function deliveryLine(delivery: DeliveryAnswer): string {
  const parts = [
    delivery.deliveredAt && `at ${instant(delivery.deliveredAt)}`,
    delivery.attempts > 1 && `${delivery.attempts} attempts`,
    delivery.lastError,
    delivery.nextAt && delivery.state === 'pending' && `next at ${instant(delivery.nextAt)}`,
  ];
  return `  told "${plain(delivery.kind)}" by ${plain(delivery.channel)}: ${plain(delivery.state)}${listed(parts)}`;
}

/** Ids and what is nested are left to --json: they say nothing to a reader. */
function auditLine({ at, actor, action, detail }: AuditAnswer): string {
  const told = Object.entries(detail).filter(([, value]) => typeof value !== 'object' && !ID.test(plain(value)));
  return line(
    at,
    `${plain(action)} by ${plain(actor)}`,
    told.map(([name, value]) => `${name} ${plain(value)}`),
  );
}

const ID = /^[a-z]{2,3}[_-][0-9a-f]{32}\b/;

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', strong(title), ...lines];
}

function line(at: string, text: string, parts: readonly (string | false | null)[]): string {
  return `  ${dim(instant(at))}  ${text}${listed(parts)}`;
}

function listed(parts: readonly (string | number | false | null | undefined)[]): string {
  return parts
    .filter(Boolean)
    .map((part) => `, ${plain(part)}`)
    .join('');
}
